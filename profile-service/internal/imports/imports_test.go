package imports

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// blocked is a Sink that tells when it was reached and then waits for the end of its context.
type blocked struct{ reached chan struct{} }

func (b blocked) Items(ctx context.Context, _ string, _ [][]byte, _ Batch) ([]Verdict, error) {
	b.reached <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (b blocked) Users(ctx context.Context, shop string, rows [][]byte, batch Batch) ([]Verdict, error) {
	return b.Items(ctx, shop, rows, batch)
}

func (b blocked) Events(ctx context.Context, shop string, rows [][]byte, batch Batch) ([]Verdict, error) {
	return b.Items(ctx, shop, rows, batch)
}

func (b blocked) ArchiveMissing(context.Context, string, Missing) (int, int, error) {
	return 0, 0, nil
}

// startBlocked starts an import that waits in its sink.
func startBlocked(t *testing.T, s store.Store) (*Imports, profileapi.Import) {
	t.Helper()
	sink := blocked{reached: make(chan struct{})}
	im := New(Options{
		Store: s, Sink: sink, SpoolDir: t.TempDir(), MaxFileBytes: 1000, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	state, err := im.Start(
		t.Context(), "shop", profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, strings.NewReader(`{"item_id":"1"}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	<-sink.reached
	return im, state
}

func stateOf(t *testing.T, im *Imports, id string) profileapi.Import {
	t.Helper()
	state, err := im.Import(t.Context(), "shop", id)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestACancelledImportStops(t *testing.T) {
	t.Parallel()
	im, state := startBlocked(t, storetest.SQLite(t))
	if _, err := im.Cancel(t.Context(), "shop", state.ImportID); err != nil {
		t.Fatal(err)
	}
	im.jobs.Wait()
	if got := stateOf(t, im, state.ImportID); got.State != profileapi.ImportCancelled || got.Accepted != 0 {
		t.Errorf("got %+v", got)
	}
	if _, err := im.Cancel(t.Context(), "shop", state.ImportID); err != nil {
		t.Errorf("cancelling again: %v", err)
	}
	im.Close()
}

func TestAnImportWhoseProcessEndsIsInterrupted(t *testing.T) {
	t.Parallel()
	im, state := startBlocked(t, storetest.SQLite(t))
	im.Close()
	if got := stateOf(t, im, state.ImportID); got.State != profileapi.ImportInterrupted || got.Problem == "" {
		t.Errorf("stopped: %+v", got)
	}
}

// touching is a store that tells when a sign of life was stored.
type touching struct {
	store.Imports
	touched chan struct{} // has room for one
}

func (s touching) TouchImport(ctx context.Context, shop, id string, updatedMs int64) error {
	err := s.Imports.TouchImport(ctx, shop, id, updatedMs)
	select {
	case s.touched <- struct{}{}:
	default:
	}
	return err
}

// TestAnImportLivesAsLongAsItsProcess looks at an import that takes long over one step: from its own process, and from one whose clock
// is an hour ahead, first without a sign of life and then with one.
func TestAnImportLivesAsLongAsItsProcess(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	later := func() time.Time { return time.Now().Add(time.Hour) }
	here, state := startBlocked(t, s)
	signs := touching{s, make(chan struct{}, 1)}
	there := New(Options{Store: signs, Now: later, Logger: slog.New(slog.DiscardHandler)})
	if got := stateOf(t, there, state.ImportID); got.State != profileapi.ImportInterrupted {
		t.Errorf("without a sign of life: %+v", got)
	}
	there.cancels["shop/"+state.ImportID] = func() {}
	if got := stateOf(t, there, state.ImportID); got.State != profileapi.ImportRunning {
		t.Errorf("in its own process: %+v", got)
	}
	delete(there.cancels, "shop/"+state.ImportID)
	there.heartbeat = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	there.jobs.Go(func() { there.showLife(ctx, cancel, "shop", state.ImportID) })
	<-signs.touched
	if got := stateOf(t, there, state.ImportID); got.State != profileapi.ImportRunning {
		t.Errorf("with a sign of life: %+v", got)
	}
	if _, err := here.Cancel(t.Context(), "shop", state.ImportID); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done() // it has heard of it
	here.Close()
	there.Close()
}

func TestFilesBeyondTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	im := New(Options{
		Store: storetest.SQLite(t), SpoolDir: t.TempDir(), MaxFileBytes: 10, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	defer im.Close()
	for file, status := range map[string]int{strings.Repeat("x", 11): 413, "": 400} {
		_, err := im.Start(t.Context(), "shop", profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, strings.NewReader(file))
		var p *apierror.Problem
		if !errors.As(err, &p) || p.Status != status {
			t.Errorf("%d bytes: %v", len(file), err)
		}
	}
}
