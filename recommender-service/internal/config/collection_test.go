package config_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/config"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/testenv"
)

type thing struct {
	Text string `json:"text"`
}

// slow is a store on which something happens after a listing was read and before the caller has it.
type slow struct {
	*store.Store
	between func()
}

func (s *slow) Documents(ctx context.Context, shop, kind string) ([]store.Document, error) {
	list, err := s.Store.Documents(ctx, shop, kind)
	s.between()
	return list, err
}

func TestWhatIsWrittenWhileTheStoreIsReadIsNotLost(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), testenv.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &slow{Store: db, between: func() {}}
	c := config.New(
		s, "thing", func(*thing, config.Meta) {}, map[string]thing{"built in": {"as delivered"}}, slog.New(slog.DiscardHandler), time.Now,
	)
	put := func(id, text string) {
		t.Helper()
		if _, _, err := c.Put(t.Context(), "north", id, "key", &thing{text}, func(int64) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	put("old", "first")
	put("gone", "first")
	s.between = func() {
		put("old", "second")
		put("new", "first")
		put("built in", "changed")
		if err := c.Delete(t.Context(), "north", "gone", "key", func(int64) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	if err := c.Refresh(t.Context(), "north"); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for id, want := range map[string]string{"old": "second", "new": "first", "built in": "changed"} {
			if e, ok := c.Find("north", id); !ok || e.Value.Text != want {
				t.Errorf("%s: %s is %+v, %v", when, id, e.Value, ok)
			}
		}
		if _, ok := c.Find("north", "gone"); ok {
			t.Errorf("%s: what was deleted is back", when)
		}
	}
	check("while the store was read")
	s.between = func() {}
	if err := c.Refresh(t.Context(), "north"); err != nil {
		t.Fatal(err)
	}
	check("afterwards")
}

// counted is a store that says which shops were read, and when all were asked for their stamps.
type counted struct {
	*store.Store
	read  chan string
	asked chan struct{}
}

func (c *counted) Documents(ctx context.Context, shop, kind string) ([]store.Document, error) {
	c.read <- shop
	return c.Store.Documents(ctx, shop, kind)
}

func (c *counted) Stamps(ctx context.Context, kind string) (map[string]string, error) {
	select {
	case c.asked <- struct{}{}:
	default:
	}
	return c.Store.Stamps(ctx, kind)
}

// TestShopsAtRestAreReadOnce follows two shops, of which another replica changes one.
func TestShopsAtRestAreReadOnce(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), testenv.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &counted{db, make(chan string, 100), make(chan struct{})}
	collection := func(d config.Documents) *config.Collection[thing] {
		return config.New(d, "thing", func(*thing, config.Meta) {}, nil, slog.New(slog.DiscardHandler), time.Now)
	}
	c, other := collection(s), collection(db)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx, func() []string { return []string{"north", "south"} }, time.Millisecond)
	}()
	for range 10 {
		<-s.asked
	}
	if n := len(s.read); n != 2 {
		t.Errorf("two shops at rest were read %d times", n)
	}
	for text := range 3 {
		if _, _, err := other.Put(
			t.Context(), "south", "new", "key", &thing{strconv.Itoa(text)}, func(int64) error { return nil },
		); err != nil {
			t.Fatal(err)
		}
		for range 3 { // the second question came after the change, and at the third what it led to is done
			<-s.asked
		}
		if e, ok := c.Find("south", "new"); !ok || e.Value.Text != strconv.Itoa(text) {
			t.Errorf("what another replica wrote is %+v, want %d", e, text)
		}
	}
	stop()
	go func() {
		for range s.asked {
			continue
		}
	}()
	<-ended
	close(s.read)
	times := map[string]int{}
	for shop := range s.read {
		times[shop]++
	}
	if times["north"] != 1 || times["south"] < 2 || times["south"] > 5 {
		t.Errorf("read were %v", times)
	}
}
