package merchandise

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// html is what a visitor sees of a page at noon of 30 November 2026.
func html(t *testing.T, d page.View) string {
	t.Helper()
	v := pagetest.Posted(nil)
	v.Now = func() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }
	var b strings.Builder
	if err := d.View(v).Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// read returns a value of the API from its JSON.
func read[T any](t *testing.T, text string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// hour is eleven hours ago for the pages of these tests.
func hour() wire.Time { return wire.TimeOf(time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)) }

// pageCase is a page with what it can show, and texts that must stand there.
type pageCase struct {
	page  page.View
	wants []string
}

// lamp is a product with everything that a list or page of it shows.
func lamp(t *testing.T) profileapi.Item {
	t.Helper()
	return read[profileapi.Item](t, `{"item_id":"A/1","title":"<b>Lamp</b>","category_path":["Home","Light & Co"],"price":1234.5,
		"currency":"EUR","stock":{"status":"in_stock","quantity":3},"status":"active","image_url":"javascript:alert(1)",
		"url":"javascript:alert(2)","parent_id":"P 1","aliases":["a","b"],"updated_at":"2026-11-30T01:00:00Z"}`)
}

// explained is the list of a placement, explained.
func explained(t *testing.T) recommenderapi.Answer {
	t.Helper()
	return read[recommenderapi.Answer](t,
		`{"scenario_version":7,"model_versions":{"bought_together":"m2"},"degraded":["similarity"],
		"experiment":{"experiment_id":"x1","arm":"b"},"items":[{"item_id":"A/1","position":1,"score":2.5,"tier":"personal",
		"reasons":[{"code":"because_you_viewed","item_id":"B"},{"code":"popular"}],"fields":{"title":"<b>Lamp</b>","price":12,
		"currency":"EUR",
		"image_url":"https://shop.example/a.png"},"explanation":{"contributions":[{"source":"similar","seed_item_id":"B",
		"event_type":"purchase","value":4},{"source":"popular","category":"Home","value":-2}],"boosts":[{"source":"rule r",
		"factor":3}]}}]}`)
}

// wrong is what a service says of a form: one error of its field limit and one of none.
func wrong() *apierror.Problem {
	return &apierror.Problem{
		Detail: "No <b> here.", Errors: []apierror.FieldError{{Pointer: "/limit", Detail: "is too large"}, {Pointer: "/x",
			Detail: "is odd"}},
	}
}

// ownRule is a rule of one placement.
func ownRule() recommenderapi.ListedRule {
	return recommenderapi.ListedRule{
		ScenarioID: "home.x", ScenarioVersion: 4, State: "active", Detail: "acts", Items: 1500,
		Rule: recommenderapi.Rule{RuleID: "a&b", Title: "<b>T</b>", Action: "hide", ItemID: "A", Until: hour()},
	}
}

// sharedRule is a rule of all placements.
func sharedRule() recommenderapi.ListedRule {
	return recommenderapi.ListedRule{Rule: recommenderapi.Rule{RuleID: "s", Action: "pin", ItemID: "A", Version: 9}}
}

// changed is a preview with two changes and a warning.
func changed() *recommenderapi.PreviewAnswer {
	return &recommenderapi.PreviewAnswer{
		Changes:  make([]recommenderapi.PreviewItem, 2),
		Warnings: []apierror.FieldError{{Pointer: "/sources/0", Detail: "is unknown"}},
	}
}

