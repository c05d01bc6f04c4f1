package merchandise

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// tried is the page for a query, of a shop that answers path by path, with nothing where answers has no line, and what the shop was asked.
func tried(t *testing.T, query string, answers map[string]string) (shown, asked string) {
	t.Helper()
	var mu sync.Mutex
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		asked += r.URL.Path + string(body) + "\n"
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		answer, ok := answers[r.URL.Path]
		if !ok {
			answer = `{"items":[]}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(shop.Close)
	client := httpclient.New(httpclient.Options{BaseURL: shop.URL})
	r := httptest.NewRequest("GET", "/console/try?"+query, nil)
	v := &page.Visit{Request: r, Ctx: t.Context(), Now: pagetest.Now, Profile: client, Similarity: client, Recommender: client}
	found, err := try(v)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return html(t, found.(page.View)), asked
}

// TestTryItSaysWhyAListIsEmptyOrLikeEverybodys has what a person fills in first, and what is the matter then.
func TestTryItSaysWhyAListIsEmptyOrLikeEverybodys(t *testing.T) {
	t.Parallel()
	scenarios := `{"items":[{"scenario_id":"account.recently_viewed","sources":[{"kind":"recently_viewed"}]},
		{"scenario_id":"home.for_you","sources":[{"kind":"history"},{"kind":"session"}]},
		{"scenario_id":"page.similar","sources":[{"kind":"context_similar"}]}]}`
	shop := func(more ...string) map[string]string {
		all := map[string]string{"/v1/scenarios": scenarios, "/v1/recommendations": `{"items":[{"item_id":"A","position":1}]}`}
		for n := 0; n < len(more); n += 2 {
			all[more[n]] = more[n+1]
		}
		return all
	}
	const none, explain = `{"items":[]}`, "/v1/recommendations/explain"
	for name, one := range map[string]struct {
		query   string
		answers map[string]string
		shown   []string
		asked   string
	}{
		"nothing was asked yet": {
			"", shop(), []string{"Pick a placement", `<option value="home.for_you" selected>`}, "/v1/models",
		},
		"the button of an item": {
			"missing=B", shop(explain, `{"item_id":"B","stage":"rank","rank":9,"total":20}`),
			[]string{`<option value="home.for_you" selected>`, "Rank <strong>9</strong>"}, `"scenario":"home.for_you"`,
		},
		"a visit without a name": {
			"session=s-1", shop("/v1/recommendations", `{"items":[],"freshness":{"last_event_id":"e-1"}}`),
			[]string{`value="s-1"`}, `"session_id":"s-1"`,
		},
		"somebody unknown": {"user=nobody", shop(), []string{"Nothing is known of this visitor"}, `"user_id":"nobody"`},
		"an unknown item": {
			"scenario=page.similar&context=X%26", shop(explain, `{"stage":"catalogue"}`), []string{"has no item X&amp;, and nothing goes"},
			`"item_id":"X\u0026"`,
		},
		"a category that is none": {
			"scenario=page.category&category=Lmaps", shop("/v1/recommendations", `{"items":[{"item_id":"B","position":1}],
				"warnings":[{"pointer":"/category","code":"absent_category","detail":"no item is in the category \"Lmaps\""}]}`),
			[]string{"category: no item is in the category &#34;Lmaps&#34;."}, "",
		},
		"nothing to go by": {
			"scenario=page.similar", shop(), []string{"Nothing is given that context_similar could go by: fill in items of the page."}, "",
		},
		"an empty shop": {"user=ann", shop("/v1/recommendations", none), []string{"The catalogue has no active item"}, "/v1/items"},
		"sets": {
			"scenario=page.similar&context=A", shop("/v1/recommendations", `{"items":[],"rows":[{"kind":"bundles","title":"Lamp & bulb",
				"bundle":{"support":411,"lift":6.421,"price":5.9,"currency":"GBP"},"items":[{"item_id":"B","position":1}]},
				{"kind":"brands_for_you","value":"Ora","items":[{"item_id":"C","position":1}]}]}`),
			[]string{
				"<h3>Lamp &amp; bulb</h3>", "bought as a set in 411 orders, 6.42 times as often as by chance; 5.90 GBP together",
				"<h3>Ora</h3>", "brands for you",
			}, "",
		},
		"all is hidden": {
			"user=ann", shop("/v1/recommendations", none, "/v1/items", `{"items":[{"item_id":"A"},{"item_id":"B"}]}`, explain,
				`{"stage":"candidates","detail":"Not proposed.","dropped_by":["shared_rule:all"]}`),
			[]string{"Why 2 of 2 items of the catalogue are not shown: <strong>shared_rule:all</strong>"}, `"item_id":"B"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown, asked := tried(t, one.query, one.answers)
			for _, want := range one.shown {
				if !strings.Contains(shown, want) {
					t.Errorf("lacks %s:\n%s", want, shown)
				}
			}
			if !strings.Contains(asked, one.asked) {
				t.Errorf("%s was not asked for:\n%s", one.asked, asked)
			}
		})
	}
	shown, _ := tried(t, "scenario=home.for_you&user=ann", shop("/v1/recommendations",
		`{"items":[{"item_id":"A","position":1}],"freshness":{"last_event_id":"e-1"}}`))
	if strings.Contains(shown, `id="remarks"`) {
		t.Errorf("there is a remark on a list with which all is well:\n%s", shown)
	}
}
