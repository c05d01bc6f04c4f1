// Package popularity counts what is popular now: event weights that fade with time, over the whole shop and per category. A product and its
// variants count together. It reads the interactions that are new since its last look, so that a list is fresh within a minute and needs no
// recompute.
//
// All weights of a window fade by one common factor, so that time alone never changes an order: lists are ranked again only when events
// came or the catalogue changed, and otherwise only their factor moves on.
package popularity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/rounds"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
)

// window is one way to count.
type window struct {
	similarityapi.PopularWindow
	HalfLife time.Duration
	// Counts reports whether an event type counts.
	Counts func(eventType string) bool
}

// fade is what is left of a weight after some time: 2^(−time/half-life).
func (w *window) fade(after time.Duration) float64 {
	return math.Exp2(-after.Seconds() / w.HalfLife.Seconds())
}

// windows are those that every shop has.
func windows() []window {
	positive := func(string) bool { return true }
	return []window{
		{similarityapi.PopularWindow{Name: "popular"}, 30 * 24 * time.Hour, positive},
		{similarityapi.PopularWindow{Name: "trending"}, 7 * 24 * time.Hour, positive},
		{
			similarityapi.PopularWindow{Name: "best_sellers"}, 30 * 24 * time.Hour,
			func(t string) bool { return t == "purchase" || t == "refund" },
		},
	}
}

// own returns the window of a shop's own: that of its name, with another half-life or other types.
func own(key similarityapi.PopularWindow) window {
	all := windows()
	w := all[max(0, slices.IndexFunc(all, func(w window) bool { return w.Name == key.Name }))]
	w.PopularWindow = key
	if key.HalfLifeHours > 0 {
		w.HalfLife = time.Duration(key.HalfLifeHours * float64(time.Hour))
	}
	if types := key.Types(); types != nil {
		w.Counts = func(t string) bool { return slices.Contains(types, t) }
	}
	return w
}

const (
	// listed is the length of the kept lists.
	listed = 500
	// rebuildAfter is when a shop is counted from the start again, so that erased people and late events are right.
	rebuildAfter = 24 * time.Hour
	// robotsAfter is when it is, where visitors were found to be robots since.
	robotsAfter = time.Hour
	// idle is how late events of a shop are counted where neither events came nor lists were asked for of late.
	idle = 10 * time.Minute
	// ownWindows bounds a shop's own windows, and ownIdle is how long one is kept that nobody asks for.
	ownWindows = 8
	ownIdle    = 24 * time.Hour
	// atOnce bounds the shops that are counted at the same time, and countingLimit the counting of one.
	atOnce        = 4
	countingLimit = 10 * time.Minute
)

// Catalogue says where items stand.
type Catalogue interface {
	// FamilyOf returns the item that stands for an item's family, the family's category names, and whether the catalogue has it. The names
	// must not be changed.
	FamilyOf(shop, itemID string) (head string, categories []string, known bool)
	// Revision is another number whenever an item of the shop has come, gone or changed its categories or its family.
	Revision(shop string) uint64
}

// Popularity keeps the lists of every shop. It is safe for concurrent use.
type Popularity struct {
	client    *profileapi.Client
	catalogue Catalogue
	files     blob.Bucket
	logger    *slog.Logger
	now       func() time.Time
	rounds    rounds.Rounds

	mu    sync.RWMutex
	shops map[string]*shop
}

// shop is what is counted for a shop.
type shop struct {
	counter *counter // of the visit that is under way; nil when the shop is to be counted from the start
	// lists are the finished ones; nil while nothing was counted yet.
	lists *lists
	// asked are the windows of the shop's own, with when each was asked for last.
	asked map[similarityapi.PopularWindow]time.Time

	begun   bool      // the visits have looked for what was saved; theirs alone, like
	savedAt time.Time // when the counter was saved or read last, and
	unsaved int       // how many events it has counted since
}

// lists are the finished lists of a shop at a moment.
type lists struct {
	asOf  time.Time
	fades []float64 // by window: what the sums of the ranking are multiplied with
	*ranking
}

// New returns an empty Popularity that counts what is new every interval. What it has counted it keeps in files for the next start.
func New(
	client *profileapi.Client, catalogue Catalogue, files blob.Bucket, interval time.Duration, logger *slog.Logger, now func() time.Time,
) *Popularity {
	p := &Popularity{client: client, catalogue: catalogue, files: files, logger: logger, now: now, shops: map[string]*shop{}}
	p.rounds = rounds.Rounds{Every: interval, Idle: idle, AtOnce: atOnce, Visit: p.refresh}
	return p
}

// Run refreshes the lists of all shops until ctx ends.
func (p *Popularity) Run(ctx context.Context, shops func() []string) { p.rounds.Run(ctx, shops) }

// Now refreshes the lists of a shop at once.
func (p *Popularity) Now(shop string) { p.rounds.Now(shop) }

// shop returns what is counted for a shop. It is called with mu held.
func (p *Popularity) shop(name string) *shop {
	s := p.shops[name]
	if s == nil {
		s = &shop{asked: map[similarityapi.PopularWindow]time.Time{}}
		p.shops[name] = s
	}
	return s
}

