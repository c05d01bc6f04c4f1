package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// browser starts Debian's Chromium and returns a context of a tab of it. scripts/with-stores.sh installs it; where it may not, the test
// says that it was left out instead of failing a machine that has only Go.
func browser(t *testing.T) context.Context {
	t.Helper()
	program := installed(t, "chromium", "chromium")
	options := append(
		chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(patience),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience) // some look at fifty pages, each with a limit of its own
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	return ctx
}

// shopWithPage serves a page of a shop on an origin of its own beside a program that has a publishable key for this origin; c may do all.
func shopWithPage(t *testing.T, page *string) (shop *httptest.Server, d *deployment, c clients, publishable string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	secret := keyOf(t, file, "north")
	shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, *page)
	}))
	t.Cleanup(shop.Close)
	publishable = keyOf(t, file, "north", "--kind", "publishable", "--origin", shop.URL)
	d = startStandalone(t, t.TempDir(), "--keys-file", file)
	return shop, d, d.connect(secret), publishable
}

// TestOneTagFillsAPlacementAndPostsWhatVisitorsDo opens a shop's page on an origin of its own, in a real browser, and reads back what
// arrived.
func TestOneTagFillsAPlacementAndPostsWhatVisitorsDo(t *testing.T) {
	t.Parallel()
	var page string
	shop, d, c, publishable := shopWithPage(t, &page)
	ctx := browser(t)
	items := []profileapi.Item{
		{ItemID: "mug", Title: "A mug <b>", Price: new(7.5), Currency: "EUR", URL: "/p/mug"},
		{ItemID: "pot", Title: "A pot", Price: new(20.), Currency: "EUR", URL: "/p/pot"},
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	page = fmt.Sprintf(`<!doctype html><title>Shop</title>
		<script src="http://%s%s" integrity="%s" crossorigin="anonymous" data-key="%s" data-consent="wait" defer></script>
		<div id="top" data-aisle="home.trending"><h2 data-aisle-keep>Trending</h2>
		<template><a data-href="url"><b data-field="title"></b></a></template></div>
		<div id="again" data-aisle="account.recently_viewed" data-skeleton="3">
		<template><a data-href="url"><i data-reason="recently_viewed">You saw {title}</i><u
			data-reason="similar_to">Like {title}</u></a></template></div>
		<div id="none" data-aisle="no.such.placement"></div>
		<script>document.addEventListener("click", (e) => e.preventDefault());
		document.addEventListener("aisle:sent", (e) => {
			const sent = e.detail.map((x) => x.type).join(" ");
			document.body.dataset.sent = (document.body.dataset.sent || "") + sent + " ";
		});</script>`,
		d.programs[0].address, tracker.Path(), tracker.Integrity(), publishable)

	var cards, href, title, asked string
	err := chromedp.Run(ctx,
		chromedp.Navigate(shop.URL), chromedp.WaitVisible(`#top [data-item]`, chromedp.ByQuery),
		chromedp.Evaluate(`[...document.querySelectorAll("#top [data-item]")].map((n) => n.dataset.item).sort().join(" ")`, &cards),
		chromedp.Evaluate(`document.querySelector('[data-item="mug"]').getAttribute("href")`, &href),
		chromedp.Evaluate(`document.querySelector('[data-item="mug"] b').innerHTML`, &title),
		holds(`document.getElementById("none").hidden`),
		chromedp.Evaluate(`performance.getEntriesByType("resource").map((r) => r.name.split("/v1/")[1]).filter(Boolean).join(" ")`, &asked),
		chromedp.Evaluate(`aisle.track({type: "view_item", item_id: "pot"}); aisle.flush()`, nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	if cards != "mug pot" || href != "/p/mug" || title != "A mug &lt;b&gt;" {
		t.Errorf("the placement shows %q, links to %q, calls it %q", cards, href, title)
	}
	// All placements in one question; the one that there is not is found by it, and left out of the next.
	if asked != "recommendations/batch recommendations/batch" {
		t.Errorf("the page asked %s", asked)
	}
	before, err := c.profile.Events(ctx, profileapi.EventsQuery{})
	if err != nil || len(before.Items) > 0 {
		t.Fatalf("without consent %d events were posted, %v", len(before.Items), err)
	}

	err = chromedp.Run(ctx,
		chromedp.Evaluate(`document.querySelector('#top [data-item="mug"]').id = "old"; aisle.consent(true); aisle.refresh()`, nil),
		holds(`document.querySelector('#top [data-item="mug"]:not(#old)')`),
		chromedp.Evaluate(
			`document.querySelector('#top [data-item="mug"]').click(); aisle.track({type: "add_to_cart", item_id: "mug"}); aisle.flush()`,
			nil,
		),
		holds(`/select_item/.test(document.body.dataset.sent) && /add_to_cart/.test(document.body.dataset.sent)`),
	)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]profileapi.StoredEvent{}
	eventually(t, ctx, "the events are stored", func() error {
		stored, err := c.profile.Events(ctx, profileapi.EventsQuery{})
		if err != nil {
			return err
		}
		for _, e := range stored.Items {
			got[e.Type] = e
		}
		if _, ok := got["view_item_list"]; !ok || len(got) < 3 {
			return fmt.Errorf("there are %d kinds of events", len(got))
		}
		return nil
	})
	click, cart := got["select_item"], got["add_to_cart"]
	if click.ItemID != "mug" || click.RecommendationID == "" || cart.RecommendationID != click.RecommendationID ||
		!strings.HasPrefix(click.SessionID, "s-") {
		t.Errorf("the click is %+v, what followed %+v", click.Event, cart.Event)
	}
	if !slices.ContainsFunc(got["view_item_list"].Items, func(l profileapi.EventItem) bool { return l.ItemID == "mug" }) {
		t.Errorf("seen was %+v", got["view_item_list"].Items)
	}

	var again string
	err = chromedp.Run(ctx,
		chromedp.Evaluate(`aisle.refresh()`, nil), // what was looked at before consent was given, on the same page, counts
		holds(`document.querySelector('#again [data-item="pot"] i')`),
		chromedp.Evaluate(
			`document.querySelector('#again [data-item="pot"]').innerHTML + document.querySelectorAll("#again .aisle-skeleton").length`,
			&again,
		),
	)
	if err != nil || again != `<i data-reason="recently_viewed">You saw A pot</i>0` {
		t.Errorf("the card of what was seen is %q, %v", again, err)
	}

	err = chromedp.Run(ctx, // a card that cannot be made costs its own placement only
		chromedp.Evaluate(`document.querySelector('#again [data-item]').id = "before";
			document.querySelector("#top template").innerHTML = ""; aisle.refresh()`, nil),
		holds(`document.getElementById("top").hidden &&
			document.querySelector('#again:not([hidden]) [data-item="pot"]:not(#before)')`),
	)
	if err != nil {
		t.Error(err)
	}

	var left string
	err = chromedp.Run(ctx, chromedp.Evaluate(`aisle.consent(false); Object.keys(localStorage).join(" ")`, &left))
	if err != nil || left != "aisle.consent" {
		t.Errorf("after consent was taken back the browser keeps %q, %v", left, err)
	}
	err = chromedp.Run(ctx, chromedp.Evaluate(
		`aisle.track({type: "view_item", item_id: "mug"}); aisle.consent(true); localStorage.getItem("aisle.queue") || ""`, &left,
	))
	if err != nil || left != "" {
		t.Errorf("what was done without consent waits to be sent: %q, %v", left, err)
	}
}

// TestTheTagLosesNothingOfAnOddBrowser opens a page whose clock is a day ahead and whose visitor's token has ended, and does what pages of
// one application do: lists that are asked for again, double clicks, tabs that know nothing of each other.
func TestTheTagLosesNothingOfAnOddBrowser(t *testing.T) {
	t.Parallel()
	var page string
	shop, d, c, publishable := shopWithPage(t, &page)
	ctx := browser(t)
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{{ItemID: "mug", Title: "A mug"}, {ItemID: "pot", Title: "A pot"}}); err != nil {
		t.Fatal(err)
	}
	page = fmt.Sprintf(`<!doctype html><title>Shop</title>
		<script>const Right = Date, day = 864e5, send = fetch; let held, later = 0
		Date = class extends Right {
			constructor(...a) { a.length ? super(...a) : super(Right.now() + day) }
			static now() { return Right.now() + day }
		}
		fetch = async (...a) => { // the first answer after later was set comes when held() is called
			const r = await send(...a), late = later && /batch/.test(a[0]) && later-- > 0
			if (late) await new Promise((go) => { held = go })
			return r
		}
		document.addEventListener("click", (e) => e.preventDefault())
		document.addEventListener("auxclick", (e) => e.preventDefault())</script>
		<script src="http://%s%s" data-key="%s" data-ga4 data-user="ann" data-user-token="ended.ended.ended" defer></script>
		<div id="top" data-aisle="home.trending"></div>`, d.programs[0].address, tracker.Path(), publishable)

	waits := `(JSON.parse(localStorage["aisle.queue"] || "[]").length === 0)`
	var session, left string
	var cards int
	err := chromedp.Run(ctx,
		chromedp.Navigate(shop.URL), chromedp.WaitVisible(`#top [data-item="pot"]`, chromedp.ByQuery),
		chromedp.Evaluate(`aisle.session()`, &session),
		chromedp.Evaluate(`const items = [{item_id: "mug", quantity: 3, price: 7}]
			const card = (id) => document.querySelector("[data-item=" + id + "]")
			dataLayer.push({event: "add_to_cart", ecommerce: {currency: "EUR", items}})
			for (const n of [1, 2]) card("mug").click()
			card("pot").dispatchEvent(new MouseEvent("auxclick", {button: 1, bubbles: true, cancelable: true}))
			for (let n = 0; n < 45; n++) { // more than a browser sends for a page that goes
				aisle.track({type: "view_item_list", items: Array(60).fill({item_id: "an-item-with-a-long-name-" + n})})
			}
			aisle.flush()`, nil),
		holds(waits),
		chromedp.Evaluate(`later = 1; aisle.refresh()`, nil), holds(`held`),
		chromedp.Evaluate(`document.querySelector('[data-item]').id = "before"
			document.getElementById("top").dataset.limit = 1; aisle.refresh()`, nil),
		holds(`!document.getElementById("before")`),
		chromedp.Evaluate(`held(); new Promise((go) => setTimeout(() => go(document.querySelectorAll("[data-item]").length), 0))`, &cards,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	)
	if err != nil || cards != 1 {
		t.Fatalf("after an answer that came late there are %d cards, %v", cards, err)
	}
	stored, err := c.profile.Events(ctx, profileapi.EventsQuery{SessionID: session, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range stored.Items {
		got[e.Type]++
		if diff := cmp.Diff([]profileapi.EventItem{{ItemID: "mug", Quantity: new(3.), Price: new(7.)}}, e.Items,
			cmpopts.IgnoreFields(profileapi.EventItem{}, "RecommendationID")); e.Type == "add_to_cart" && diff != "" {
			t.Errorf("of the data layer came %s", diff)
		}
	}
	if got["add_to_cart"] != 1 || got["select_item"] != 2 || got["view_item_list"] < 45 {
		t.Errorf("there are %v", got)
	}

	err = chromedp.Run(ctx,
		chromedp.Evaluate(`document.body.append(Object.assign(document.createElement("iframe"), {id: "other", src: location.href}))`, nil),
		holds(`document.getElementById("other").contentWindow.aisle`),
		chromedp.Evaluate(`document.getElementById("other").contentWindow.aisle.consent(false)`, nil), holds(`aisle.session() === ""`),
		chromedp.Evaluate(`aisle.track({type: "view_item", item_id: "mug"}); Object.keys(localStorage).join(" ")`, &left),
	)
	if err != nil || left != "aisle.consent" {
		t.Errorf("after consent was taken back in another page the browser keeps %q, %v", left, err)
	}
}
