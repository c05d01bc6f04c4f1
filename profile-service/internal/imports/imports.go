// Package imports reads files of users, items and events as jobs: a file is spooled to disk, read row by row, judged by the same rules as
// the API's bodies and stored batch by batch. A bad row costs only itself and appears in the error report. The main type is Imports.
//
// An import can be repeated safely: items and users are replaced, and an event without an event_id gets one from its content.
//
// The way of a file: Start (imports.go) spools it and queues a job; job.run (job.go) waits for a slot, reads row after row through package
// rows, and stores batches through a Sink (sink.go). What a caller asks with the file is judged in spec.go, and what a complete file lacks
// is archived in complete.go.
package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	maxRunning = 2                // imports that run at once in this process
	maxQueued  = 100              // imports that wait
	staleAfter = 30 * time.Second // without a sign of life an import's process is gone
	heartbeat  = 5 * time.Second  // how often it says that it is there, whatever the import is at
)

// Options are what an Imports works with.
type Options struct {
	Store        store.Imports
	Sink         Sink
	Undoer       Undoer           // nil where imports cannot be undone
	SpoolDir     string           // "" for the system's temporary folder
	MaxFileBytes int64            // of the file as it is spooled
	Now          func() time.Time // also decides whether a sale is over, and the time of events without one
	Logger       *slog.Logger
}

// Undoer takes out what an import stored.
type Undoer interface {
	// UndoImport takes out exactly what the import stored. Its error can be an *apierror.Problem.
	UndoImport(ctx context.Context, shop, importID string) error
}

// Imports accepts and runs imports. Close stops them.
type Imports struct {
	o      Options
	ctx    context.Context // ends with Close: jobs outlive the request that started them
	cancel context.CancelFunc
	jobs   sync.WaitGroup
	slots  chan struct{} // an import holds a place while it runs

	heartbeat time.Duration

	mu      sync.Mutex
	cancels map[string]context.CancelFunc // of those of this process that have not ended, by shop and id
}

// New returns an Imports, which runs nothing until Start. Imports of an earlier process are not
// taken up: their files went with it.
func New(o Options) *Imports {
	ctx, cancel := context.WithCancel(context.Background())
	return &Imports{
		o: o, ctx: ctx, cancel: cancel, slots: make(chan struct{}, maxRunning), heartbeat: heartbeat,
		cancels: map[string]context.CancelFunc{},
	}
}

// Close stops the running imports, which then count as interrupted, and waits for them.
func (im *Imports) Close() {
	im.cancel()
	im.jobs.Wait()
}

// Start spools a file and queues its import, whose state it returns. It blocks while the body
// is read, and no longer: the rows are stored after it, also when ctx has ended. Errors are
// problems: 422 for options that cannot be used, 404 for an import to replace that does not
// exist, 400 for an empty body or one that broke off, 413 for one that is too large, 503 when
// too many wait.
func (im *Imports) Start(ctx context.Context, shop string, spec profileapi.ImportSpec, file io.Reader) (profileapi.Import, error) {
	if err := im.checkSpec(ctx, shop, &spec); err != nil {
		return profileapi.Import{}, err
	}
	im.mu.Lock()
	full := len(im.cancels) >= maxQueued
	im.mu.Unlock()
	if full {
		return profileapi.Import{}, apierror.Unavailable("Too many imports wait. Send it again when some have ended.", 30*time.Second, nil)
	}
	spool, size, err := im.spool(file)
	if err != nil {
		return profileapi.Import{}, err
	}
	now := wire.TimeOf(im.o.Now())
	state := profileapi.Import{
		ImportID: uuid.Must(uuid.NewV7()).String(), Spec: spec, State: profileapi.ImportQueued, BytesTotal: size, CreatedAt: now,
		UpdatedAt: now,
	}
	if !spec.DryRun {
		state.UndoUntil = wire.TimeOf(state.CreatedAt.Add(store.UndoFor))
	}
	if err := im.save(ctx, shop, &state); err != nil {
		discard(spool)
		return profileapi.Import{}, err
	}
	jobCtx, cancel := context.WithCancel(im.ctx)
	key := shop + "/" + state.ImportID
	im.mu.Lock()
	im.cancels[key] = cancel
	im.mu.Unlock()
	im.jobs.Go(func() {
		defer func() {
			cancel()
			discard(spool)
			im.mu.Lock()
			delete(im.cancels, key)
			im.mu.Unlock()
		}()
		im.run(jobCtx, shop, state, spool)
	})
	im.jobs.Go(func() { im.showLife(jobCtx, cancel, shop, state.ImportID) })
	return state, nil
}

// showLife says every heartbeat that the process of an import is there, until ctx ends: a file may take minutes to open, to
// judge as a whole or to put another one's place. It cancels the import when another process was asked to.
func (im *Imports) showLife(ctx context.Context, cancel context.CancelFunc, shop, id string) {
	ticker := time.NewTicker(im.heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		row, err := im.o.Store.Import(ctx, shop, id)
		if err == nil && row.Cancelled {
			cancel()
			return
		}
		if err == nil {
			err = im.o.Store.TouchImport(ctx, shop, id, im.o.Now().UnixMilli())
		}
		if err != nil && ctx.Err() == nil {
			im.o.Logger.Warn("an import could not say that it is alive", "shop", shop, "import_id", id, "error", err)
		}
	}
}

