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

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// storefront is a shop's pages on an origin of their own, a program with its catalogue, and a browser.
type storefront struct {
	ctx     context.Context // of the browser
	url     string
	server  string // address of the program
	keys    string // the file of its keys
	page    string // HTML of every page below /; "TAG" stands for the script's tag
	more    string // attributes of the tag
	script  []byte // served at /aisle.js of the shop
	key     string // publishable
	secret  string // key of the shop's server
	clients clients
}

// openStorefront starts all of it. The catalogue has a mug and a pot.
func openStorefront(t *testing.T) *storefront {
	t.Helper()
	s := &storefront{keys: filepath.Join(t.TempDir(), "keys.json")}
	s.secret = keyOf(t, s.keys, "north")
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/aisle.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(s.script)
		case "/plain":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<!doctype html><title>Nothing of Aisle here</title>")
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><title>Shop</title>"+strings.ReplaceAll(s.page, "TAG", s.tag()))
		}
	}))
	t.Cleanup(shop.Close)
	s.url = shop.URL
	s.key = keyOf(t, s.keys, "north", "--kind", "publishable", "--origin", shop.URL)
	if keysCommand(t, s.keys, "create-user-secret", "--shop", "north") == "" {
		t.Fatal("no secret")
	}
	d := startStandalone(t, t.TempDir(), "--keys-file", s.keys)
	s.server, s.clients, s.ctx, s.page = d.programs[0].address, d.connect(s.secret), browser(t), "TAG"
	items := []profileapi.Item{{ItemID: "mug", Title: "A mug", Price: new(7.5), Currency: "EUR"}, {ItemID: "pot", Title: "A pot"}}
	if _, err := s.clients.profile.PutItems(s.ctx, items); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *storefront) tag() string {
	return fmt.Sprintf(`<script src="http://%s%s" integrity="%s" crossorigin="anonymous" data-key="%s" %s></script>`,
		s.server, tracker.Path(), tracker.Integrity(), s.key, s.more)
}

