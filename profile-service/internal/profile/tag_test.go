package profile_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/changes"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/profile"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestATagHoldsUntilSomethingOfTheVisitorChanges looks at one visitor with a tag of the start, on a store in which others are busy too.
func TestATagHoldsUntilSomethingOfTheVisitorChanges(t *testing.T) {
	t.Parallel()
	ann := profileapi.ProfileQuery{UserID: "ann", SessionID: "tab", Limit: 50}
	for name, c := range map[string]struct {
		later  time.Duration
		do     func(t *testing.T, s store.Store)
		ask    func(q *profileapi.ProfileQuery, tag *string)
		unlike bool // the tag must not hold
	}{
		"nothing happens":                     {},
		"others are busy":                     {do: func(t *testing.T, s store.Store) { view(t, s, "ubob", "") }},
		"half of its life later":              {later: profile.MaxAge / 2},
		"past its life":                       {later: profile.MaxAge + time.Second, unlike: true},
		"made in the future":                  {later: -time.Second, unlike: true},
		"the visitor does something":          {do: func(t *testing.T, s store.Store) { view(t, s, "uann", "") }, unlike: true},
		"something is done in the session":    {do: func(t *testing.T, s store.Store) { view(t, s, "stab", "tab") }, unlike: true},
		"somebody else is in the session":     {do: func(t *testing.T, s store.Store) { view(t, s, "ubob", "tab") }, unlike: true},
		"the session is merged into the user": {do: func(t *testing.T, s store.Store) { merge(t, s, "stab", "ann") }, unlike: true},
		"another limit":                       {ask: func(q *profileapi.ProfileQuery, _ *string) { q.Limit = 51 }, unlike: true},
		"another visitor":                     {ask: func(q *profileapi.ProfileQuery, _ *string) { q.UserID = "bob" }, unlike: true},
		"a profile of the past":               {ask: func(q *profileapi.ProfileQuery, _ *string) { q.At = wire.TimeOf(time.Now()) }, unlike: true},
		"a tag that is none":                  {ask: func(_ *profileapi.ProfileQuery, tag *string) { *tag = `W/"x.y.50.z"` }, unlike: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.SQLite(t)
			facts := profile.NewFacts(s)
			t.Cleanup(facts.Close)
			now := time.Now()
			clock := func() time.Time { return now }
			r := &profile.Reader{
				Histories: s, Facts: facts, Changes: changes.NewLog(s, clock), Weights: event.DefaultWeights(), HalfLife: 24 * time.Hour, Now: clock,
			}
			view(t, s, "uann", "")
			holds := func(q profileapi.ProfileQuery, tag string) bool {
				ok, err := r.Holds(t.Context(), "north", q, tag)
				if err != nil {
					t.Fatal(err)
				}
				return ok
			}
			_, old, err := r.Profile(t.Context(), "north", ann)
			if err != nil {
				t.Fatal(err)
			}
			view(t, s, "ubob", "") // from here on the log follows the shop
			holds(ann, old)
			_, tag, err := r.Profile(t.Context(), "north", ann)
			if err != nil {
				t.Fatal(err)
			}
			if c.do != nil {
				c.do(t, s)
			}
			now = now.Add(c.later)
			q := ann
			if c.ask != nil {
				c.ask(&q, &tag)
			}
			if c.unlike && r.HoldsSurely("north", q, tag) {
				t.Error("the tag holds surely")
			}
			if got := holds(q, tag); got == c.unlike {
				t.Errorf("the tag holds: %t", got)
			}
			if got := r.HoldsSurely("north", q, tag); got == c.unlike { // by now the log is up to date
				t.Errorf("the tag holds surely: %t", got)
			}
		})
	}
}

func view(t *testing.T, s store.Store, subject, session string) {
	t.Helper()
	last, err := s.LastSeq(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	id := strconv.FormatInt(last, 10)
	e := store.NewEvent{EventHash: event.Hash(id), SubjectHash: event.Hash(subject), Event: store.Event{
		Subject: subject, SessionID: session, EventID: id, Type: "view_item", OccurredMs: 1, ReceivedMs: 1, Lines: event.AppendLines(nil, []event.Line{{ItemID: "i"}}),
	}}
	if _, err := s.Append(t.Context(), "north", []store.NewEvent{e}, nil); err != nil {
		t.Fatal(err)
	}
}

func merge(t *testing.T, s store.Store, alias, user string) {
	t.Helper()
	if _, err := s.Merge(t.Context(), "north", alias, user); err != nil {
		t.Fatal(err)
	}
}
