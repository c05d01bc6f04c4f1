package export_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/export"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestEndedExportsMakeRoomAndThoseUnderWayDoNot(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	m, err := export.New(func(ctx context.Context, _ string, r *api.Request) (api.Answer, error) {
		if r.UserID == "slow" {
			select {
			case <-hold:
			case <-ctx.Done():
			}
		}
		return api.Answer{}, nil
	}, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	begin := func(user string) string {
		t.Helper()
		e, err := m.Start("north", api.ExportRequest{UserIDs: []string{user}})
		if err != nil {
			t.Fatal(err)
		}
		return e.ExportID
	}
	quick := begin("quick")
	for e, err := m.Find("north", quick); e.State != api.ExportDone; e, err = m.Find("north", quick) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 99 {
		begin("slow")
	}
	last := begin("slow") // the hundred are full, and one of them has ended
	if _, err := m.Find("north", quick); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the export that ended: %v", err)
	}
	if _, err := m.Start("north", api.ExportRequest{UserIDs: []string{"slow"}}); !errors.Is(err, export.ErrFull) {
		t.Errorf("one more than fit: %v", err)
	}
	close(hold)
	if _, err := m.Find("north", last); err != nil {
		t.Error(err)
	}
}