// do runs a script in the page and decodes what it comes to into out, when that is not nil.
func (s *storefront) do(t *testing.T, script string, out any) {
	t.Helper()
	if err := chromedp.Run(s.ctx, chromedp.Evaluate(script, out)); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

func (s *storefront) open(t *testing.T, path string) {
	t.Helper()
	if err := chromedp.Run(s.ctx, chromedp.Navigate(s.url+path)); err != nil {
		t.Fatal(err)
	}
}

// events waits until the shop has n events and returns them in the order of their arrival. An event too many shows
// with the next one that is waited for.
func (s *storefront) events(t *testing.T, n int) []profileapi.StoredEvent {
	t.Helper()
	var list []profileapi.StoredEvent
	eventually(t, s.ctx, fmt.Sprintf("%d events", n), func() error {
		stored, err := s.clients.profile.Events(s.ctx, profileapi.EventsQuery{})
		if err == nil && len(stored.Items) < n {
			err = fmt.Errorf("there are %d", len(stored.Items))
		}
		list = stored.Items
		return err
	})
	slices.SortFunc(list, func(a, b profileapi.StoredEvent) int { return int(a.Seq - b.Seq) })
	if len(list) != n {
		t.Fatalf("there are %d events instead of %d: %+v", len(list), n, list)
	}
	return list
}

func kinds(list []profileapi.StoredEvent) (out []string) {
	for _, e := range list {
		out = append(out, e.Type)
	}
	return out
}

// awaited waits for the promise that a script comes to.
func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// leave puts something into the cart, goes to a page without the script at once, and waits until that is shown: what is opened next would
// else race it.
func (s *storefront) leave(t *testing.T) {
	t.Helper()
	const script = `setTimeout(() => { aisle.track({ type: "add_to_cart", item_id: "mug" }); location.href = "/plain"; })`
	if _, err := chromedp.RunResponse(s.ctx, chromedp.Evaluate(script, nil)); err != nil {
		t.Fatal(err)
	}
}

const waiting = `(JSON.parse(localStorage.getItem("aisle.queue") || "[]")).map((e) => e.event_id)`

// TestTheDataLayerIsForwarded pushes what GA4's documentation has shops push: before the script runs and after, as objects and as gtag
// does.
func TestTheDataLayerIsForwarded(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.more = "data-ga4"
	s.page = `<script>window.dataLayer = [{ ecommerce: null },
		{ event: "view_item", ecommerce: { currency: "EUR", value: 7.5, items: [
			{ item_id: "mug", item_name: "A mug", price: 7.5, quantity: 1 }] } }];
		function gtag() { dataLayer.push(arguments); }</script>TAG`
	s.open(t, "/")
	s.do(t, `gtag("js", new Date());
		gtag("event", "add_to_cart", { currency: "EUR", items: [{ item_id: "mug", price: 7.5, quantity: 2 }] });
		dataLayer.push({ event: "purchase", ecommerce: { transaction_id: "T-1", value: 35, currency: "EUR", items: [
			{ item_id: "mug", price: 7.5, quantity: 2 }, { item_id: "pot", price: 20, quantity: 1 }] } });
		dataLayer.push({ event: "refund", ecommerce: { transaction_id: "T-1" } }, { event: "gtm.click" }); aisle.flush()`, nil)
	list := s.events(t, 3)
	if diff := cmp.Diff([]string{"view_item", "add_to_cart", "purchase"}, kinds(list)); diff != "" {
		t.Fatal(diff)
	}
	cart, order := list[1], list[2]
	if len(cart.Items) != 1 || *cart.Items[0].Quantity != 2 || *cart.Items[0].Price != 7.5 || cart.Currency != "EUR" {
		t.Errorf("the cart arrived as %+v", cart.Event)
	}
	if len(list[0].Items) != 1 || list[0].Items[0].ItemID != "mug" {
		t.Errorf("the view arrived as %+v", list[0].Event)
	}
	if order.OrderID != "T-1" || *order.Value != 35 || order.Currency != "EUR" || len(order.Items) != 2 ||
		*order.Items[0].Quantity != 2 || *order.Items[1].Price != 20 {
		t.Errorf("the order arrived as %+v", order.Event)
	}
	var kept int
	if s.do(t, `dataLayer.length`, &kept); kept != 7 {
		t.Errorf("the data layer has %d entries: others read it too", kept)
	}
}

// TestAPageThatGoesSendsWhatIsLeft leaves a page right after something was done, for one that has no script.
func TestAPageThatGoesSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.open(t, "/")
	s.leave(t)
	first := s.events(t, 1)[0]
	s.open(t, "/") // the script finds it in its storage and sends it again, with the same id
	if err := chromedp.Run(s.ctx, holds(waiting+`.length === 0`)); err != nil {
		t.Fatal(err)
	}
	s.do(t, `aisle.track({ type: "view_item", item_id: "pot" }); aisle.flush()`, nil)
	if list := s.events(t, 2); list[0].EventID != first.EventID || list[1].Type != "view_item" {
		t.Errorf("stored are %+v", list)
	}
}

// TestWithoutANetworkEventsWait cuts the browser off, and reconnects it on the next page.
func TestWithoutANetworkEventsWait(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.open(t, "/")
	cut := func(off bool) {
		t.Helper()
		if err := chromedp.Run(s.ctx, network.Enable(), network.EmulateNetworkConditions(off, 0, -1, -1)); err != nil {
			t.Fatal(err)
		}
	}
	var ids, after []string
	cut(true)
	s.do(t, `aisle.track({ type: "view_item", item_id: "mug" }); aisle.track({ type: "add_to_cart", item_id: "mug" }); aisle.flush()`, nil)
	if s.do(t, waiting, &ids); len(ids) != 2 {
		t.Fatalf("%d events wait", len(ids))
	}
	cut(false)
	s.open(t, "/") // a page later
	if err := chromedp.Run(s.ctx, holds(waiting+`.length === 0`)); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.events(t, 2) {
		after = append(after, e.EventID)
	}
	slices.Sort(ids)
	slices.Sort(after)
	if diff := cmp.Diff(ids, after); diff != "" {
		t.Error(diff)
	}
}

