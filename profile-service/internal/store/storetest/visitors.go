package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// read returns what is held on a user and a session.
func read(t *testing.T, s store.Store, user, session string) store.Visitor {
	t.Helper()
	v, err := s.Visitor(t.Context(), shop, user, session)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// held returns "subject item item" of the states of a user and a session.
func held(t *testing.T, s store.Store, user, session string) []string {
	t.Helper()
	out := []string{}
	for _, state := range read(t, s, user, session).States {
		decoded, err := visitorstate.Decode(state.Data)
		if err != nil {
			t.Fatal(err)
		}
		text := state.Subject
		for _, it := range decoded.Items {
			text += " " + it.ID
		}
		out = append(out, text)
	}
	return out
}

// visitorState checks that a reading has every event that was acknowledged, of user and session apart
// until they are merged, with the newest item first.
func visitorState(t *testing.T, s store.Store) {
	same(t, "a shop without events", []string{}, held(t, s, "a", "tab"))
	inSession := newEvent("ua", "2", 2)
	inSession.SessionID = "tab"
	appendAll(t, s, newEvent("ua", "1", 1), inSession, newEvent("stab", "3", 3), newEvent("ub", "4", 4))
	putUser(t, s, "a", 1, false)
	// The event of a known user in a session is the user's; the session keeps what was done
	// before it was known whose it is.
	same(t, "user", []string{"ua i2 i1"}, held(t, s, "a", ""))
	same(t, "user and session", []string{"ua i2 i1", "stab i3"}, held(t, s, "a", "tab"))
	same(t, "session", []string{"stab i3"}, held(t, s, "", "tab"))
	// Nobody is no error: a visitor of whom nothing is stored has no state.
	same(t, "nobody", []string{}, held(t, s, "z", "z"))
	v := read(t, s, "a", "tab")
	if v.LastSeq != 5 || v.User == nil || v.User.Version != 1 || v.Withheld || !v.States[1].Beside || v.States[0].Version != 5 {
		t.Errorf("visitor %+v", v)
	}
	// A repeat is known by its id, also under the user whose session it was in.
	appendAll(t, s, newEvent("ua", "2", 9))
	same(t, "a repeat changes nothing", []string{"ua i2 i1"}, held(t, s, "a", ""))
	same(t, "an event of a session sent again with its user", []string{duplicate}, appendAll(t, s, func() store.NewEvent {
		e := newEvent("ua", "3", 3)
		e.SessionID = "tab"
		return e
	}()))
	same(
		t, "a made id", accepted,
		appendAll(t, s, store.NewEvent{Event: store.Event{Subject: "uc", Type: "view_item", OccurredMs: base, ReceivedMs: base}})[0],
	)
	same(t, "is made of the seq", []string{"8 uc/ e-8"}, scan(t, s, shop, store.ScanQuery{Subjects: []string{"uc"}}))
}

// historyOf returns the ids of a history in its order, with blanks between.
func historyOf(t *testing.T, s store.Store, q store.HistoryQuery) string {
	t.Helper()
	var ids []string
	if err := s.History(t.Context(), shop, q, func(page []store.Event) error {
		for _, e := range page {
			ids = append(ids, e.EventID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(ids, " ")
}

// history checks that bounds hold for the seq and for the time of an event; a session's history has what
// was done in it, under whichever name.
func history(t *testing.T, s store.Store) {
	rating := 4.0
	e := newEvent("ua", "1", 5)
	e.Value, e.SessionID, e.Type = &rating, "tab", event.TypeRate
	appendAll(t, s, e, newEvent("ua", "2", 1), newEvent("stab", "3", 9), newEvent("ub", "4", 2))
	for want, q := range map[string]store.HistoryQuery{
		"1 2":   {Subjects: []string{"ua"}},
		"1 2 3": {Subjects: []string{"ua", "stab"}},
		"1 3":   {SessionID: "tab"},
		"1":     {Subjects: []string{"ua", "stab"}, Watermark: 1},
		"2":     {Subjects: []string{"ua"}, UntilMs: base + 1000},
		"":      {Subjects: []string{"uz"}},
	} {
		same(t, fmt.Sprintf("%+v", q), want, historyOf(t, s, q))
	}
	if err := s.History(t.Context(), shop, store.HistoryQuery{Subjects: []string{"ua"}, Watermark: 1}, func(page []store.Event) error {
		if *page[0].Value != rating || string(page[0].Lines) != string(e.Lines) || page[0].SessionID != "tab" {
			t.Errorf("the event came back as %+v", page[0])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// versions checks after each step whose versions have risen: exactly those concerned, since a
// caller keeps what it has read for as long as the version stays.
func versions(t *testing.T, s store.Store) {
	// An event of ub in the session tab makes known that the session is ub's, which concerns
	// both.
	inSession := newEvent("ub", "2", 0)
	inSession.SessionID = "tab"
	tags := func() map[string]string {
		now := map[string]string{}
		for _, who := range []string{"ua", "ub", "uc", "uanon", "stab"} {
			user, session := event.SplitSubject(who)
			v := read(t, s, user, session)
			for _, state := range v.States {
				now[who] += fmt.Sprint(state.Subject, state.Version, " ")
			}
		}
		return now
	}
	merge := func(alias string) func() {
		return func() {
			if _, err := s.Merge(t.Context(), shop, alias, "a"); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := tags()
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"an event", func() { appendAll(t, s, newEvent("ua", "1", 0)) }, "ua"},
		{"an event in a session", func() { appendAll(t, s, inSession) }, "stab ub"},
		{"a repeat", func() { appendAll(t, s, newEvent("ua", "1", 0)) }, ""},
		{"a record", func() { putUser(t, s, "c", 1, false) }, "uc"},
		{"a consent that is withdrawn", func() { putUser(t, s, "c", 2, true) }, "uc"},
		{"an event without consent", func() { appendAll(t, s, newEvent("uc", "3", 0)) }, ""},
		{"a merge", merge("uanon"), "ua uanon"},
		{"a merge of a session", merge("stab"), "stab ua uanon"},
		{"an event of an alias", func() { appendAll(t, s, newEvent("uanon", "4", 0)) }, "stab ua uanon"},
		{"an erasure", func() {
			if _, err := s.Erase(t.Context(), shop, "a", "", store.Receipt{ID: "r", Mode: "erase"}); err != nil {
				t.Fatal(err)
			}
		}, "stab ua uanon"},
	} {
		step.do()
		now := tags()
		var changed []string
		for _, who := range []string{"stab", "ua", "uanon", "ub", "uc"} {
			if now[who] != before[who] {
				changed = append(changed, who)
			}
		}
		same(t, step.name, step.want, strings.Join(changed, " "))
		before = now
	}
}
