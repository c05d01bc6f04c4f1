package export_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/recommender-service/internal/export"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// onBoth runs a test on an SQLite file and on Postgres. Each call of open opens the database once more, as another process does.
func onBoth(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	for name, url := range map[string]func() string{
		"sqlite": func() string { return testenv.SQLite(t) },
		"postgres": func() string {
			url := testenv.Postgres(t)
			if err := migrations.Up(t.Context(), migrations.Recommender, url); err != nil {
				t.Fatal(err)
			}
			return url
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := url()
			test(t, func() *store.Store {
				s, err := store.Open(t.Context(), at)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				return s
			})
		})
	}
}

func manager(t *testing.T, s *store.Store, recommend export.Recommend) *export.Manager {
	t.Helper()
	m := export.New(s, recommend, nil, slog.New(slog.DiscardHandler), time.Now)
	t.Cleanup(m.Close)
	return m
}

// until waits until an export is in a state.
func until(t *testing.T, m *export.Manager, id, state string) api.Export {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); ; {
		e, err := m.Find(t.Context(), "north", id)
		if err != nil {
			t.Fatal(err)
		}
		if e.State == state {
			return e
		}
		select {
		case <-limit:
			t.Fatalf("it stays as it is: %+v", e)
		case <-tick.C:
		}
	}
}

func begin(t *testing.T, m *export.Manager, users ...string) string {
	t.Helper()
	e, err := m.Start(t.Context(), "north", api.ExportRequest{UserIDs: users})
	if err != nil {
		t.Fatal(err)
	}
	return e.ExportID
}

func TestEndedExportsMakeRoomAndThoseUnderWayDoNot(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *store.Store) {
		m := manager(t, open(), func(ctx context.Context, _ string, r *api.Request) (api.Answer, error) {
			if r.UserID == "slow" {
				<-ctx.Done()
			}
			return api.Answer{}, nil
		})
		quick := begin(t, m, "quick")
		until(t, m, quick, api.ExportDone)
		for range 99 {
			begin(t, m, "slow")
		}
		last := begin(t, m, "slow") // the hundred are full, and one of them has ended
		if _, err := m.Find(t.Context(), "north", quick); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the export that ended: %v", err)
		}
		if _, err := m.Start(t.Context(), "north", api.ExportRequest{UserIDs: []string{"slow"}}); !errors.Is(err, export.ErrFull) {
			t.Errorf("one more than fit: %v", err)
		}
		if _, err := m.Find(t.Context(), "north", last); err != nil {
			t.Error(err)
		}
	})
}

// TestAnotherProcessGoesOn stops a process in the middle of an export, then one that never says another word; a third one goes on.
// Everybody is in the file once, in order, and every process can read it.
func TestAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	var users []string
	for n := range 30 {
		users = append(users, fmt.Sprintf("user-%02d", n))
	}
	onBoth(t, func(t *testing.T, open func() *store.Store) {
		stopsAt := func(user string, reached chan<- struct{}) export.Recommend {
			return func(ctx context.Context, _ string, r *api.Request) (api.Answer, error) {
				if r.UserID == user {
					close(reached)
					<-ctx.Done()
				}
				return api.Answer{RecommendationID: r.UserID}, nil
			}
		}
		atTen := make(chan struct{})
		first := manager(t, open(), stopsAt("user-10", atTen))
		id := begin(t, first, users...)
		<-atTen
		first.Close()
		until(t, first, id, api.ExportQueued)

		s := open()
		atTwenty := make(chan struct{})
		second := manager(t, open(), stopsAt("user-20", atTwenty))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go second.Run(ctx)
		<-atTwenty
		if _, err := s.Exec(t.Context(), "update exports set owner = 'gone', lease_ms = 0"); err != nil { // as if it had been killed
			t.Fatal(err)
		}
		cancel()

		var asked atomic.Int32
		third := manager(t, open(), func(_ context.Context, _ string, r *api.Request) (api.Answer, error) {
			asked.Add(1)
			return api.Answer{RecommendationID: r.UserID}, nil
		})
		go third.Run(t.Context())
		if e := until(t, third, id, api.ExportDone); e.Done != len(users) || asked.Load() == int32(len(users)) {
			t.Errorf("%d people, the last process asked for %d: %+v", len(users), asked.Load(), e)
		}
		second.Close()
		for _, m := range []*export.Manager{first, second, third} {
			if got := read(t, m, id); !slices.Equal(got, users) {
				t.Errorf("in the file are %v", got)
			}
		}
	})
}

// read returns the people of a file in its order.
func read(t *testing.T, m *export.Manager, id string) (users []string) {
	t.Helper()
	write, _, err := m.Result(t.Context(), "north", id)
	if err != nil || write == nil {
		t.Fatalf("no file: %v", err)
	}
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(&file); lines.Scan(); {
		var line api.ExportLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.UserID != line.RecommendationID {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		users = append(users, line.UserID)
	}
	return users
}

// TestAnExportIsCancelledFromAnotherProcess cancels one that is written elsewhere, and one that waits.
func TestAnExportIsCancelledFromAnotherProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *store.Store) {
		went := make(chan struct{}, 1000)
		writes := manager(t, open(), func(ctx context.Context, _ string, _ *api.Request) (api.Answer, error) {
			select {
			case went <- struct{}{}:
			default:
			}
			tick := time.NewTimer(20 * time.Millisecond)
			defer tick.Stop()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			return api.Answer{}, nil
		})
		other := manager(t, open(), nil)
		users := slices.Repeat([]string{"ann"}, 10_000)
		id := begin(t, writes, users...)
		<-went
		if err := other.Cancel(t.Context(), "south", id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another shop cancels it: %v", err)
		}
		if err := other.Cancel(t.Context(), "north", id); err != nil {
			t.Fatal(err)
		}
		if e := until(t, other, id, api.ExportCancelled); e.FinishedAt.IsZero() || e.Done >= len(users) {
			t.Errorf("%d were written: %v", e.Done, e.FinishedAt)
		}
		if write, _, err := other.Result(t.Context(), "north", id); write != nil || err != nil {
			t.Errorf("it has a file: %v", err)
		}
	})
}