// TestAVisitorIsForgottenAfterThirtyDays makes a visit old in the browser's storage.
func TestAVisitorIsForgottenAfterThirtyDays(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.open(t, "/")
	const old = "s-1f0e9a3c-6f6e-4c55-9a53-3f2f7f0c2c11"
	for n, c := range []struct {
		days float64
		same bool
	}{{29.9, true}, {30.1, false}} {
		s.do(t, fmt.Sprintf(`localStorage.setItem("aisle.session", JSON.stringify({ id: "`+old+
			`", at: Date.now() - %g * 864e5 }))`, c.days), nil)
		s.open(t, "/")
		s.do(t, `aisle.track({ type: "view_item", item_id: "mug" }); aisle.flush()`, nil)
		list := s.events(t, n+1)
		if e := list[n]; (e.SessionID == old) != c.same || !strings.HasPrefix(e.SessionID, "s-") {
			t.Errorf("after %g days the visitor is %s", c.days, e.SessionID)
		}
	}
}

// TestWhoIsLoggedInIsNamedWithAToken shows a token that the shop's server signed; without one the server refuses the name.
func TestWhoIsLoggedInIsNamedWithAToken(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	token := keysCommand(t, s.keys, "user-token", "--shop", "north", "--user", "ann")
	s.more = `data-user="ann" data-user-token="` + token + `"`
	s.open(t, "/")
	var scenario string
	err := chromedp.Run(s.ctx, chromedp.Evaluate(
		`aisle.track({ type: "view_item", item_id: "mug" }); aisle.flush();
			aisle.recommend({ scenario: "home.for_you" }).then((a) => a.scenario, String)`,
		&scenario, awaited,
	))
	if err != nil || scenario != "home.for_you" {
		t.Errorf("her list: %q, %v", scenario, err)
	}
	if e := s.events(t, 1)[0]; e.UserID != "ann" {
		t.Errorf("stored is %+v", e.Event)
	}
	s.leave(t) // by beacon
	if e := s.events(t, 2)[1]; e.UserID != "ann" || e.Type != "add_to_cart" {
		t.Errorf("stored is %+v", e.Event)
	}
}

// TestWhatIsBoughtIsDueToTheListItWasClickedIn clicks a card, buys it with something else, and again when the click is too old.
func TestWhatIsBoughtIsDueToTheListItWasClickedIn(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.more = "data-ga4"
	s.page = `TAG<div data-aisle="home.trending"><template><p data-field="title"></p></template></div>`
	s.open(t, "/")
	order := func(id string) string {
		return `dataLayer.push({ event: "purchase", ecommerce: { transaction_id: "` + id +
			`", items: [{ item_id: "mug" }, { item_id: "pot" }] } });
			aisle.flush()`
	}
	if err := chromedp.Run(s.ctx, chromedp.WaitVisible(`[data-item="mug"]`, chromedp.ByQuery)); err != nil {
		t.Fatal(err)
	}
	bought := func(id string) profileapi.StoredEvent {
		t.Helper()
		var found profileapi.StoredEvent
		eventually(t, s.ctx, "order "+id, func() error {
			list, err := s.clients.profile.Events(s.ctx, profileapi.EventsQuery{Type: "purchase"})
			if err != nil {
				return err
			}
			at := slices.IndexFunc(list.Items, func(e profileapi.StoredEvent) bool { return e.OrderID == id })
			if at < 0 {
				return fmt.Errorf("it is none of %d", len(list.Items))
			}
			found = list.Items[at]
			return nil
		})
		return found
	}
	s.do(t, `document.querySelector('[data-item="mug"]').click()`, nil)
	s.do(t, order("T-1"), nil)
	if e := bought("T-1"); e.Items[0].RecommendationID == "" || e.Items[1].RecommendationID != "" {
		t.Errorf("the order's lines are %+v", e.Items)
	}
	s.do(t, `localStorage.setItem("aisle.clicks", JSON.stringify({
		mug: [JSON.parse(localStorage.getItem("aisle.clicks")).mug[0], Date.now() - 8 * 864e5] }))`, nil)
	s.do(t, order("T-2"), nil)
	if e := bought("T-2"); e.Items[0].RecommendationID != "" {
		t.Errorf("after eight days the order's lines are %+v", e.Items)
	}
}

