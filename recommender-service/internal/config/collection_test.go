package config_test

import (
	"context"
	"log/slog"
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
	c := config.New(s, "thing", func(*thing, config.Meta) {}, map[string]thing{"built in": {"as delivered"}}, slog.New(slog.DiscardHandler), time.Now)
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