// spool copies the body to disk, so that the sender need not wait for the database. It returns
// the size in bytes, and the file at its beginning, which discard removes.
func (im *Imports) spool(file io.Reader) (*os.File, int64, error) {
	f, err := os.CreateTemp(im.o.SpoolDir, "aisle-import-*")
	if err != nil {
		return nil, 0, fmt.Errorf("make the spool file: %w", err)
	}
	_ = os.Remove(f.Name()) // where the system lets an open file go without its name, a killed process leaves nothing behind
	size, err := io.Copy(f, io.LimitReader(file, im.o.MaxFileBytes+1))
	switch {
	case err != nil:
		discard(f)
		return nil, 0, apierror.Malformed("The body ended too early. Send it again.")
	case size > im.o.MaxFileBytes:
		discard(f)
		return nil, 0, apierror.New(
			413, "too_large", fmt.Sprintf("The file has more than %d bytes. Send it in parts or compressed.", im.o.MaxFileBytes),
		)
	case size == 0:
		discard(f)
		return nil, 0, apierror.Malformed("The body is empty. Send the file as the body or as the part \"file\" of a form.")
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		discard(f)
		return nil, 0, fmt.Errorf("rewind the spool file: %w", err)
	}
	return f, size, nil
}

// discard removes a spool file; nothing depends on its success.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// save stores a state under its id. The time of it is a sign of life as well.
func (im *Imports) save(ctx context.Context, shop string, state *profileapi.Import) error {
	state.UpdatedAt = wire.TimeOf(im.o.Now())
	body, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode import: %w", err)
	}
	return im.o.Store.PutImport(ctx, shop, store.ImportRow{
		ImportID: state.ImportID, CreatedMs: state.CreatedAt.UnixMilli(), UpdatedMs: state.UpdatedAt.UnixMilli(), Body: body,
	})
}

// Import returns the state of an import, or a 404 problem.
func (im *Imports) Import(ctx context.Context, shop, id string) (profileapi.Import, error) {
	row, err := im.o.Store.Import(ctx, shop, id)
	if errors.Is(err, store.ErrNotFound) {
		return profileapi.Import{}, apierror.NotFound("import", id)
	}
	if err != nil {
		return profileapi.Import{}, err
	}
	return im.stateOf(shop, row)
}

// stateOf reads a row; an import of another process that has shown no sign of life is interrupted, whatever it last said.
func (im *Imports) stateOf(shop string, row store.ImportRow) (profileapi.Import, error) {
	var state profileapi.Import
	if err := json.Unmarshal(row.Body, &state); err != nil {
		return state, fmt.Errorf("read import %s: %w", row.ImportID, err)
	}
	im.mu.Lock()
	here := im.cancels[shop+"/"+row.ImportID] != nil
	im.mu.Unlock()
	if !state.Ended() && !here && im.o.Now().UnixMilli()-row.UpdatedMs > staleAfter.Milliseconds() {
		state.State = profileapi.ImportInterrupted
		state.Problem = "The process that ran the import is gone. Send the file again: what was stored is not stored twice."
	}
	return state, nil
}

// List returns imports, the latest first, from those with an id below before; ids sort by time.
func (im *Imports) List(ctx context.Context, shop, before string, limit int) ([]profileapi.Import, error) {
	rows, err := im.o.Store.ListImports(ctx, shop, before, limit)
	if err != nil {
		return nil, err
	}
	states := make([]profileapi.Import, len(rows))
	for i, row := range rows {
		if states[i], err = im.stateOf(shop, row); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// Cancel asks an import to stop, wherever it runs, and returns its state. One that has ended
// stays as it is. Another process sees the wish with its next sign of life. What was stored
// stays.
func (im *Imports) Cancel(ctx context.Context, shop, id string) (profileapi.Import, error) {
	state, err := im.Import(ctx, shop, id)
	if err != nil || state.Ended() {
		return state, err
	}
	// Only the wish is stored: the job may be saving its end at this moment.
	if err := im.o.Store.CancelImport(ctx, shop, id); err != nil {
		return state, err
	}
	im.mu.Lock()
	cancel := im.cancels[shop+"/"+id]
	im.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	return state, nil
}

// errorPage is how many entries of a report are read at once.
const errorPage = 500

// Errors hands write each entry of the error report, as JSON without a line end, in the order
// of the file. write gets it for the call; its error ends the report and is returned as it is.
// An import that does not exist has an empty report.
func (im *Imports) Errors(ctx context.Context, shop, id string, write func(entry []byte) error) error {
	var after int64
	for {
		entries, err := im.o.Store.ImportErrors(ctx, shop, id, after, errorPage)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := write(e.Body); err != nil {
				return err
			}
			after = e.Number
		}
		if len(entries) < errorPage {
			return nil
		}
	}
}