// TestSeenIsWhatIsHalfVisible scrolls a card in, first a part of it and then most.
func TestSeenIsWhatIsHalfVisible(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.page = `TAG<body style="margin:0"><div style="height:300vh"></div>
		<div data-aisle="home.trending" data-limit="1"><template><p style="margin:0;height:50vh" data-field="title"></p></template></div>
		<div style="height:300vh"></div>`
	s.open(t, "/")
	if err := chromedp.Run(s.ctx, holds(`document.querySelector("[data-item]")`)); err != nil {
		t.Fatal(err)
	}
	// What shows is a share of the card; two frames later its observer has been asked, and an event follows that one about the card would
	// precede.
	scrolled := func(share, marker string) {
		t.Helper()
		script := `window.cardTop = document.querySelector("[data-item]").getBoundingClientRect().top;
			scrollTo(0, cardTop + scrollY - innerHeight + innerHeight / 2 * ` + share + `);
			new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))).then(() => {
				aisle.track({ type: "view_item", item_id: "` + marker + `" }); aisle.flush(); })`
		if err := chromedp.Run(s.ctx, chromedp.Evaluate(script, nil, awaited)); err != nil {
			t.Fatal(err)
		}
	}
	scrolled("0.3", "pot")
	if list := s.events(t, 1); list[0].Type != "view_item" {
		t.Errorf("a third of a card counted as seen: %v", kinds(list))
	}
	scrolled("0.7", "mug")
	if list := s.events(t, 3); !slices.Contains(kinds(list), "view_item_list") {
		t.Errorf("there are %v", kinds(list))
	}
}

// TestAChangedScriptIsRefused serves the script with one statement more under the integrity of the real one, and then the real one.
func TestAChangedScriptIsRefused(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	resp, err := http.Get("http://" + s.server + tracker.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var real strings.Builder
	if err := resp.Write(&real); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(real.String(), "\r\n\r\n")
	s.page = `<script src="/aisle.js" integrity="` + tracker.Integrity() + `" crossorigin="anonymous" data-key="` + s.key + `"></script>`
	for added, want := range map[string]string{"": "object", "\nstolen = document.cookie;": "undefined"} {
		s.script = []byte(body + added)
		s.open(t, "/?"+fmt.Sprint(len(added)))
		var kind string
		if s.do(t, `typeof window.aisle`, &kind); kind != want {
			t.Errorf("with %q the script is %s, want %s", added, kind, want)
		}
	}
}

// TestBeforeConsentNothingIsStoredOrSent does all that a visitor does while consent is awaited, and then gives it: the page sends what it
// has seen so far.
func TestBeforeConsentNothingIsStoredOrSent(t *testing.T) {
	t.Parallel()
	s := openStorefront(t)
	s.more = `data-consent="wait" data-ga4`
	s.page = `TAG<div data-aisle="home.trending"></div>`
	s.open(t, "/")
	if err := chromedp.Run(s.ctx, chromedp.WaitVisible(`[data-item="mug"]`, chromedp.ByQuery)); err != nil {
		t.Fatal(err)
	}
	var kept, session string
	s.do(t, `document.querySelector('[data-item="mug"]').addEventListener("click", (e) => e.preventDefault());
		document.querySelector('[data-item="mug"]').click();
		dataLayer.push({ event: "view_item", ecommerce: { items: [{ item_id: "mug" }] } });
		aisle.flush(); Object.keys(localStorage).join() + document.cookie`, &kept)
	s.do(t, `aisle.session()`, &session)
	if kept != "" || session != "" {
		t.Errorf("the browser keeps %q, the visitor is %q", kept, session)
	}
	s.events(t, 0)
	s.do(t, `aisle.consent(true); aisle.track({ type: "view_item", item_id: "pot" }); aisle.flush()`, nil)
	stored := s.events(t, 3)
	if got := slices.Sorted(slices.Values(kinds(stored))); !slices.Equal(got, []string{"view_item", "view_item", "view_item_list"}) {
		t.Errorf("stored are %v", got)
	}
	for _, e := range stored {
		if e.SessionID == "" || e.SessionID != stored[0].SessionID {
			t.Errorf("of the session %q: %+v", e.SessionID, e.Event)
		}
	}
}
