package validation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestEveryMemberThatCannotBeDecodedIsNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"item_id":"a","published_at":"yesterday"}`:        "/3/published_at invalid_value",
		`{"price":"5","expires_at":true,"title":"A"}`:       "/3/expires_at invalid_value, /3/price wrong_type",
		`{"stock":5,"category_path":"A > B"}`:               "/3/category_path wrong_type, /3/stock wrong_type",
		`{"stock":{"status":"in_stock","quantity":"many"}}`: "/3/stock/quantity wrong_type",
		`[]`: "/3/ wrong_type",
	} {
		err := json.Unmarshal([]byte(body), new(profileapi.Item))
		var got []string
		for _, f := range DecodeErrors[profileapi.Item]([]byte(body), err, "/3") {
			got = append(got, f.Pointer+" "+f.Code)
			if strings.Contains(f.Detail, " a object") || !strings.HasPrefix(f.Detail, "The value ") {
				t.Errorf("%s: %q", body, f.Detail)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %s", body, got, want)
		}
	}
}
