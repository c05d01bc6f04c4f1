package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// steps does things in a tab one after the other and fails with the name of the one that failed and what the page says then.
func steps(t *testing.T, d *webDemo, width int64, list ...any) {
	t.Helper()
	ctx, wrong := d.tab(t, width)
	name := ""
	for _, s := range list {
		switch step := s.(type) {
		case string:
			name = step
		case chromedp.Action:
			soon, cancel := context.WithTimeout(ctx, 2*pagePatience)
			err := chromedp.Run(soon, step)
			cancel()
			if err != nil {
				var page string
				_ = chromedp.Run(
					ctx,
					chromedp.Evaluate(
						`location.href + "\n" + (document.querySelector("main") ?? document.body).innerText.slice(0, 1500)`, &page,
					),
				)
				t.Fatalf("%s: %v\n%s", name, err, page)
			}
		case func():
			step()
		}
	}
	fits(t, ctx, name)
	for _, text := range wrong() {
		t.Errorf("%s: %s", name, text)
	}
}

// merchandiser pins a product in one placement, sees it before and after it is saved, and takes it back in the history.
func (d *webDemo) merchandiser(t *testing.T) {
	const item = "22386" // JUMBO BAG PINK POLKADOT
	first := func() string {
		t.Helper()
		answer, err := d.clients.recommender.Recommend(t.Context(), recommenderapi.Request{
			Scenario: "category.best_sellers", Category: "Bags", Limit: 3, Test: true,
		})
		if err != nil || len(answer.Items) == 0 {
			t.Fatalf("%+v, %v", answer, err)
		}
		return answer.Items[0].ItemID
	}
	steps(t, d, wide,
		"open the placement", chromedp.Navigate(d.url("/console/placements/category.best_sellers")), says("h1", "Best sellers"),
		"new rule", press("New rule here"), chromedp.WaitVisible("#f-rule_id"),
		"a rule without an item", enter("#f-rule_id", "bag-week"), enter("#f-action", "pin"),
		says("#f-item_id-error, #preview .bad", "item"),
		"pin", enter("#f-item_id", item), enter("#f-position", "1"), enter("#f-until", "2030-01-01T00:00"),
		"the preview", says("#preview .tag", "new"), says("#preview", "items of the catalogue"),
		"save", press("Save"), says(".done", "Saved"), says("main table", "bag-week"), says("main table", "pins item "+item),
		func() {
			eventually(t, t.Context(), "the pinned item is first", func() error {
				if got := first(); got != item {
					return fmt.Errorf("%s is first", got)
				}
				return nil
			})
		},
		"undo", press("Restore"), says(".done", "in force again"),
		holds(`!document.querySelector("main table").textContent.includes("bag-week")`),
	)
	steps(t, d, wide,
		"a rule of all placements", chromedp.Navigate(d.url("/console/rules")), says("main", "hearts"), press("hearts"),
		says("h1", "Rule hearts"),
		"change it", enter("#f-factor", "3"), says("#preview", "items of the catalogue"), press("Save"), says(".done", "Saved"),
		says("main table", "by 3"),
		"undo", press("Undo"), says(".done", "in force again"), says("main table", "by 1.5"),
	)
	if got := first(); got == item {
		t.Errorf("%s is still first after the undo", got)
	}
}

// support finds out why a product is not in a customer's list.
func (d *webDemo) support(t *testing.T) {
	steps(t, d, narrow,
		"open", chromedp.Navigate(d.url("/console/try")), chromedp.WaitVisible("#scenario"),
		"the customer", enter("#scenario", "home.for_you"), enter("#user", "17850"), says("#answer", "The list"),
		"the question", enter("#missing", "22423"), says("#why", "22423"), says("#why", "Stage"),
		"words", chromedp.Navigate(d.url("/console/try?scenario=search.for_query&q=tea+lights")), says(".products", "TEA"),
		says(".products", "matches search"),
	)
}

