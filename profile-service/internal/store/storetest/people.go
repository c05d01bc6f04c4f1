package storetest

import (
	"errors"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// putItems stores rows as they are, whatever was there.
func putItems(t *testing.T, s store.Store, rows ...store.ItemRow) {
	t.Helper()
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ItemID
	}
	if err := s.UpdateItems(
		t.Context(), shop, ids, func(map[string]store.ItemRow) ([]store.ItemRow, error) { return rows, nil },
	); err != nil {
		t.Fatal(err)
	}
}

// feed returns the ids of the changes behind a position and checks that positions rise.
func feed(t *testing.T, s store.Store, after int64) []string {
	t.Helper()
	rows, err := s.ItemChanges(t.Context(), shop, after, 100)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for i, r := range rows {
		if i > 0 && r.Position <= rows[i-1].Position {
			t.Errorf("position %d behind %d", r.Position, rows[i-1].Position)
		}
		ids = append(ids, r.ItemID)
	}
	return ids
}

// items checks that the feed has each item once, at its latest change, and tombstones too; listings leave
// those out. A category finds what is below it and not what only begins like it ("Homework").
func items(t *testing.T, s store.Store) {
	price := 2.5
	a := store.ItemRow{
		ItemID: "a", Version: 1, Status: "active", Brand: "x", Category: "Home" + store.CategorySeparator + "Light", ParentID: "p",
		Price: &price, CreatedMs: 1, UpdatedMs: 2, Body: []byte(`{"title":"é"}`),
	}
	putItems(
		t, s, a, store.ItemRow{ItemID: "b", Version: 1, Status: "hidden", Category: "Homework", Body: []byte(`{}`)},
		store.ItemRow{ItemID: "c", Version: 1, Deleted: true, Body: []byte(`{}`)},
	)
	same(t, "feed", []string{"a", "b", "c"}, feed(t, s, 0))
	last, err := s.LastPosition(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	b := store.ItemRow{ItemID: "b", Version: 2, Status: "active", Body: []byte(`{}`)}
	putItems(t, s, b)
	same(t, "feed behind", []string{"b"}, feed(t, s, last))
	// An item stands in the feed once, where its latest change is.
	same(t, "compacted feed", []string{"a", "c", "b"}, feed(t, s, 0))
	rows, err := s.Items(t.Context(), shop, []string{"a", "c", "none"})
	if err != nil {
		t.Fatal(err)
	}
	a.Position = rows["a"].Position
	same(t, "row", a, rows["a"])
	if len(rows) != 2 || !rows["c"].Deleted {
		t.Errorf("rows: %+v", rows)
	}
	for name, c := range map[string]struct {
		f    store.ItemFilter
		want []string
	}{
		"all":      {store.ItemFilter{Limit: 9}, []string{"a", "b"}},
		"page":     {store.ItemFilter{After: "a", Limit: 9}, []string{"b"}},
		"category": {store.ItemFilter{Category: "Home", Limit: 9}, []string{"a"}},
		"brand":    {store.ItemFilter{Brand: "x", Status: "active", ParentID: "p", Limit: 9}, []string{"a"}},
		"words":    {store.ItemFilter{Words: []string{"x", "home", "é"}, Limit: 9}, []string{"a"}},
		"no words": {store.ItemFilter{Words: []string{"x", "%"}, Limit: 9}, []string{}},
		"status":   {store.ItemFilter{Status: "archived", Limit: 9}, []string{}},
	} {
		rows, err := s.ListItems(t.Context(), shop, c.f)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, r := range rows {
			ids = append(ids, r.ItemID)
		}
		same(t, name, c.want, ids)
	}
	facts, err := s.Facts(t.Context(), shop, []string{"a", "b", "c", "none"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "facts", map[string]store.ItemFacts{"a": {Category: a.Category, Brand: "x", Price: &price}, "b": {}}, facts)
}

// otherNames finds items by what is not their id.
func otherNames(t *testing.T, s store.Store) {
	variant := store.ItemRow{ItemID: "v", Version: 1, ParentID: "family", Body: []byte(`{"title":"a","aliases":["sku-1","gone"]}`)}
	putItems(t, s, variant, store.ItemRow{ItemID: "plain", Version: 1, Body: []byte(`{"title":"the \"aliases\":[\"title\"]"}`)},
		store.ItemRow{ItemID: "deleted", Version: 1, Deleted: true, ParentID: "past", Body: []byte(`{"aliases":["old"]}`)})
	names, err := s.OtherNames(t.Context(), shop, []string{"v", "sku-1", "family", "title", "old", "past", "none"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "names", []string{"family", "sku-1"}, names)
	elsewhere, err := s.OtherNames(t.Context(), "south", []string{"sku-1", "family"})
	if err != nil || len(elsewhere) != 0 {
		t.Errorf("in another shop: %v, %v", elsewhere, err)
	}
}

// itemsAtomic checks that an error of who decides the change comes back as it is, and nothing is stored.
func itemsAtomic(t *testing.T, s store.Store) {
	refused := errors.New("refused")
	err := s.UpdateItems(t.Context(), shop, []string{"a"}, func(map[string]store.ItemRow) ([]store.ItemRow, error) {
		return []store.ItemRow{{ItemID: "a", Version: 1, Body: []byte(`{}`)}}, refused
	})
	if err != refused { //nolint:errorlint // the port promises the very error
		t.Errorf("got %v", err)
	}
	same(t, "feed", []string{}, feed(t, s, 0))
}

// users checks that a record's consent holds for every name of the person, for what comes after it.
// Records and merges take numbers of the shop's events, so that the first event is 4.
func users(t *testing.T, s store.Store) {
	putUser(t, s, "b", 1, false)
	putUser(t, s, "a", 1, true)
	list, err := s.ListUsers(t.Context(), shop, "", 1)
	if err != nil || len(list) != 1 || list[0].UserID != "a" {
		t.Errorf("list: %+v, %v", list, err)
	}
	if _, err := s.Merge(t.Context(), shop, "stab", "a"); err != nil {
		t.Fatal(err)
	}
	// It was merged into a user who withholds consent: the event is stored without a name.
	appendAll(t, s, newEvent("stab", "1", 0))
	same(t, "alias of a withheld user", []string{"4 / 1"}, scan(t, s, shop, store.ScanQuery{}))
	v, err := s.Visitor(t.Context(), shop, "", "tab")
	if err != nil || !v.Withheld {
		t.Errorf("visitor: %+v, %v", v, err)
	}
	putUser(t, s, "a", 2, false)
	appendAll(t, s, newEvent("stab", "2", 0))
	same(t, "given again", []string{"6 ua/tab 2"}, scan(t, s, shop, store.ScanQuery{After: 4}))
	putUser(t, s, "a", 0, false)
	rows, err := s.Users(t.Context(), shop, []string{"a", "b"})
	if err != nil || len(rows) != 1 || rows["b"].Version != 1 {
		t.Errorf("users: %+v, %v", rows, err)
	}
}

// merge checks that events move once, later ones follow, and an order that both have told of is kept once.
// A cycle and an alias of two users are refused. The two merges take the numbers 5 and 6; the
// order 3, which goes, leaves a gap.
func merge(t *testing.T, s store.Store) {
	bought := func(subject, id string) store.NewEvent {
		e := newEvent(subject, id, 0)
		e.Type, e.OrderID, e.Lines = event.TypePurchase, "7", event.AppendLines(nil, []event.Line{{ItemID: "p"}})
		return e
	}
	appendAll(t, s, newEvent("stab", "1", 0), newEvent("uanon", "2", 0), bought("uanon", "3"), bought("ua", "4"))
	move := func(alias, user string, want int64, wantErr error) {
		t.Helper()
		if n, err := s.Merge(t.Context(), shop, alias, user); n != want || !errors.Is(err, wantErr) {
			t.Errorf("merge %s into %s moved %d, %v; want %d, %v", alias, user, n, err, want, wantErr)
		}
	}
	move("stab", "anon", 1, nil)
	move("stab", "anon", 0, nil)
	move("uanon", "a", 2, nil) // the order that both have goes
	// "anon" is an alias of "a" by now: neither way round can they be joined again.
	move("ua", "anon", 0, store.ErrCycle)
	move("ua", "a", 0, store.ErrCycle)
	move("stab", "b", 0, store.ErrMerged)
	move("stab", "anon", 0, nil)
	appendAll(t, s, newEvent("stab", "5", 0))
	same(t, "all", []string{"1 ua/tab 1", "2 ua/ 2", "4 ua/ 4", "7 ua/tab 5"}, scan(t, s, shop, store.ScanQuery{}))
	// What was stored under the alias is known under the user, its id and its order.
	same(t, "a retry", []string{duplicate, duplicate}, appendAll(t, s, newEvent("stab", "1", 0), bought("uanon", "9")))
	aliases, err := s.Aliases(t.Context(), shop, "a")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "aliases", []string{"stab", "uanon"}, aliases)
	if c, err := s.Canonical(t.Context(), shop, "stab"); err != nil || c != "ua" {
		t.Errorf("canonical %q, %v", c, err)
	}
}

// erase counts what it removes. What is anonymised keeps neither session nor order nor an id
// that leads back, and the ids of a person who is gone can be used again.
func erase(t *testing.T, s store.Store) {
	e := newEvent("ua", "1", 0)
	e.Type, e.OrderID, e.Rest, e.SessionID = event.TypePurchase, "7", []byte(`{"page":"/"}`), "w"
	appendAll(t, s, e, newEvent("stab", "2", 0), newEvent("ub", "3", 0))
	putUser(t, s, "a", 1, false)
	if _, err := s.Merge(t.Context(), shop, "stab", "a"); err != nil {
		t.Fatal(err)
	}
	removed, err := s.Erase(t.Context(), shop, "a", "uanonymous-1", store.Receipt{ID: "1", Mode: "anonymize"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "anonymized", store.Removed{Events: 2, Aliases: 1, Orders: 1, Users: 1}, removed)
	same(t, "left", []string{"1 uanonymous-1/ e-1", "2 uanonymous-1/ e-2", "3 ub/ 3"}, scan(t, s, shop, store.ScanQuery{}))
	same(t, "ids are free again", []string{accepted}, appendAll(t, s, newEvent("stab", "2", 0)))
	removed, err = s.Erase(t.Context(), shop, "b", "", store.Receipt{ID: "2", Mode: "erase"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "erased", store.Removed{Events: 1}, removed)
	removed, err = s.Erase(t.Context(), shop, "b", "", store.Receipt{ID: "3", Mode: "erase"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "again", store.Removed{}, removed)
}
