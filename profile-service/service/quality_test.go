package service_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestTheQualityOfACatalogue has more items than are read at a time, and one of each kind that is wrong.
func TestTheQualityOfACatalogue(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		empty := call[profileapi.CatalogueQuality](t, s, http.MethodGet, "/v1/stats/items", nil)
		if empty.Items != 0 || len(empty.Findings) != 0 || empty.Findings == nil || empty.SmallCategories == nil {
			t.Errorf("of no item: %+v", empty)
		}
		price := 5.
		good := func(id string) profileapi.Item {
			return profileapi.Item{
				ItemID: id, Title: "Item " + id, CategoryPath: []string{"All"}, Price: &price, URL: "https://shop.example/" + id,
				ImageURL: "https://shop.example/" + id + ".png",
			}
		}
		var items []profileapi.Item
		var events []profileapi.Event
		add := func(item profileapi.Item, seen bool) {
			items = append(items, item)
			if seen {
				events = append(events, profileapi.Event{Type: "view_item", UserID: "ann", ItemID: item.ItemID})
			}
		}
		for n := range 1100 {
			add(good(fmt.Sprintf("good-%04d", n)), true)
		}
		change := func(id string, f func(*profileapi.Item)) {
			item := good(id)
			f(&item)
			add(item, id != "unseen" && id != "family")
		}
		change("untitled", func(i *profileapi.Item) { i.Title = " " })
		change("faceless", func(i *profileapi.Item) { i.ImageURL = "" })
		change("free", func(i *profileapi.Item) { i.Price = new(0.) })
		change("market", func(i *profileapi.Item) {
			i.Price, i.Prices = nil, []profileapi.MarketPrice{{Country: "DE", Currency: "EUR", Price: 3}}
		})
		change("stray", func(i *profileapi.Item) { i.CategoryPath = nil })
		change("unlinked", func(i *profileapi.Item) { i.URL = "" })
		change("out", func(i *profileapi.Item) { i.Stock = &profileapi.Stock{Status: profileapi.OutOfStock} })
		change("gtin-a", func(i *profileapi.Item) { i.GTIN = "4006381333931" })
		change("gtin-b", func(i *profileapi.Item) { i.GTIN = "4006381333931" })
		change("unseen", func(i *profileapi.Item) { i.CategoryPath = []string{"All", "Small"} })
		change("family", func(i *profileapi.Item) { i.Price = nil })
		change("variant", func(i *profileapi.Item) { i.ParentID = "family" })
		change("archived", func(i *profileapi.Item) { i.Status, i.Title = "archived", "" })
		for chunk := range slices.Chunk(items, 1000) {
			call[profileapi.EventsAnswer](t, s, http.MethodPost, "/v1/items/batch", chunk)
		}
		for chunk := range slices.Chunk(events, 1000) {
			post(t, s.client, chunk...)
		}

		report := call[profileapi.CatalogueQuality](t, s, http.MethodGet, "/v1/stats/items", nil)
		if report.Items != len(items)-1 || report.Events != len(events) {
			t.Errorf("looked at %d items and %d events of %d and %d", report.Items, report.Events, len(items)-1, len(events))
		}
		want := map[string]string{
			"no_title": "untitled", "no_image": "faceless", "no_price": "free", "no_category": "stray",
			"no_url": "unlinked", "sold_out": "out",
			"same_gtin": "gtin-a gtin-b", "not_seen": "unseen",
		}
		got := map[string]string{}
		for _, f := range report.Findings {
			var ids []string
			for _, example := range f.Examples {
				ids = append(ids, example.ItemID)
			}
			if got[f.Code] = strings.Join(ids, " "); f.Count != int64(len(ids)) {
				t.Errorf("%s: %d items, of which %v are named", f.Code, f.Count, ids)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		if small, _ := json.Marshal(report.SmallCategories); string(small) != `[{"category":"All \u003e Small","items":1}]` {
			t.Errorf("small categories: %s", small)
		}
	})
}
