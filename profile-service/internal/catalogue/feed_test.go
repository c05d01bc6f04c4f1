package catalogue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// counted is a store that counts how often its changes are read, and says when.
type counted struct {
	store.Catalogue
	reads atomic.Int32
	read  chan struct{}
}

func (c *counted) ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]store.ItemRow, error) {
	rows, err := c.Catalogue.ItemChanges(ctx, shop, after, limit)
	c.reads.Add(1)
	select {
	case c.read <- struct{}{}:
	default:
	}
	return rows, err
}

// TestWhoWaitsAloneIsWoken waits for a change of a store that nobody else writes into: it is read once before and once after the change.
func TestWhoWaitsAloneIsWoken(t *testing.T) {
	t.Parallel()
	s := &counted{Catalogue: storetest.SQLite(t), read: make(chan struct{}, 1)}
	c := catalogue.New(s, time.Now)
	c.Alone = true
	changes := make(chan profileapi.ItemChanges, 1)
	go func() {
		page, err := c.Changes(t.Context(), "north", "", 10, time.Minute)
		if err != nil {
			t.Error(err)
		}
		changes <- page
	}()
	<-s.read
	if _, err := c.Update(t.Context(), "north", []string{"lamp"}, func(int, *profileapi.Item) (*profileapi.Item, error) {
		return &profileapi.Item{ItemID: "lamp", Title: "Lamp"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if page := <-changes; len(page.Changes) != 1 || page.Changes[0].ItemID != "lamp" {
		t.Errorf("the changes are %+v", page)
	}
	if n := s.reads.Load(); n != 2 {
		t.Errorf("the store was read %d times", n)
	}
}
