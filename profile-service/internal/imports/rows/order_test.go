package rows

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestTestOrdersAreNoPurchases(t *testing.T) {
	t.Parallel()
	got, err := rowsOf(t, profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
		"order,customer,sku,Test\n1,u,A,yes\n2,u,A,no\n3,u,A,\n")
	want := []string{
		"! Test: The order is a test: it is no purchase. If the word means something else here, pass --ignore 'Test'.",
		`{"order_id":"2","properties":{"Test":"no"},"type":"purchase","user_id":"u","item_id":"A"}`,
		`{"order_id":"3","type":"purchase","user_id":"u","item_id":"A"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}
