package sqlstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestAnotherReplicasChangeOfItemsIsHeard changes items through one store; another that shares the database tells of it, and the first word
// is that anything may have changed.
func TestAnotherReplicasChangeOfItemsIsHeard(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	here, there := storetest.At(t, url), storetest.At(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan string, 8), make(chan error, 1)
	go func() { ended <- there.FollowItems(ctx, func(shop string) { heard <- shop }) }()
	if first := <-heard; first != "" {
		t.Errorf("first it says %q", first)
	}
	items := catalogue.New(here, time.Now)
	if _, err := items.Update(t.Context(), "north", []string{"lamp"}, func(int, *profileapi.Item) (*profileapi.Item, error) {
		return &profileapi.Item{ItemID: "lamp", Title: "Lamp"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if shop := <-heard; shop != "north" {
		t.Errorf("then it says %q", shop)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}
