package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// probes are the cases of a chapter of docs/features.md by the number of the row: what a shop owner would try first.
type probes map[int]func(t *testing.T, f *featureShop)

// want fails when something does not hold, with what came instead.
func want(t *testing.T, holds bool, what string, came ...any) {
	t.Helper()
	if !holds {
		t.Errorf("%s: %v", what, fmt.Sprint(came...))
	}
}

// only reports whether a list has members, all of one kind of product.
func only(ids []string, kind string) bool {
	return len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return !strings.HasPrefix(id, kind) })
}

const shownIDs = "items.*.item_id"

// lists are the rows about lists.
func (probes) lists() probes {
	return probes{
		1: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"product_detail.similar","context_items":["mug-01"],"limit":5}`)
			mugs := 0
			for _, id := range a.texts(shownIDs) {
				if strings.HasPrefix(id, "mug") {
					mugs++
				}
			}
			want(t, mugs >= 3, "beside a mug stand mugs", a.texts(shownIDs))
		},
		2: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":5}`)
			want(t, len(a.list("items")) == 5 && a.text("items.0.tier") == "personal", "a visitor's list", string(a.raw))
		},
		3: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"product_detail.bought_together","context_items":["shirt-00"],"limit":3}`)
			want(t, a.text("items.0.item_id") == "mug-00", "what was bought with the shirt", a.texts(shownIDs))
		},
		4: func(t *testing.T, f *featureShop) {
			const request = `{"scenario":"category.best_sellers","category":"Things > shoe","limit":3}`
			first := f.ask(t, request).text("items.0.item_id")
			f.do(t, http.MethodPost, "/v1/items/stock", fmt.Sprintf(`[{"item_id":%q,"status":"out_of_stock"}]`, first))
			soon(t, "what is sold out goes", func() bool { return !slices.Contains(f.ask(t, request).texts(shownIDs), first) })
			f.do(t, http.MethodPost, "/v1/items/stock", fmt.Sprintf(`[{"item_id":%q,"status":"in_stock"}]`, first))
			soon(t, "it comes back", func() bool { return slices.Contains(f.ask(t, request).texts(shownIDs), first) })
		},
		5: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"nobody has seen me","limit":5}`)
			want(t, len(a.list("items")) == 5, "a stranger's list", string(a.raw))
		},
		6: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"nobody has seen me","limit":5}`)
			want(t, a.text("items.0.tier") != "" && a.text("items.0.tier") != "personal", "the tier of a stranger's list",
				a.text("items.0.tier"))
		},
		7: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.trending","user_id":"clicker","limit":3}`)
			f.did(t, fmt.Sprintf(
				`{"type":"select_item","user_id":"clicker","item_id":%q,"recommendation_id":%q}`, a.text("items.0.item_id"),
				a.text("recommendation_id"),
			))
			soon(t, "the click is counted where it belongs", func() bool {
				m := f.do(t, http.MethodGet, "/v1/metrics?interval=all&scenario=home.trending", nil)
				return m.number("rows.0.clicks") >= 1
			})
		},
		8: func(t *testing.T, f *featureShop) {
			const request = `{"scenario":"home.for_you","user_id":"newcomer","limit":5}`
			before := f.ask(t, request).texts(shownIDs)
			f.did(t, `[{"type":"view_item","user_id":"newcomer","item_id":"bag-01"},{"type":"view_item",`+
				`"user_id":"newcomer","item_id":"bag-02"}]`)
			after := f.ask(t, request)
			want(t, !slices.Equal(before, after.texts(shownIDs)) && after.text("items.0.tier") == "personal",
				"the next answer", after.texts(shownIDs))
		},
		9: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","session_id":"tab-1","item_id":"lamp-01"}`)
			a := f.ask(t, `{"scenario":"home.for_you","session_id":"tab-1","limit":3}`)
			want(t, a.text("items.0.tier") == "session", "a session's list", string(a.raw))
		},
		10: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/scenarios/home.bags", `{"title":"Bags","limit":4,"sources":[{"kind":"best_sellers","weight":1}],`+
				`"filter":{"field":"category","op":"eq","value":"Things > bag"}}`)
			want(t, only(f.ask(t, `{"scenario":"home.bags"}`).texts(shownIDs), "bag"), "a placement of one's own",
				f.ask(t, `{"scenario":"home.bags"}`).texts(shownIDs))
		},
		11: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.trending","limit":5,"fields":["attributes"],`+
				`"filter":{"field":"attributes.colour","op":"eq","value":"red"}}`)
			colours := a.texts("items.*.fields.attributes.colour")
			want(t, len(colours) == 5 && only(colours, "red"), "a filter on an attribute", string(a.raw))
		},
		12: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"purchase","user_id":"buyer","order_id":"b1","items":[{"item_id":"shirt-01","price":6}]}`)
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"buyer","limit":50}`)
			want(t, len(a.list("items")) > 5 && !slices.Contains(a.texts(shownIDs), "shirt-01"),
				"what was bought is left out", a.texts(shownIDs))
		},
		13: func(t *testing.T, f *featureShop) {
			all := f.ask(t, `{"scenario":"home.trending","limit":3}`).texts(shownIDs)
			a := f.ask(t, fmt.Sprintf(`{"scenario":"home.trending","limit":3,"exclude_items":[%q]}`, all[0]))
			want(t, !slices.Contains(a.texts(shownIDs), all[0]), "an item that is left out", a.texts(shownIDs))
		},
		14: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodGet, "/v1/popular?window=best_sellers&category=Things+%3E+mug&limit=5", nil)
			want(t, only(a.texts(shownIDs), "mug"), "best sellers of a category", a.texts(shownIDs))
		},
		15: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"cart.complementary","cart":["shirt-00"],"limit":3}`)
			want(t, a.text("items.0.item_id") == "mug-00" && !slices.Contains(a.texts(shownIDs), "shirt-00"),
				"beside the cart", a.texts(shownIDs))
		},
		16: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"view_item","user_id":"looker","item_id":"book-07"}`)
			a := f.ask(t, `{"scenario":"account.recently_viewed","user_id":"looker","limit":3}`)
			want(t, a.text("items.0.item_id") == "book-07", "recently viewed", a.texts(shownIDs))
		},
		17: func(t *testing.T, f *featureShop) {
			var events []string
			for n, days := range []int{63, 42, 21} { // coffee every three weeks, which is due today
				events = append(events, fmt.Sprintf(
					`{"type":"purchase","user_id":"regular","order_id":"r%d","occurred_at":%q,`+
						`"items":[{"item_id":"mug-05","price":10}]}`, n, daysAgo(days),
				))
			}
			f.did(t, "["+strings.Join(events, ",")+"]")
			a := f.ask(t, `{"scenario":"order_confirmation.buy_again","user_id":"regular","limit":3}`)
			want(t, a.text("items.0.item_id") == "mug-05", "what is bought again and again", a.texts(shownIDs))
		},
		18: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.trending","limit":1,"fields":["title","price"]}`)
			want(t, a.text("items.0.fields.title") != "" && a.number("items.0.fields.price") > 0, "fields", string(a.raw))
		},
		19: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/rules/more-books",
				`{"action":"boost","factor":50,"where":{"field":"category","op":"eq","value":"Things > book"}}`)
			soon(t, "books come first", func() bool {
				return only(f.ask(t, `{"scenario":"home.trending","limit":3}`).texts(shownIDs), "book")
			})
			f.do(t, http.MethodDelete, "/v1/rules/more-books", nil)
		},
		20: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/rules/first", `{"action":"pin","item_id":"lamp-19","position":1,"until":"2999-01-01"}`)
			soon(t, "it is pinned", func() bool {
				return f.ask(t, `{"scenario":"home.trending","limit":3}`).text("items.0.item_id") == "lamp-19"
			})
			f.do(t, http.MethodPut, "/v1/rules/first", `{"action":"hide","item_id":"lamp-19"}`)
			soon(t, "it is hidden", func() bool {
				return !slices.Contains(f.ask(t,
					`{"scenario":"category.best_sellers","category":"Things > lamp","limit":50}`).texts(shownIDs), "lamp-19")
			})
			f.do(t, http.MethodDelete, "/v1/rules/first", nil)
		},
		21: func(t *testing.T, f *featureShop) {
			kindsOf := func(diversity string) int {
				seen := map[string]bool{}
				for _, id := range f.ask(t,
					`{"scenario":"home.for_you","user_id":"u3","limit":8,"diversity":`+diversity+`}`).texts(shownIDs) {
					seen[id[:3]] = true
				}
				return len(seen)
			}
			want(t, kindsOf("0.9") > kindsOf("0"), "kinds with and without diversity", kindsOf("0.9"), kindsOf("0"))
		},
		22: func(t *testing.T, f *featureShop) {
			const request = `{"scenario":"home.for_you","user_id":"u4","limit":5,"rotation":1}`
			first := f.ask(t, request).texts(shownIDs)
			soon(t, "what was just shown goes down", func() bool { return !slices.Equal(first, f.ask(t, request).texts(shownIDs)) })
		},
		23: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/items/mug-new",
				`{"title":"red mug number 3, new","category_path":["Things","mug"],"price":9,"currency":"EUR","language":"en"}`)
			soon(t, "a new item is beside what it is like", func() bool {
				return len(f.ask(t, `{"scenario":"product_detail.similar","context_items":["mug-new"],"limit":3}`).list("items")) == 3
			})
		},
		24: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/items/lantern",
				`{"title":"green lamp number 2 for the garden","category_path":["Things","lamp"],"price":9,`+
					`"currency":"EUR","language":"en"}`)
			soon(t, "its neighbours are found by words", func() bool {
				a := f.with(t, f.secret, http.MethodGet, "/v1/similarities/lantern?limit=3", nil)
				return a.text("source") == "text" && strings.HasPrefix(a.text("neighbours.0.item_id"), "lamp")
			})
		},
		25: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/scenarios/home.explore",
				`{"title":"Explore","limit":10,"exploration":0.5,"sources":[{"kind":"best_sellers","weight":1}]}`)
			plain := f.ask(t, `{"scenario":"search_no_results.best_sellers","limit":10}`).texts(shownIDs)
			a := f.ask(t, `{"scenario":"home.explore","user_id":"u5"}`).texts(shownIDs)
			different := 0
			for _, id := range a {
				if !slices.Contains(plain, id) {
					different++
				}
			}
			want(t, different >= 2, "places for what is seldom shown", a, plain)
		},
		43: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/scenarios/home.rows",
				`{"title":"Rows","limit":5,"rows":[{"kind":"because_you_bought","count":1},{"kind":"categories_for_you","count":2}]}`)
			a := f.ask(t, `{"scenario":"home.rows","user_id":"u8"}`)
			want(t, len(a.list("rows")) >= 2 && a.text("rows.0.title") != "", "rows", string(a.raw))
		},
		45: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/rankings", `{"user_id":"u2","item_ids":["bag-19","lamp-03","lamp-19"]}`)
			want(t, a.text("items.2.item_id") == "bag-19", "of a list of the shop's own the bag last for who likes lamps", string(a.raw))
		},
		46: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/scenarios/home.margin",
				`{"title":"Margin","limit":5,"objective":"margin","objective_strength":1,"sources":[{"kind":"best_sellers","weight":1}]}`)
			plain, margin := f.ask(t, `{"scenario":"search_no_results.best_sellers","limit":5}`), f.ask(t, `{"scenario":"home.margin"}`)
			want(t, len(margin.list("items")) == 5 && !slices.Equal(plain.texts(shownIDs), margin.texts(shownIDs)),
				"an objective", margin.texts(shownIDs))
		},
		81: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"search.for_query","q":"blue shoes","limit":5}`)
			want(t, strings.HasPrefix(a.text("items.0.item_id"), "shoe"), "words as a seed", a.texts(shownIDs))
		},
		82: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"search.for_query","q":"shoe","limit":5,"facets":2}`)
			want(t, a.text("facets.0.field") != "" && len(a.list("facets.0.values")) > 1, "facets", string(a.raw))
		},
		85: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/bundles", `{"item_ids":["shirt-00"],"limit":3}`)
			want(t, slices.Contains(a.texts("bundles.0.item_ids"), "mug-00") && a.number("bundles.0.lift") > 1, "a set", string(a.raw))
		},
		86: func(t *testing.T, f *featureShop) {
			f.did(t, `{"type":"purchase","user_id":"medium","order_id":"m1","items":[{"item_id":"tee-M","price":12}]}`)
			a := f.ask(t, `{"scenario":"search.for_query","q":"plain tee","user_id":"medium","limit":5}`)
			at := slices.Index(a.texts("items.*.family_id"), "tee")
			want(t, at >= 0 && a.text(fmt.Sprint("items.", at, ".variant_id")) == "tee-M", "the size that was bought before", string(a.raw))
			// mugs cost 5 to 24, in the bands 5-10, 10-20 and 20-50
			f.do(t, http.MethodPut, "/v1/scenarios/home.prices", `{"sources":[{"kind":"category"}],"price_band":1}`, "If-None-Match", "*")
			f.did(t, `{"type":"purchase","user_id":"dear","order_id":"d1","items":[{"item_id":"book-17","price":22},`+
				`{"item_id":"bag-18","price":23}]}`)
			a = f.ask(t, `{"scenario":"home.prices","category":"Things > mug","user_id":"dear","limit":5,"explain":"full"}`)
			raised := strings.Contains(string(a.raw), `"price_band"`)
			want(t, raised, "what costs as much as what was bought goes up", string(a.raw))
		},
		87: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/audiences", `{"item_id":"lamp-05","limit":10}`)
			soon(t, "the audience is written", func() bool {
				return f.do(t, http.MethodGet, "/v1/exports/"+a.text("export_id"), nil).text("state") == "done"
			})
			lines := strings.TrimSpace(string(f.do(t, http.MethodGet, "/v1/exports/"+a.text("export_id")+"/result", nil).raw))
			want(t, strings.Contains(lines, `"user_id"`), "who should hear of a lamp", lines)
		},
	}
}