// itemPages are the pages about items.
func itemPages(t *testing.T) map[string]pageCase {
	t.Helper()
	item := lamp(t)
	text := read[similarityapi.ItemText](t, `{"language":{"code":"de","source":"detected","confidence":0.9},
		"entities":[{"kind":"brand","value":"<b>Ora</b>"}],
		"terms":[{"term":"lamp","items":1200,"translations":[{"language":"en","term":"l"}]}],
		"fields":[{"field":"title","language":"de","stems":["lamp","","rot"],
		"entities":[{"kind":"brand","value":"Ora","position":2},{"kind":"size","value":"L"}]}]}`)
	reviews := read[similarityapi.ItemReviews](t,
		`{"count":3,"rated":2,"texts":2,"mean_rating":4.25,"raw_mean":4.5,"ratings":[0,0,0,1,1],
		"unrated":{"texts":1,"pleased":1},"aspects":[{"term":"<b>light</b>","kind":"colour","mentions":2}],
		"sentiment":{"method":"learnt","learnt":{"texts":2000,"accuracy":0.9,"auc":0.95}}}`)
	return map[string]pageCase{
		"catalogue": {
			&catalogueData{Query: `"q"`, Status: "hidden", Items: []profileapi.Item{item}, Next: "cursor=a%3D&q=x"},
			[]string{
				`value="&#34;q&#34;"`, `<option value="hidden" selected>`,
				`id=A%2F1">&lt;b&gt;Lamp&lt;/b&gt;</a><br><small>A/1 · variant of P 1<`,
				`<td>Home › Light &amp; Co</td>`, "1\u202f234.50 EUR", `<span class="tag good">in_stock</span>`,
				`href="/console/catalogue?cursor=a%3D&amp;q=x"`, `<span class="thumb small" aria-hidden="true">`,
			},
		},
		"catalogue without hits":            {&catalogueData{Brand: "Ora"}, []string{"No item fits.</strong> A brand is named in full"}},
		"catalogue without such a category": {&catalogueData{Category: "Nope"}, []string{"No item fits.</strong> A category is named"}},
		"catalogue without such words":      {&catalogueData{Query: "x", Status: "hidden"}, []string{"or parts of them. The state"}},
		"item": {
			&itemData{
				Item: item, Variants: []profileapi.Item{item}, Counts: []typeCount{{"view_item", 1200}}, Read: 1000, Other: "B & C",
				Ranks: []rank{{"popular", 2, 500}, {"trending", 0, 500}, {"best_sellers", 0, 0}},
				Pairs: []similarityapi.Pair{
					{
						Relation: "similar", Rank: 1, ReverseRank: 2, ReverseWeight: .25,
						SharedTerms: []similarityapi.SharedTerm{{Term: "<i>"}, {Term: "j"}},
					},
				},
				Relations: []relationList{
					{Relation: "similar", Source: "text", Version: "m1", Neighbours: []neighbour{
						{Neighbour: similarityapi.Neighbour{ItemID: "N&1", Score: .5}, Title: "Other"},
					}},
					{Relation: "bought together", Problem: "away"}, {Relation: "viewed next"},
				},
				Text: &text, Reviews: &reviews,
			},
			[]string{
				`category=Home%3ELight+%26+Co">Home › Light &amp; Co</a>`, "in_stock, 3", `id=P+1">P 1</a>`,
				"<dd>a, b</dd>", "<dd>javascript:", "Of the latest 1\u202f000", "place 2", "not among the first 500",
				"no item is listed yet",
				"links it with B &amp; C", "0.25, place 2", "&lt;i&gt;, j",
				`href="/console/catalogue/item?id=A%2F1&amp;other=N%261#pair">Why<span class="skip"> N&amp;1</span>`,
				"From text, m1", `<p class="warn">away</p>`, "no model of this relation is live",
				"de, detected with confidence 0.9", "brand <strong>&lt;b&gt;Ora", "en: l", "lamp rot",
				"brand Ora at 2, size L", "4.25, the mean of the shop", "; 4.5 without", "0, 0, 0, 1, 1",
				"1: 1 pleased, 0 not", "&lt;b&gt;light&lt;/b&gt; <small>colour</small>",
				"90.0\u202f% of 2\u202f000 texts",
			},
		},
		"quality": {
			&qualityData{
				CatalogueQuality: profileapi.CatalogueQuality{
					Items: 1200, SmallCategories: []profileapi.CategorySize{{Category: "A > B", Items: 2}},
				},
				Findings: []finding{{"No <title>", "Send & mend", 30, []words.ItemLink{{ID: "A&1"}}}},
			},
			[]string{
				"1\u202f200 active items", "No &lt;title&gt; <span", "The first 1<", "id=A%261",
				"<small>A&amp;1</small>", "A &gt; B",
			},
		},
	}
}

