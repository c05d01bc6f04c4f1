package popularity

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

const (
	// savedFormat is another number whenever the meaning of saved changes; files of other formats are not read.
	savedFormat = 1
	// saveAfter and saveEvents bound what the next start counts again, which takes about .3 s.
	saveAfter, saveEvents = 10 * time.Minute, 50_000
)

// saved is a counter in a file, so that a start need not count from the first event. It holds sums over all visitors, and nobody's own.
type saved struct {
	Format               int
	Cursor               string
	Since, Epoch, Newest time.Time
	Robots               int64
	Weights              profileapi.EventWeights
	Windows              []similarityapi.PopularWindow
	HalfLives            []time.Duration
	IDs                  []string
	Sums                 [][]float64
}

func savedPath(shop string) string { return archive.Path(shop, "popularity", "counted") }

// save keeps a shop's counter.
func (p *Popularity) save(ctx context.Context, shop string, c *counter) error {
	s := saved{
		Format: savedFormat, Cursor: c.cursor, Since: c.since, Epoch: c.epoch, Newest: c.newest, Robots: c.robots, Weights: c.weights,
		IDs: c.ids, Sums: c.sums,
	}
	for _, w := range c.windows {
		s.Windows, s.HalfLives = append(s.Windows, w.PopularWindow), append(s.HalfLives, w.HalfLife)
	}
	return p.files.Put(ctx, savedPath(shop), func(to io.Writer) error {
		if err := gob.NewEncoder(to).Encode(s); err != nil {
			return fmt.Errorf("encode popularity: %w", err)
		}
		return nil
	})
}

// goOn returns the counter that was saved of a shop, for its first visit; fresh when there is none that can be gone on with. One that is to
// be counted from the start again is shown meanwhile.
func (p *Popularity) goOn(ctx context.Context, name string, s *shop, fresh *counter) *counter {
	c, err := p.load(ctx, name)
	if ctx.Err() != nil {
		return fresh
	}
	s.begun = true
	if err != nil {
		p.logger.Warn("popularity is counted from the start: what was saved cannot be read", "shop", name, "error", err)
	}
	if c == nil {
		return fresh
	}
	s.savedAt = p.now()
	return c
}

// load returns the counter of a shop that was saved last; nil when there is none, or when events weigh or count otherwise now.
func (p *Popularity) load(ctx context.Context, shop string) (*counter, error) {
	file, err := p.files.Open(ctx, savedPath(shop))
	if errors.Is(err, archive.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var s saved
	if err := gob.NewDecoder(file).Decode(&s); err != nil {
		return nil, fmt.Errorf("decode popularity: %w", err)
	}
	types, err := p.client.ForShop(shop).EventTypes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the types of event: %w", err)
	}
	if !maps.Equal(s.Weights, types.Weights) {
		return nil, nil
	}
	return s.counter(), nil
}

// counter is what was saved, nil when this program counts otherwise.
func (s *saved) counter() *counter {
	if s.Format != savedFormat || len(s.HalfLives) != len(s.Windows) || len(s.Sums) != len(s.Windows) {
		return nil
	}
	c := newCounter(nil, s.Since)
	c.cursor, c.epoch, c.newest, c.robots, c.weights = s.Cursor, s.Epoch, s.Newest, s.Robots, s.Weights
	c.ids, c.sums = s.IDs, s.Sums
	for n, key := range s.Windows {
		w := own(key)
		if w.HalfLife != s.HalfLives[n] || len(s.Sums[n]) != len(s.IDs) {
			return nil
		}
		c.windows = append(c.windows, w)
	}
	for _, w := range windows() {
		if !slices.ContainsFunc(c.windows, func(x window) bool { return x.PopularWindow == w.PopularWindow }) {
			return nil
		}
	}
	for n, id := range c.ids {
		c.numbers[id] = int32(n)
	}
	return c
}
