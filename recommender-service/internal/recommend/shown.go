package recommend

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// shownHalfLife is after what time rotation lowers an item half as much.
	shownHalfLife = 30 * time.Minute
	shownKept     = 5
	shownTTL      = 3 * time.Hour
)

// Shown is a list that a visitor was shown.
type Shown struct {
	AtMs  int64    `json:"at_ms"`
	Items []string `json:"items"`
}

type shownKey struct{ shop, visitor, scenario string }

// shownLog remembers what visitors were just shown, in memory and, where there is a Redis, for the other replicas: losing it only means that a
// list may repeat. It is safe for concurrent use.
type shownLog struct {
	lists  *otter.Cache[shownKey, []Shown]
	shared *sharedShown // nil without Redis
}

// newShownLog returns an empty log that takes at most so many bytes of memory. client may be nil.
func newShownLog(bytes uint64, client redis.UniversalClient) *shownLog {
	l := &shownLog{lists: otter.Must(&otter.Options[shownKey, []Shown]{
		MaximumWeight: bytes,
		Weigher: func(_ shownKey, lists []Shown) uint32 {
			weight := 200
			for n := range lists {
				weight += 40 + 32*len(lists[n].Items)
			}
			return uint32(weight)
		},
		ExpiryCalculator: otter.ExpiryWriting[shownKey, []Shown](shownTTL),
	})}
	if client != nil {
		l.shared = newSharedShown(client)
	}
	return l
}

func (l *shownLog) close() {
	l.lists.StopAllGoroutines()
	if l.shared != nil {
		l.shared.close()
	}
}

// of returns what a visitor was shown for a scenario, here or as others have told, the latest first.
func (l *shownLog) of(k shownKey, told []sharedList) []Shown {
	lists, _ := l.lists.GetIfPresent(k)
	own := len(lists)
	for n := range told {
		if told[n].Scenario == k.scenario && !slices.ContainsFunc(lists[:own], told[n].same) {
			lists = append(lists[:len(lists):len(lists)], told[n].Shown)
		}
	}
	if len(lists) > own {
		slices.SortStableFunc(lists, func(a, b Shown) int { return cmp.Compare(b.AtMs, a.AtMs) })
	}
	return lists[:min(len(lists), shownKept)]
}

// same reports whether two are one list.
func (s *Shown) same(other Shown) bool {
	return s.AtMs == other.AtMs && slices.Equal(s.Items, other.Items)
}

// add remembers a list beside those that of has returned.
func (l *shownLog) add(k shownKey, s Shown, old []Shown) {
	l.lists.Set(k, append([]Shown{s}, old[:min(len(old), shownKept-1)]...))
}

// forget removes what is kept of visitors; they are named as in shownKey.
func (l *shownLog) forget(ctx context.Context, shop string, visitors []string) error {
	for k := range l.lists.Keys() {
		if k.shop == shop && slices.Contains(visitors, k.visitor) {
			l.lists.Invalidate(k)
		}
	}
	if l.shared == nil {
		return nil
	}
	return l.shared.forget(ctx, shop, visitors)
}

// shownKey returns under what the request's visitor is remembered, and whether anything is to be.
func (r *run) shownKey() (shownKey, bool) {
	id := shownVisitor(r.req.UserID, r.req.SessionID)
	return shownKey{r.shop.Name, id, r.scenario.ScenarioID}, r.rotationStrength() > 0 && id != "" && r.personal()
}

// shownVisitor names a visitor in the memory; "" for nobody.
func shownVisitor(userID, sessionID string) string {
	switch {
	case userID != "":
		return "u/" + userID
	case sessionID != "":
		return "s/" + sessionID
	}
	return ""
}

// personal reports whether the visitor lets himself be known, as far as is known by now.
func (r *run) personal() bool {
	return r.req.Consent.AllowsPersonalization() && (r.person == nil || r.visitor.Personal)
}

// askShown begins to read what other replicas have shown the visitor, once for all questions of a visit. An answer from what is at hand does
// without.
func (r *run) askShown(ctx context.Context) {
	k, ok := r.shownKey()
	if shared := r.engine.shown.shared; ok && shared != nil && r.told == nil && r.past == nil && !r.atHand {
		r.told = shared.begin(ctx, sharedKey(k.shop, k.visitor), r.now)
	}
}

// recallShown finds what rotation lowers.
func (r *run) recallShown(ctx context.Context) {
	if r.past != nil {
		r.shown = r.past.decision.Shown
		return
	}
	k, ok := r.shownKey()
	if !ok {
		return
	}
	var told []sharedList
	if r.askShown(ctx); r.told != nil {
		told = r.told()
	}
	r.shown = r.engine.shown.of(k, told)
}

// noteShown remembers what an answer shows.
func (r *run) noteShown(a *api.Answer) {
	k, ok := r.shownKey()
	if !ok {
		return
	}
	s := Shown{AtMs: r.now.UnixMilli(), Items: make([]string, len(a.Items))}
	for n := range a.Items {
		s.Items[n] = a.Items[n].ItemID
	}
	r.engine.shown.add(k, s, r.shown)
	if r.told == nil {
		return
	}
	all := toldNext(k.scenario, s, r.shown, r.told())
	r.told = func() []sharedList { return all } // which the next question of the visit adds to
	r.engine.shown.shared.write(sharedKey(k.shop, k.visitor), all)
}

// toldNext is what others are told of a visitor who is shown s now, in order of time, the latest first: old are earlier lists of the scenario, told
// what was known of all.
func toldNext(scenario string, s Shown, old []Shown, told []sharedList) []sharedList {
	all := []sharedList{{scenario, s}}
	for _, list := range old[:min(len(old), shownKept-1)] {
		all = append(all, sharedList{scenario, list})
	}
	for _, list := range told {
		if list.Scenario != scenario {
			all = append(all, list)
		}
	}
	slices.SortStableFunc(all, func(a, b sharedList) int { return cmp.Compare(b.AtMs, a.AtMs) })
	return all[:min(len(all), sharedKept)]
}

// Forget removes what is remembered of having been shown to a user and to a session; "" for neither.
func (e *Engine) Forget(ctx context.Context, shop, userID, sessionID string) error {
	var visitors []string
	for _, visitor := range []string{shownVisitor(userID, ""), shownVisitor("", sessionID)} {
		if visitor != "" {
			visitors = append(visitors, visitor)
		}
	}
	return e.shown.forget(ctx, shop, visitors)
}