// placementPages are the pages about placements and what is tried in them.
func placementPages(t *testing.T) map[string]pageCase {
	t.Helper()
	answer := explained(t)
	now, then := beside(answer.Items, []recommenderapi.RecommendedItem{{ItemID: "N", Position: 1}})
	place := recommenderapi.Scenario{
		ScenarioID: "home/x y", Title: "<b>X</b>", Sources: []recommenderapi.Source{{Kind: "popular"}},
		Rows: make([]recommenderapi.RowPlan, 3), Version: 5, UpdatedAt: hour(),
	}
	return map[string]pageCase{
		"placements": {
			&placementsData{
				Scenarios: []recommenderapi.Scenario{place, {ScenarioID: "b", Builtin: true}}, Change: true,
				Figures: map[string]recommenderapi.ScenarioMetrics{"home/x y": {Requests: 1234, ClickRate: .05}},
				Form:    form.New(url.Values{"title": {"<T>"}}, wrong(), form.Fields("limit")),
			},
			[]string{
				`/placements/home%2Fx%20y">&lt;b&gt;X`, "popular, 3 rows", "1\u202f234", "5.0\u202f%",
				"version 5<br><small>11 h ago", "as delivered", `value="&lt;T&gt;"`, "No &lt;b&gt; here.",
				"<code>/x</code> is odd", `<option value="b">b</option>`,
			},
		},
		"placement": {
			&placementData{
				Scenario: place, Change: true, Sources: []sourceRow{{0, "popular", "popular"}},
				Rules: []recommenderapi.ListedRule{ownRule(), sharedRule()},
				Form:  form.New(placementValues(&place), wrong(), placementField), Preview: changed(), Now: now, Then: then,
				History: []recommenderapi.ScenarioVersion{
					{Version: 5, At: hour(), Author: "<k>"}, {Version: 4, Deleted: true, Author: "open"},
				},
			},
			[]string{
				`rule=a%26b&amp;scenario=home.x">a&amp;b</a>`, "this placement", "all placements",
				`action="/console/placements/home%2Fx%20y"`, `data-live="#preview"`, `name="source0"`, "is too large",
				"2 places of the list differ.", "<code>/sources/0</code> is unknown",
				`<span class="tag bad">goes</span>`, `<span class="tag good">new</span>`, "&lt;k&gt;", "4 deleted",
				"somebody without a key",
				"as delivered", "/restore", `data-confirm="Make version 4 the newest?"`,
				`data-confirm="Delete the placement home/x y?`, "data-preview",
			},
		},
		"try": {
			&tryData{
				Scenario: "home.x", User: "<u>", Scenarios: []recommenderapi.Scenario{{ScenarioID: "home.x", Title: "X"}},
				Users: []string{"u&1"},
				Models: []similarityapi.Model{
					{Version: "m1", Relation: "viewed_next", Algorithm: "ials", State: "live", CreatedAt: hour()},
				},
				Answer: &answer, Products: now, Took: "3 ms", Problem: wrong(),
				Why: &recommenderapi.ExplainAnswer{
					ItemID: "A&1", Stage: "rank", Rank: 30, Total: 99, Score: 1.5, LowestScore: 2,
					Dropped: []string{"stock", "rule"}, RecommendedInstead: "B",
				},
			},
			[]string{
				`value="home.x" selected>X: home.x`, `value="&lt;u&gt;"`, `<option value="u&amp;1"></option>`,
				"viewed next: ials, 11 h ago, live", "No &lt;b&gt; here.", "not shown", "<strong>30</strong> of 99",
				"score 1.5, the last item shown has 2.", "Dropped by: stock, rule.", `id=B">B</a>`,
				"Version 7 of the placement; bought together: m2; arm b of x1. Made in 3 ms.",
				"Degraded: similarity could", `src="https://shop.example/a.png"`,
				"&lt;b&gt;Lamp&lt;/b&gt;</a></strong>", "12.00 EUR · for this visitor · score 2.5",
				"because you viewed B; popular", "made of (2)", `class="bar" width="100.0"`,
				`class="bar negative" width="50.0"`, "× 3",
			},
		},
		"try beside another model": {
			&tryData{Scenario: "home.x", Model: "m<1>", Answer: &answer, Products: now, Then: then},
			[]string{
				"With the live models", "With m&lt;1&gt;", `<ol class="products compact">`,
				`<span class="tag good">new</span>`,
			},
		},
	}
}