// dataPerson recomputes, compares with what served before, and rolls back.
func (d *webDemo) dataPerson(t *testing.T) {
	live := func() string {
		t.Helper()
		models, err := d.clients.similarity.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return models.Live[similarityapi.BoughtTogether]
	}
	before := live()
	steps(t, d, wide,
		"open", chromedp.Navigate(d.url("/console/jobs")), chromedp.WaitReady("#f-kind"),
		"how", chromedp.Evaluate(`document.querySelectorAll("details").forEach((n) => { n.open = true; })`, nil),
		enter("#f-relations", "bought_together"), enter("#f-budget_seconds", "1"), enter("#f-publish", "always"),
		enter("#f-reason", "a trial"),
		"start", press("Start"), says(".done", "queued"), says("h2", "succeeded"), says("#job", "Leaderboard"), says("#job", "test"),
		"compare", chromedp.Evaluate(`document.querySelector("#job dd a").click()`, nil), chromedp.WaitVisible("#other"), press("Compare"),
		says("#comparison", "in common"),
	)
	if live() == before {
		t.Fatal("the new version is not live")
	}
	steps(
		t, d, wide, "a list with the version before",
		chromedp.Navigate(d.url("/console/try?scenario=product_detail.bought_together&context=85123A&model="+before)),
		says("#then h3", before), says("#then .products", "score"),
		"roll back", chromedp.Navigate(d.url("/console/models")), chromedp.WaitReady("table"),
		press("Roll back bought together"), says(".done", "live"),
	)
	if got := live(); got != before {
		t.Errorf("%s serves, %s did before", got, before)
	}
	d.operator(t)
}

