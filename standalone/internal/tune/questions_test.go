package tune

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// cutAt is the cut of the tests' shops, by their own time; present is the moment that it is moved to.
var (
	cutAt   = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	present = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func did(user, kind string, at time.Time, items ...string) profileapi.Event {
	e := profileapi.Event{Type: kind, UserID: user, OccurredAt: wire.TimeOf(at)}
	for _, id := range items {
		e.Items = append(e.Items, profileapi.EventItem{ItemID: id})
	}
	return e
}

// cutShop cuts events that end a day after the cut.
func cutShop(t *testing.T, events ...profileapi.Event) *Split {
	t.Helper()
	shop := &Shop{Events: append(events, did("end", "view_cart", cutAt.Add(24*time.Hour)))}
	if err := shop.normalise(); err != nil {
		t.Fatal(err)
	}
	s, err := shop.cut(present, cutAt.Add(24*time.Hour), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func before(d time.Duration) time.Time { return cutAt.Add(-d) }
func after(d time.Duration) time.Time  { return cutAt.Add(d) }

func scenarioOf(kinds ...string) *api.Scenario {
	s := &api.Scenario{ScenarioID: "placement", AllowPurchased: true}
	for _, kind := range kinds {
		s.Sources = append(s.Sources, api.Source{Kind: kind, Weight: 1})
	}
	return s
}

func asked(t *testing.T, s *Split, scenario *api.Scenario) []Question {
	t.Helper()
	list := ask(s, people(s), scenario, 1000, 1)
	if again := ask(s, people(s), scenario, 1000, 1); cmp.Diff(list, again) != "" {
		t.Errorf("the same seed asks differently: %s", cmp.Diff(list, again))
	}
	return list
}

func TestCutMovesThePastToNowAndKeepsTheRestApart(t *testing.T) {
	t.Parallel()
	s := cutShop(
		t, did("ann", "purchase", before(48*time.Hour), "a"), did("ann", "view_item", after(time.Hour), "b"),
		did("ann", "view_item", after(25*time.Hour), "c"),
	)
	if len(s.Past) != 1 || !s.Past[0].OccurredAt.Equal(present.Add(-48*time.Hour)) {
		t.Errorf("past: %+v", s.Past)
	}
	if len(s.Held) != 1 || s.Held[0].Items[0].ItemID != "b" {
		t.Errorf("held out: %+v", s.Held)
	}
	for name, holdout := range map[string]time.Duration{"longer than there is": 1000 * time.Hour, "negative": -time.Hour} {
		shop := &Shop{Events: []profileapi.Event{did("ann", "view_item", cutAt, "a"), did("ann", "view_item", after(time.Hour), "a")}}
		if _, err := shop.cut(present, time.Time{}, holdout); err == nil {
			t.Errorf("a hold-out that is %s was accepted", name)
		}
	}
}

func TestItemsAreAsTheyMayHaveBeenAtTheCut(t *testing.T) {
	t.Parallel()
	item := profileapi.Item{
		ItemID: "a", Status: profileapi.ItemArchived, Stock: &profileapi.Stock{Status: profileapi.OutOfStock},
		PublishedAt: wire.TimeOf(before(time.Hour)), Version: 7,
	}
	got := asOfCut(item, present.Sub(cutAt))
	want := profileapi.Item{ItemID: "a", PublishedAt: wire.TimeOf(present.Add(-time.Hour))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVisitsEndWithASessionOrAPause(t *testing.T) {
	t.Parallel()
	view := func(session string, minute int, item string) profileapi.Event {
		e := did("ann", "view_item", after(time.Duration(minute)*time.Minute), item)
		e.SessionID = session
		return e
	}
	s := cutShop(
		t, did("old", "view_item", before(time.Hour), "a"), view("1", 0, "a"), view("1", 20, "b"), view("1", 40, "a"), view("2", 41, "c"),
		view("2", 80, "d"), did("ann", "remove_from_cart", after(81*time.Minute), "e"),
	)
	var got []string
	for _, v := range people(s)["ann"].visits {
		items := ""
		for _, touch := range v {
			items += touch.item
		}
		got = append(got, items)
	}
	// The second look at a does not repeat it but keeps the visit alive; the pause before d is 39 minutes.
	if diff := cmp.Diff([]string{"ab", "c", "d"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAVisitIsCutAndItsFirstPartCarried(t *testing.T) {
	t.Parallel()
	var events []profileapi.Event
	for u := range 60 {
		user := fmt.Sprint("u", u)
		events = append(events, did(user, "view_item", before(time.Hour), "z"))
		for n, id := range []string{"a", "b", "c", "d"} {
			events = append(events, did(user, "view_item", after(time.Duration(n)*time.Minute), id))
		}
	}
	s := cutShop(t, events...)
	sizes := map[int]int{}
	for _, q := range asked(t, s, scenarioOf(api.SourceHistory, api.SourceSession)) {
		size := len(q.Request.Events)
		sizes[size]++
		for n, e := range q.Request.Events {
			want := profileapi.Event{
				Type: "view_item", ItemID: string(rune('a' + n)),
				OccurredAt: wire.TimeOf(present.Add(-time.Duration(size-1-n) * time.Minute)),
			}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Fatal(diff)
			}
		}
		if want := []string{"a", "b", "c", "d"}[size:]; !slices.Equal(q.Targets, want) || q.Request.UserID == "" {
			t.Fatalf("after %d items: %+v", size, q)
		}
	}
	if len(sizes) != 4 || sizes[4] != 0 {
		t.Errorf("questions by items carried: %v, want some with each of 0 to 3", sizes)
	}
	for _, q := range asked(t, s, scenarioOf(api.SourceContextSimilar, api.SourceContextNext)) {
		if last := q.Request.Events[len(q.Request.Events)-1].ItemID; q.Request.ContextItems[0] != last ||
			len(q.Targets) != 4-len(q.Request.Events) {
			t.Fatalf("page: %+v", q)
		}
	}
}

func TestAVisitorWithoutAPastIsAskedAboutOnlyBehindTheFirstItem(t *testing.T) {
	t.Parallel()
	anonymous := func(minute int, item string) profileapi.Event {
		return profileapi.Event{
			Type: "view_item", SessionID: "s", ItemID: item, OccurredAt: wire.TimeOf(after(time.Duration(minute) * time.Minute)),
		}
	}
	s := cutShop(t, did("old", "view_item", before(time.Hour), "a", "b"), anonymous(0, "a"), anonymous(1, "b"))
	list := asked(t, s, scenarioOf(api.SourceHistory, api.SourceSession))
	if len(list) != 1 || list[0].Request.SessionID != "s" || list[0].Request.UserID != "" || len(list[0].Request.Events) != 1 ||
		!slices.Equal(list[0].Targets, []string{"b"}) {
		t.Errorf("asked %+v", list)
	}
}

func TestOrdersAreParted(t *testing.T) {
	t.Parallel()
	order := []string{"a", "b", "c", "d"}
	s := cutShop(
		t, did("old", "purchase", before(time.Hour), order...), did("ann", "purchase", after(time.Hour), order...),
		did("ben", "purchase", after(time.Hour), "a"),
	)
	for kind, shown := range map[string]func(*api.Request) []string{
		api.SourceCart:            func(r *api.Request) []string { return r.Cart },
		api.SourceContextTogether: func(r *api.Request) []string { return r.ContextItems },
	} {
		list := asked(t, s, scenarioOf(kind, api.SourceHistory))
		if len(list) != 1 {
			t.Fatalf("%s: %d questions, want one about the one order of several items", kind, len(list))
		}
		given := shown(&list[0].Request)
		all := slices.Sorted(slices.Values(slices.Concat(given, list[0].Targets)))
		if len(given) == 0 || !slices.Equal(all, order) || kind == api.SourceContextTogether && len(given) != 1 {
			t.Errorf("%s: %v given, %v asked for", kind, given, list[0].Targets)
		}
	}
}

func TestBuyingAgainAsksForWhatWasBoughtBefore(t *testing.T) {
	t.Parallel()
	s := cutShop(t,
		did("ann", "purchase", before(72*time.Hour), "a", "b"), did("ann", "purchase", before(48*time.Hour), "c"),
		did("ann", "purchase", after(time.Hour), "a", "c", "new"), did("new", "purchase", after(time.Hour), "a"))
	list := asked(t, s, scenarioOf(api.SourceBuyAgain, api.SourceContextTogether))
	want := []Question{{Request: api.Request{UserID: "ann", ContextItems: []string{"c"}}, Targets: []string{"a"}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}

func TestTargetsThatAScenarioCannotShowAreLeftOut(t *testing.T) {
	t.Parallel()
	late := wire.TimeOf(after(time.Minute))
	s := cutShop(t, did("ann", "view_item", before(2*time.Hour), "seen"), did("ann", "purchase", before(time.Hour), "bought"),
		did("ann", "purchase", after(time.Hour), "seen", "bought", "fresh", "gone", "late"))
	s.Items = slices.DeleteFunc(s.Items, func(i profileapi.Item) bool { return i.ItemID == "gone" })
	for n := range s.Items {
		if s.Items[n].ItemID == "late" {
			s.Items[n].PublishedAt = wire.TimeOf(late.Add(present.Sub(cutAt)))
		}
	}
	for name, c := range map[string]struct {
		seen  string
		allow bool
		want  []string
	}{
		"everything may be shown": {"", true, []string{"bought", "fresh", "seen"}},
		"nothing bought":          {"", false, []string{"fresh", "seen"}},
		"nothing seen":            {"exclude", true, []string{"fresh"}},
	} {
		scenario := &api.Scenario{
			Seen: c.seen, AllowPurchased: c.allow, Sources: []api.Source{{Kind: api.SourceHistory}, {Kind: api.SourceSession}},
		}
		found := map[string]bool{}
		for seed := range uint64(40) { // the cut of the visit is drawn: together they ask for all
			for _, q := range ask(s, people(s), scenario, 10, seed) {
				for _, id := range q.Targets {
					found[id] = true
				}
			}
		}
		for _, id := range []string{"bought", "fresh", "gone", "late", "seen"} {
			if found[id] != slices.Contains(c.want, id) {
				t.Errorf("%s: %s is a target: %v", name, id, found[id])
			}
		}
	}
}

func TestTheNumberOfQuestionsIsBounded(t *testing.T) {
	t.Parallel()
	var events []profileapi.Event
	for u := range 50 {
		events = append(
			events, did(fmt.Sprint("u", u), "purchase", before(time.Hour), "a", "b"),
			did(fmt.Sprint("u", u), "purchase", after(time.Hour), "a", "b"),
		)
	}
	s := cutShop(t, events...)
	if n := len(ask(s, people(s), scenarioOf(api.SourceCart), 20, 1)); n != 20 {
		t.Errorf("%d questions, want 20", n)
	}
}