// rulePages are the pages about rules.
func rulePages(t *testing.T) map[string]pageCase {
	t.Helper()
	answer := explained(t)
	now, then := beside(answer.Items, []recommenderapi.RecommendedItem{{ItemID: "N", Position: 1}})
	odd := url.Values{"where_json": {"{<}"}, "when0_field": {"user.known"}, "json": {"{<b>"}}
	return map[string]pageCase{
		"rules": {
			&rulesData{
				Rules: []recommenderapi.ListedRule{ownRule(), sharedRule()}, Change: true,
				Changes: []audit.Entry{
					{ID: "e<1>", Subject: "s&t", Actor: "k", Action: "rule.put", Before: json.RawMessage("{}")}, {Action: "rule.delete"},
				},
			},
			[]string{
				"&lt;b&gt;T&lt;/b&gt;", "until 2026-11-30 01:00:00 UTC", "1\u202f500",
				`action="/console/rules/a&amp;b/delete"`, `value="e&lt;1&gt;"`,
				`name="scenario" value="home.x"><input type="hidden" name="version" value="4">`,
				`name="scenario" value=""><input type="hidden" name="version" value="9">`,
				"<strong>s&amp;t</strong> changed by k", "deleted by",
				`Undo<span class="skip"> the change of s&amp;t at`,
			},
		},
		"rule": {
			&ruleData{
				Form: form.New(odd, wrong(), ruleField), Change: true, Matching: 1500, Preview: changed(), Now: now, Then: then,
			},
			[]string{
				"{&lt;}</textarea>", `<details class="more" open><summary>When`, `name="when0_field"`,
				"{&lt;b&gt;</textarea>", `name="placement"`, `data-for="action=boost bury"`,
				"<strong>1\u202f500</strong> items", "2 places or scores", "With this rule", "Save this JSON",
			},
		},
		"rule as it is saved": {
			&ruleData{Preview: &recommenderapi.PreviewAnswer{}, Unchanged: true, Scenario: "home.x"},
			[]string{
				"The rule is in force as it stands here. In this list nothing changes.", "Without it", "Now, with it",
				"The list is empty.",
			},
		},
		"rule that cannot be read": {
			&ruleData{Form: form.New(nil, wrong(), ruleField)}, []string{"What is wrong stands beside its field."},
		},
	}
}

func TestPagesShowWhatTheyFound(t *testing.T) {
	t.Parallel()
	pages := itemPages(t)
	maps.Copy(pages, placementPages(t))
	maps.Copy(pages, rulePages(t))
	for name, c := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := html(t, c.page)
			for _, want := range c.wants {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			for _, bad := range []string{"<b>", "<i>", `="javascript:`} {
				if strings.Contains(got, bad) {
					t.Errorf("%q of the data stands in\n%s", bad, got)
				}
			}
		})
	}
}

func TestPagesThatFoundNothingSaySo(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]page.View{
		"The catalogue is empty.": &catalogueData{}, "No event names it yet.": &itemData{},
		"There are no active items.": &qualityData{},
		"Placements of the shop":     &placementsData{}, "No rule acts here.": &placementData{}, "There is no rule yet.": &rulesData{},
		"Give the rule a name": &ruleData{}, "Pick a placement and a visitor.": &tryData{},
		"<h2>The list</h2>":   &tryData{Answer: &recommenderapi.Answer{}},
		"Nothing to mend.":    &qualityData{CatalogueQuality: profileapi.CatalogueQuality{Items: 1}},
		"no recompute since":  &itemData{Reviews: &similarityapi.ItemReviews{}, Text: &similarityapi.ItemText{}},
		"The list would be e": &placementData{Preview: &recommenderapi.PreviewAnswer{}},
		"(1)": &tryData{
			Answer: &recommenderapi.Answer{}, Products: products([]recommenderapi.RecommendedItem{{Explanation: zeroPart()}}),
		},
	} {
		if got := html(t, d); !strings.Contains(got, want) {
			t.Errorf("%T: %q is missing in\n%s", d, want, got)
		}
	}
}

// zeroPart is an explanation of one contribution that is 0, of which bars cannot be a share.
func zeroPart() *recommenderapi.Explanation {
	return &recommenderapi.Explanation{Contributions: make([]recommenderapi.ScoreContribution, 1)}
}

// TestWhoMayNotChangeIsOfferedNoChange looks for the forms and buttons of the pages as a viewer gets them.
func TestWhoMayNotChangeIsOfferedNoChange(t *testing.T) {
	t.Parallel()
	rule := recommenderapi.ListedRule{Rule: recommenderapi.Rule{RuleID: "r"}}
	for _, d := range []page.View{
		&rulesData{Rules: []recommenderapi.ListedRule{rule}, Changes: []audit.Entry{{ID: "e"}}}, &placementsData{}, &ruleData{},
		&placementData{History: []recommenderapi.ScenarioVersion{{Version: 1}}},
	} {
		got := html(t, d)
		for _, button := range []string{"data-confirm", `value="save"`, "New rule", "New placement"} {
			if strings.Contains(got, button) {
				t.Errorf("%T has %s", d, button)
			}
		}
	}
}