// operator is told that the gate refused a model, and finds out why.
func (d *webDemo) operator(t *testing.T) {
	job, err := d.clients.similarity.StartJob(t.Context(), similarityapi.JobRequest{
		Relations: []string{similarityapi.Similar}, Algorithms: []string{"two_hop"}, BudgetSeconds: 1,
		// which recommends what nobody buys
		Parameters: map[string]map[string]float64{"two_hop": {"target_exponent": 2, "source_exponent": -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.clients.similarity.WaitForJob(t.Context(), job.JobID, nil); err != nil {
		t.Fatal(err)
	}
	steps(t, d, narrow,
		"open", chromedp.Navigate(d.url("/console/")), says("h3", "Refused by the gate"),
		"why",
		chromedp.Evaluate(
			`[...document.querySelectorAll("h3")].find((n) => `+
				`n.textContent.includes("Refused")).nextElementSibling.querySelector("a").click()`,
			nil,
		),
		says("h2", "refused"), says(".tag", "fails"),
	)
}

// importer drops a file whose columns have names of the shop's own, mends what is not understood, imports it, finds the products and takes
// them back.
func (d *webDemo) importer(t *testing.T) {
	drop := chromedp.Evaluate(`(() => {
		const rows = ["Artikelnummer;Was es ist;Preis", "LAMP-1;Lamp of glass with a heart;12,50",
			"LAMP-2;Lantern of wood with a heart;9,90", ";Without a number;1,00"];
		const files = new DataTransfer();
		files.items.add(new File([rows.join("\n")], "products.csv", {type: "text/csv"}));
		document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files}));
	})()`, nil)
	choose := chromedp.Evaluate(`(() => { for (const s of document.querySelectorAll("select[form=wizard]")) {
		const column = s.getAttribute("aria-label").replace("Field of the column ", "");
		const to = {"Artikelnummer": "item_id", "Was es ist": "title", "Preis": "price"}[column];
		if (to) s.value = to; }
		document.querySelector("select[form=wizard]").dispatchEvent(new Event("change", {bubbles: true})); })()`, nil)
	steps(t, d, wide,
		"open", chromedp.Navigate(d.url("/console/imports")), chromedp.WaitVisible("[data-drop]"),
		"drop a file", drop, says("#understood", "How it is understood"),
		"mend the mapping", choose, says("#understood", "2 would be stored"), says("#understood", "Line 4"),
		"import", press("Import 2 rows"), says("h2", "done"),
		func() {
			eventually(t, t.Context(), "the new product has neighbours by its text", func() error {
				answer, err := d.clients.recommender.Recommend(t.Context(), recommenderapi.Request{
					Scenario: "product_detail.similar", ContextItems: []string{"LAMP-1"}, Limit: 10, Test: true,
				})
				if err != nil {
					return err
				}
				for _, i := range answer.Items {
					if i.Tier == "context" {
						return nil
					}
				}
				return fmt.Errorf("%d items, none of the context", len(answer.Items))
			})
		},
		"find it", chromedp.Navigate(d.url("/console/catalogue?q=lamp%20glass")), says("table", "LAMP-1"),
		"undo", chromedp.Navigate(d.url("/console/imports")), press("items"), says("h2", "done"), press("Undo"), says(".done", "taken out"),
		"it is gone", chromedp.Navigate(d.url("/console/catalogue?q=LAMP-1")), says("#items", "No item fits"),
	)
}

// privacy shows what is held on a person and erases it.
func (d *webDemo) privacy(t *testing.T) {
	const person = "14646"
	steps(t, d, narrow,
		"open", chromedp.Navigate(d.url("/console/visitors/visitor?user="+person)), says("h1", person), press("Erase"),
		says("main", "What will happen"),
		"another name", enter("#repeat", "somebody"), press("Erase "+person), says(".bad", "is not the id"),
		"the name", enter("#repeat", person), press("Erase "+person), says("main", "Receipt"),
	)
	events, err := d.clients.profile.Events(t.Context(), profileapi.EventsQuery{UserID: person})
	if err != nil || len(events.Items) > 0 {
		t.Errorf("%d events are left, %v", len(events.Items), err)
	}
}

// shopPage checks a page of the demo shop on a laptop and on a telephone.
func (d *webDemo) shopPage(t *testing.T, ctx context.Context, wrong func() []string, name, ready string) {
	t.Helper()
	soon, cancel := context.WithTimeout(ctx, 2*pagePatience)
	defer cancel()
	if err := chromedp.Run(soon, chromedp.WaitReady(ready, chromedp.ByQuery), says("#trace", "5. List")); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	fits(t, ctx, name)
	d.accessible(t, ctx, name)
	picture(t, ctx, "shop-"+name)
	if err := chromedp.Run(ctx, chromedp.EmulateViewport(narrow, 900)); err != nil {
		t.Fatal(err)
	}
	fits(t, ctx, name+" on a telephone")
	picture(t, ctx, "shop-"+name+"-narrow")
	if err := chromedp.Run(ctx, chromedp.EmulateViewport(wide, 900)); err != nil {
		t.Fatal(err)
	}
	for _, text := range wrong() {
		t.Errorf("%s: %s", name, text)
	}
}

// shopScriptComesLate holds the shop's own script back until the tracker has filled a list.
func (d *webDemo) shopScriptComesLate(t *testing.T) {
	ctx, wrong := d.tab(t, wide)
	ctx, cancel := context.WithTimeout(ctx, 3*pagePatience)
	defer cancel()
	held := make(chan fetch.RequestID, 1)
	chromedp.ListenTarget(ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			held <- paused.RequestID
		}
	})
	script := []*fetch.RequestPattern{{URLPattern: "*/shop.js*"}}
	if err := chromedp.Run(ctx, fetch.Enable().WithPatterns(script), chromedp.Navigate("about:blank"),
		chromedp.Evaluate(fmt.Sprintf("location.href = %q", d.url("/shop/product?id=85123A")), nil),
		chromedp.WaitReady(`[data-aisle="product_detail.similar"] [data-item]`, chromedp.ByQuery),
	); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Run(ctx, fetch.ContinueRequest(<-held), says("#trace", "5. List")); err != nil {
		t.Fatal(err)
	}
	for _, text := range wrong() {
		t.Error(text)
	}
}

// shopFromVisitToOrder goes through the demo shop as a customer does, and checks that Aisle was told and that the lists followed.
func (d *webDemo) shopFromVisitToOrder(t *testing.T) {
	ctx, wrong := d.tab(t, wide)
	page := func(name, ready string) {
		t.Helper()
		d.shopPage(t, ctx, wrong, name, ready)
	}
	do := func(actions ...chromedp.Action) {
		t.Helper()
		soon, cancel := context.WithTimeout(ctx, 2*pagePatience)
		defer cancel()
		if err := chromedp.Run(soon, actions...); err != nil {
			t.Fatal(err)
		}
	}
	var first, second, session string
	const shown = `[...document.querySelectorAll('[data-aisle="home.for_you"] [data-item]')].map((n) => n.dataset.item).join(" ")`
	do(chromedp.Navigate(d.url("/shop/")))
	page("home", `[data-aisle="home.for_you"] [data-item]`)
	do(chromedp.Evaluate(shown, &first))
	do(chromedp.Navigate(d.url("/shop/category?name=Garden")))
	page("category", ".grid .card")
	do(chromedp.Navigate(d.url("/shop/product?id=85123A")))
	page("product", `[data-aisle="product_detail.similar"] [data-item]`)
	do(says("#trace", "view_item"), follow(`[data-aisle="product_detail.similar"] [data-item]`),
		holds(
			`document.readyState === "complete" && location.pathname === "/shop/product" && location.search !== "?id=85123A"`,
		), says("#trace", "select_item"))
	do(follow(".buy"), says("h1", "Your cart"))
	page("cart", `[data-aisle="cart.complementary"] [data-item]`)
	do(press("Order"), says("h1", "Thank you"))
	page("order", `[data-aisle="order_confirmation.buy_again"] [data-item]`)
	do(says("#trace", "purchase"), chromedp.Navigate(d.url("/shop/")), chromedp.WaitVisible(
		`[data-aisle="home.for_you"] [data-item]`,
	), chromedp.Evaluate(shown, &second),
		chromedp.Evaluate(`JSON.parse(localStorage.getItem("aisle.session")).id`, &session))
	if first == second {
		t.Errorf("the list of the home page is what it was: %s", first)
	}
	got := map[string]profileapi.StoredEvent{}
	eventually(t, t.Context(), "the events of the visit are stored", func() error {
		events, err := d.clients.profile.Events(t.Context(), profileapi.EventsQuery{SessionID: session, Limit: 100})
		for _, e := range events.Items {
			got[e.Type] = e
		}
		for _, kind := range []string{"view_item_list", "view_item", "select_item", "add_to_cart", "purchase"} {
			if got[kind].Type == "" {
				return fmt.Errorf("there is no %s, %v", kind, err)
			}
		}
		return err
	})
	if got["add_to_cart"].RecommendationID == "" || got["add_to_cart"].RecommendationID != got["select_item"].RecommendationID {
		t.Errorf(
			"what was put into the cart follows %q, the click %q", got["add_to_cart"].RecommendationID, got["select_item"].RecommendationID,
		)
	}
	if order := got["purchase"]; !strings.HasPrefix(order.OrderID, "demo-") || order.Value == nil || *order.Value <= 0 ||
		order.Currency != "GBP" {
		t.Errorf("the order is %+v", order.Event)
	}
}

// keyboard goes past the menu and fills a form without a mouse.
func (d *webDemo) keyboard(t *testing.T) {
	steps(t, d, wide,
		"past the menu", chromedp.Navigate(d.url("/console/try")), chromedp.WaitReady("#scenario"), chromedp.KeyEvent("\t"),
		holds(`document.activeElement.className === "skip"`),
		chromedp.KeyEvent("\r"), holds(`document.activeElement.id === "main"`),
		"the form", chromedp.KeyEvent("\t"), holds(`document.activeElement.id === "scenario"`), chromedp.KeyEvent("\t"),
		holds(`document.activeElement.id === "user"`),
		chromedp.KeyEvent("17850\r"), says("#answer", "The list"),
	)
}