// refresh counts what is new in a shop and brings its lists up to now.
func (p *Popularity) refresh(ctx context.Context, name string) (busy bool) {
	ctx, cancel := context.WithTimeout(ctx, countingLimit)
	defer cancel()
	s, c := p.begin(name)
	if !s.begun {
		c = p.goOn(ctx, name, s, c)
	}
	n, err := p.count(ctx, name, c)
	if !p.show(ctx, name, s, c, err) {
		return true
	}
	s.unsaved += n
	if s.unsaved >= saveEvents || s.unsaved > 0 && p.now().Sub(s.savedAt) >= saveAfter {
		s.savedAt, s.unsaved = p.now(), 0
		if err := p.save(ctx, name, c); err != nil && ctx.Err() == nil {
			p.logger.Warn("popularity not saved, the next start counts it again", "shop", name, "error", err)
		}
	}
	return n > 0
}

// show makes lists of what was counted, unless err says that some of it is missing; then the next visit goes on where this one ended.
func (p *Popularity) show(ctx context.Context, name string, s *shop, c *counter, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.counter = c; err != nil {
		if apierror.Is(err, http.StatusGone) {
			s.counter = nil // the database was restored from a backup, or is another one
		}
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.logger.Warn("popularity not refreshed, the lists stay as they are", "shop", name, "error", err)
		}
		return false
	}
	p.publish(name, s)
	return true
}

// publish shows the lists of a shop's counter as they are now. It is called with mu held.
func (p *Popularity) publish(name string, s *shop) {
	now := p.now()
	s.lists = &lists{asOf: now, fades: s.counter.fades(now), ranking: s.counter.rank(p.catalogue, name)}
}

// begin returns the counter that a visit goes on with: a new one when it is time to count from the start, or when a window was asked for
// that is not counted.
func (p *Popularity) begin(name string) (*shop, *counter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, now := p.shop(name), p.now()
	fresh := s.counter == nil || now.Sub(s.counter.since) > rebuildAfter || s.counter.stale && now.Sub(s.counter.since) > robotsAfter
	for key, asked := range s.asked {
		if now.Sub(asked) > ownIdle {
			delete(s.asked, key)
			continue
		}
		fresh = fresh || !slices.ContainsFunc(s.counter.windows, func(w window) bool { return w.PopularWindow == key })
	}
	if !fresh {
		return s, s.counter
	}
	windows := windows()
	for key := range s.asked {
		windows = append(windows, own(key))
	}
	return s, newCounter(windows, now)
}

// count adds the interactions that are new to a counter, and returns how many.
func (p *Popularity) count(ctx context.Context, name string, c *counter) (n int, err error) {
	if c.weights == nil {
		types, err := p.client.ForShop(name).EventTypes(ctx)
		if err != nil {
			return 0, fmt.Errorf("read the types of event: %w", err)
		}
		c.weights = types.Weights
	}
	stream, err := p.client.ForShop(name).Interactions(ctx, profileapi.InteractionsQuery{After: c.cursor})
	if err != nil {
		return n, fmt.Errorf("read interactions: %w", err)
	}
	defer stream.Close()
	if c.cursor == "" {
		c.robots = stream.RobotsAsOf
	}
	c.stale = c.robots != stream.RobotsAsOf
	for {
		b, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("read interactions: %w", err)
		}
		n += b.Len()
		c.add(b)
		c.cursor = b.Cursor
	}
}

// List returns the first n items of a list; an empty one for a category without events. A window of the shop's own is counted from the
// first time that it is asked for. The error is a problem. Events of a shop whose lists are asked for are counted within the interval.
func (p *Popularity) List(
	ctx context.Context, name string, window similarityapi.PopularWindow, category string, n int,
) (similarityapi.PopularAnswer, error) {
	if err := p.want(ctx, name, window); err != nil {
		return similarityapi.PopularAnswer{}, err
	}
	p.rounds.Soon(name)
	p.mu.RLock()
	var l *lists
	if s := p.shops[name]; s != nil {
		l = s.lists
	}
	p.mu.RUnlock()
	if l == nil || !l.has(window) {
		return similarityapi.PopularAnswer{}, apierror.Unavailable("Popularity is being counted for the first time.", time.Second, nil)
	}
	items := l.items(window, category)
	return similarityapi.PopularAnswer{
		Category: category, Window: window.Name, HalfLifeHours: window.HalfLifeHours, EventTypes: window.Types(), AsOf: wire.TimeOf(l.asOf),
		Items: items[:min(n, len(items))],
	}, nil
}

// want notes that a window of the shop's own was asked for, and has it counted when that is new.
func (p *Popularity) want(ctx context.Context, name string, window similarityapi.PopularWindow) error {
	if !window.Own() || p.wanted(name, window, false) {
		return nil
	}
	known, err := p.client.ForShop(name).EventTypes(ctx)
	if err != nil {
		return apierror.Unavailable("The types of event cannot be read.", time.Second, err)
	}
	for _, t := range window.Types() {
		if _, ok := known.Weights[t]; !ok {
			return apierror.Invalid("There is no such list.", apierror.FieldError{
				Parameter: "event_types", Code: "unknown_type", Detail: t + " " + known.Weights.Unknown(t),
			})
		}
	}
	if !p.wanted(name, window, true) {
		return apierror.Invalid("There is no such list.",
			apierror.FieldError{Parameter: "half_life_hours", Code: "too_many", Detail: fmt.Sprintf(
				"the shop has %d windows of its own already, and one that nobody asks for is dropped after %s: ask for "+
					"fewer", ownWindows, ownIdle)})
	}
	p.rounds.Now(name)
	return nil
}

// wanted notes that one of the shop's own windows was asked for, and reports whether it is one; a new one becomes it when add says so and
// there is room.
func (p *Popularity) wanted(name string, window similarityapi.PopularWindow, add bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shop(name)
	if _, known := s.asked[window]; !known && (!add || len(s.asked) >= ownWindows) {
		return false
	}
	s.asked[window] = p.now()
	return true
}
