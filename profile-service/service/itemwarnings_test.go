package service_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestWarningsOfItems(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `[{"item_id":"w1","title":"A","colour":"red","prise":3},{"item_id":"w2","price":0},{"item_id":"w2","price":4},` +
			`{"item_id":"w4","price":4,"sale_price":5}]`
		status, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/items/batch", "application/json", body)
		var got []string
		for _, r := range answer.Results {
			for _, w := range r.Warnings {
				got = append(got, w.Pointer+" "+w.Code)
			}
		}
		want := []string{
			"/0/colour unknown_field", "/0/prise near_field", "/1/price price_zero", "/2/item_id repeated_id",
			"/3/sale_price sale_price_higher",
		}
		if diff := cmp.Diff(want, got); status != 200 || diff != "" || answer.Accepted != 4 || answer.Warned != 4 {
			t.Errorf("%d %+v %s", status, answer, diff)
		}
		_, saved := send[profileapi.SavedItem](t, s, "PUT", "/v1/items/w3", "application/json", `{"title":"C","category":["Home"]}`)
		if saved.Title != "C" || len(saved.Warnings) != 1 || saved.Warnings[0].Code != "near_field" {
			t.Errorf("%+v", saved)
		}
		if _, read := send[profileapi.SavedItem](t, s, "GET", "/v1/items/w3", "", ""); read.Title != "C" || len(read.Warnings) > 0 {
			t.Errorf("%+v", read)
		}
	})
}
