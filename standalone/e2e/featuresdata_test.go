package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// imported has a file imported and returns the import when it has ended.
func (f *featureShop) imported(t *testing.T, query, kind, content string) reply {
	t.Helper()
	id := f.do(t, http.MethodPost, "/v1/imports?"+query, content, "Content-Type", kind).text("import_id")
	var s reply
	soon(t, "the import ends", func() bool {
		s = f.do(t, http.MethodGet, "/v1/imports/"+id, nil)
		return !slices.Contains([]string{"queued", "running"}, s.text("state"))
	})
	return s
}

// data are the rows about events, the catalogue and people.
func (probes) data() probes {
	return probes{
		26: func(t *testing.T, f *featureShop) {
			a := f.did(t, `[{"type":"view_item","user_id":"x","item_id":"mug-01"},{"type":"dance","user_id":"x"}]`)
			want(t, a.number("accepted") == 1 && a.text("results.1.errors.0.code") == "unknown_type", "verdicts", string(a.raw))
		},
		27: func(t *testing.T, f *featureShop) {
			const one = `{"event_id":"only-once","type":"view_item","user_id":"x","item_id":"mug-01"}`
			f.did(t, one)
			want(t, f.did(t, one).number("duplicates") == 1, "a repeat")
		},
		28: func(t *testing.T, f *featureShop) {
			f.did(t, fmt.Sprintf(`{"type":"view_item","user_id":"past","item_id":"mug-01","occurred_at":%q}`, daysAgo(10)))
			a := f.do(t, http.MethodGet, "/v1/events?user_id=past", nil)
			want(t, strings.HasPrefix(a.text("items.0.occurred_at"), daysAgo(10)[:10]), "a time of the sender's", string(a.raw))
		},
		29: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","session_id":"before-login","item_id":"mug-02"}`)
			f.do(t, http.MethodPost, "/v1/users/logged-in/merge", `{"session_id":"before-login"}`)
			want(t, f.do(t, http.MethodGet, "/v1/users/logged-in/profile", nil).text("recent.0.item_id") == "mug-02",
				"what was done before the login")
		},
		30: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.bags","user_id":"seer","limit":4}`)
			f.did(t, fmt.Sprintf(
				`{"type":"view_item_list","user_id":"seer","recommendation_id":%q,"items":[{"item_id":%q}]}`,
				a.text("recommendation_id"), a.text("items.0.item_id"),
			))
			soon(t, "one item counts as seen of this answer", func() bool {
				m := f.do(t, http.MethodGet, "/v1/metrics?interval=all&scenario=home.bags", nil)
				return m.number("rows.0.impressions") == 4*(m.number("rows.0.requests")-1)+1
			})
		},
		31: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"not_interested","user_id":"picky","item_id":"mug-01"}`)
			a := f.do(t, http.MethodGet, "/v1/users/picky/profile", nil)
			want(t, slices.Contains(a.texts("hidden"), "mug-01"), "what is not wanted", string(a.raw))
		},
		32: func(t *testing.T, f *featureShop) {
			const order = `{"type":"purchase","user_id":"payer","order_id":"p1","currency":"EUR",` +
				`"items":[{"item_id":"mug-03","price":8,"quantity":2}]}`
			want(t, f.did(t, order).number("accepted") == 1 && f.did(t, order).number("duplicates") == 1, "the thank-you page, twice")
		},
		33: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/events/validate",
				`[{"type":"view_item","user_id":"judged","item_id":"mug-01"},{"type":"view_item","item_id":"mug-01"}]`)
			want(t, a.text("results.0.status") == "accepted" && a.text("results.1.status") == "rejected", "verdicts", string(a.raw))
			want(t, len(f.do(t, http.MethodGet, "/v1/events?user_id=judged", nil).list("items")) == 0, "nothing is stored")
		},
		34: func(t *testing.T, f *featureShop) {
			a := f.with(t, "", http.MethodGet, "/aisle/1/aisle.js", nil)
			want(t, a.status == http.StatusOK && strings.Contains(string(a.raw), "sendBeacon"), "the tracker", a.status)
		},
		35: func(t *testing.T, f *featureShop) {
			const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
			event := fmt.Sprintf(`{"type":"view_item","session_id":%q,"item_id":"mug-01"}`, session)
			origin := []string{"Origin", "https://shop.example"}
			want(t, f.with(t, f.publishable, http.MethodPost, "/v1/events", event, origin...).status == 200, "a page posts")
			want(t, f.with(t, f.publishable, http.MethodGet, "/v1/events", nil, origin...).status == 403, "and reads nothing of others")
		},
		36: func(t *testing.T, f *featureShop) {
			f.aisle(t, "keys", "create-user-secret", "--keys-file", f.keys, "--shop", "default")
			token := strings.TrimSpace(f.aisle(t, "keys", "user-token", "--keys-file", f.keys, "--shop", "default", "--user", "ann"))
			const event = `{"type":"view_item","user_id":"ann","item_id":"mug-01"}`
			soon(t, "the token is good for its user", func() bool {
				return f.with(t, f.publishable, http.MethodPost, "/v1/events", event, "Aisle-User-Token", token).status == 200
			})
			other := strings.Replace(event, "ann", "bob", 1)
			want(t, f.with(t, f.publishable, http.MethodPost, "/v1/events", other, "Aisle-User-Token", token).status == 403,
				"and for nobody else")
		},
		37: func(t *testing.T, f *featureShop) {
			a := f.imported(t, "kind=items", "text/csv", "item_id,title,price\nvase,Vase,12\n,No id,3\n")
			want(t, a.number("accepted") == 1 && a.number("rejected") == 1, "a file with a bad line", string(a.raw))
			want(t, len(f.do(t, http.MethodGet, "/v1/imports/"+a.text("import_id")+"/errors", nil).raw) > 20, "its report")
		},
		38: func(t *testing.T, f *featureShop) {
			file := filepath.Join(f.dir, "products_export.csv")
			content := "Handle,Title,Vendor,Type,Variant SKU,Variant Price,Image " +
				"Src,Status\nkettle,Kettle,Hearth,Kitchen,KET-1,39.90,https://shop.example/k.jpg,active\n"
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			f.aisle(t, "import", file, "--server", f.url, "--key", f.secret)
			a := f.do(t, http.MethodGet, "/v1/items?brand=Hearth", nil)
			want(t, len(a.list("items")) > 0 && strings.Contains(string(a.raw), "39.9"), "a Shopify export as it is", string(a.raw))
		},
		39: func(t *testing.T, f *featureShop) {
			f.did(t, `[{"type":"view_item","user_id":"family","item_id":"tee-S"},{"type":"view_item",`+
				`"user_id":"family","item_id":"tee-L"}]`)
			a := f.ask(t, `{"scenario":"account.recently_viewed","user_id":"family","limit":5,"fallback":"strict"}`)
			want(t, len(a.list("items")) == 1 && a.text("items.0.family_id") == "tee" &&
				strings.HasPrefix(a.text("items.0.variant_id"), "tee-"),
				"two sizes are one product", string(a.raw))
		},
		40: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/items/local",
				`{"title":"Local","category_path":["Local"],"price":10,"currency":"EUR","countries":["CH"],`+
					`"prices":[{"country":"CH","currency":"CHF","price":11}]}`)
			ask := func(country string) []string {
				return f.ask(t, fmt.Sprintf(`{"scenario":"category.best_sellers","category":"Local",`+
					`"fallback":"strict","market":{"country":%q}}`, country)).texts(shownIDs)
			}
			f.did(t, `{"type":"purchase","user_id":"swiss","order_id":"ch1","items":[{"item_id":"local","price":10}]}`)
			defer func() {
				if t.Failed() {
					t.Log(string(f.do(t, http.MethodPost, "/v1/recommendations/explain",
						`{"scenario":"category.best_sellers","category":"Local","fallback":"strict",`+
							`"market":{"country":"CH"},"item_id":"local"}`).raw))
					t.Log(string(f.do(t, http.MethodGet, "/v1/popular?window=best_sellers&category=Local", nil).raw))
					t.Log(string(f.do(t, http.MethodGet, "/v1/popular?window=best_sellers&limit=300", nil).raw))
					t.Log(string(f.do(t, http.MethodGet, "/v1/events?user_id=swiss", nil).raw))
				}
			}()
			soon(t, "it is shown in Switzerland", func() bool { return slices.Contains(ask("CH"), "local") })
			want(t, !slices.Contains(ask("DE"), "local"), "and not in Germany")
		},
		70: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","user_id":"leaver","item_id":"mug-01"}`)
			a := f.do(t, http.MethodDelete, "/v1/persons/leaver?mode=erase", nil)
			want(t, len(f.do(t, http.MethodGet, "/v1/events?user_id=leaver", nil).list("items")) == 0, "nothing is left", string(a.raw))
			want(t, strings.Contains(string(a.raw), "model"), "it says what models still know", string(a.raw))
		},
		71: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","user_id":"curious","item_id":"mug-04"}`)
			a := f.do(t, http.MethodGet, "/v1/persons/curious/export", nil)
			want(t, strings.Contains(string(a.raw), "mug-04") && strings.Contains(string(a.raw), `"end"`),
				"an export to its end", string(a.raw))
		},
		72: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","user_id":"private","item_id":"mug-01","consent":{"personalization":false}}`)
			want(t, f.do(t, http.MethodGet, "/v1/users/private/profile", nil).at("known") == false,
				"an event without consent leaves no trace")
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":3,"consent":{"personalization":false}}`)
			want(t, a.text("items.0.tier") != "personal", "a request without consent", a.text("items.0.tier"))
		},
		79: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/items/seen-alike", `{"title":"Untold","price":9,"currency":"EUR","vectors":{"look":[1,4,0]}}`)
			soon(t, "its nearest is a neighbour", func() bool {
				a := f.with(t, f.secret, http.MethodGet, "/v1/similarities/seen-alike?limit=5", nil)
				return slices.Contains(a.texts("neighbours.*.item_id"), "lamp-04")
			})
		},
		80: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodGet, "/v1/similarities/seen-alike/lamp-04", nil)
			want(t, a.number("vector_similarity") > .99, "alike by the vectors of pictures", string(a.raw))
		},
		83: func(t *testing.T, f *featureShop) {
			want(t, f.do(t, http.MethodGet, "/v1/events/types", nil).number("weights.add_to_cart") == 3, "what an event is worth")
		},
		88: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodGet, "/v1/feeds/agents/check", nil)
			want(t, strings.Contains(string(a.raw), "findings") || len(a.raw) > 50, "what the catalogue lacks", string(a.raw))
		},
		89: func(t *testing.T, f *featureShop) {
			a := f.imported(t, "kind=items", "text/csv", "item_id,title,price\nmug-01,Renamed,12\n")
			want(t, f.do(t, http.MethodGet, "/v1/items/mug-01", nil).text("title") == "Renamed", "an import")
			f.do(t, http.MethodPost, "/v1/imports/"+a.text("import_id")+"/undo", nil)
			want(t, f.do(t, http.MethodGet, "/v1/items/mug-01", nil).text("title") != "Renamed", "is taken back")
		},
	}
}
