// Package export writes recommendations for many people to a file, as a job with progress: the input of an e-mail campaign. Jobs and their
// files are rows of the store, so that every replica knows them; they are kept for a day. A job whose process is gone is taken up by
// another one, which goes on where the file ends. The main type is Manager.
package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// keep is how long a finished export can be fetched.
	keep = 24 * time.Hour
	// running bounds the exports that a process writes at the same time; later ones wait, or another process writes them.
	running = 2
	// maxJobs bounds the exports that a shop has; the one that ended first makes room for a new one.
	maxJobs = 100
	// leaseFor is how long an export stays its process' own without a word, and look how often those that nobody writes are looked for.
	leaseFor = 30 * time.Second
	look     = 15 * time.Second
	// purgeEvery is how often old exports are removed.
	purgeEvery = time.Hour
	// storeLimit bounds the writing down of an end.
	storeLimit = 10 * time.Second
)

// ErrFull says that too many exports are under way.
var ErrFull = store.ErrFull

// Recommend answers one person's request.
type Recommend func(ctx context.Context, shop string, r *api.Request) (api.Answer, error)

// Segment lists the users of a segment, page by page, in order.
type Segment func(ctx context.Context, shop, segment, cursor string) (ids []string, next string, err error)

// Audience lists the people who should hear of an item, those who want it most first. It is
// asked again when an export is taken up.
type Audience func(ctx context.Context, shop string, r *api.ExportRequest) ([]string, error)

// Manager runs exports. It is safe for concurrent use.
type Manager struct {
	recommend Recommend
	segment   Segment
	audience  Audience
	store     *store.Store
	logger    *slog.Logger
	now       func() time.Time
	lease     store.ExportLease
	look      time.Duration
	slots     chan struct{}
	wake      chan struct{}
	stop      context.CancelFunc
	ctx       context.Context // ends with the manager

	working sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	cancels map[store.ExportKey]context.CancelCauseFunc // of those that are written here
}

// errCancelled is the cause that ends an export which somebody wishes to end.
var errCancelled = errors.New("cancelled by request")

// New returns a manager. Start Run for what other processes left.
func New(
	s *store.Store, recommend Recommend, segment Segment, audience Audience, logger *slog.Logger, now func() time.Time,
) *Manager {
	ctx, stop := context.WithCancel(context.Background())
	return &Manager{
		recommend: recommend, segment: segment, audience: audience, store: s, logger: logger, now: now, look: look,
		lease: store.ExportLease{Owner: uuid.NewString(), For: leaseFor},
		slots: make(chan struct{}, running), wake: make(chan struct{}, 1), ctx: ctx, stop: stop,
		cancels: map[store.ExportKey]context.CancelCauseFunc{},
	}
}

// Close leaves what is under way to other processes, or to the next start.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.working.Wait()
}

// Run writes exports that nobody writes, and removes old ones, until ctx ends.
func (m *Manager) Run(ctx context.Context) {
	tick, purge := time.NewTicker(m.look), time.NewTicker(purgeEvery)
	defer tick.Stop()
	defer purge.Stop()
	m.purge(ctx)
	for {
		m.takeFree(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.wake:
		case <-purge.C:
			m.purge(ctx)
		}
	}
}

// purge removes the exports that ended too long ago, of all shops; every process does so.
func (m *Manager) purge(ctx context.Context) {
	if err := m.store.PurgeExports(ctx, m.now().Add(-keep)); err != nil && ctx.Err() == nil {
		m.logger.Warn("old exports not removed, it is tried again in an hour", "error", err)
	}
}

// takeFree takes exports as long as this process has room.
func (m *Manager) takeFree(ctx context.Context) {
	free, err := m.store.FreeExports(ctx)
	if err != nil && ctx.Err() == nil {
		m.logger.Warn("exports that nobody writes were not looked for", "error", err)
	}
	for _, key := range free {
		if !m.take(ctx, key) {
			return
		}
	}
}

// take writes an export unless somebody else does; false says that this process has no room.
func (m *Manager) take(ctx context.Context, key store.ExportKey) bool {
	select {
	case m.slots <- struct{}{}:
	default:
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		<-m.slots
		return false
	}
	work, claimed, err := m.store.ClaimExport(context.WithoutCancel(ctx), key, m.lease)
	if err != nil {
		m.logger.Warn("an export waits: the database does not answer", "shop", key.Shop, "export_id", key.ID, "error", err)
	}
	if err != nil || !claimed {
		<-m.slots
		return true
	}
	own, cancel := context.WithCancelCause(m.ctx)
	m.cancels[key] = cancel
	m.working.Go(func() {
		defer m.left(key, cancel)
		m.end(own, &work, m.write(own, &work))
	})
	return true
}

// left makes room for the next export.
func (m *Manager) left(key store.ExportKey, cancel context.CancelCauseFunc) {
	cancel(nil)
	m.mu.Lock()
	delete(m.cancels, key)
	m.mu.Unlock()
	<-m.slots
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// end stores how an export ended, or leaves it to others when this process is to stop.
func (m *Manager) end(ctx context.Context, w *store.ExportWork, err error) {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound): // another process has it, or its shop removed it
		return
	case err == nil:
		w.State.State, w.State.Total = api.ExportDone, w.State.Done
	case w.Cancelled || errors.Is(cause, errCancelled):
		w.State.State = api.ExportCancelled
	case cause != nil:
		w.State.State = api.ExportQueued
	default:
		w.State.State, w.State.Error = api.ExportFailed, "The export stopped; the server's log has the cause under this export_id."
		m.logger.Error("export failed", "shop", w.Shop, "export_id", w.ID, "error", err)
	}
	if w.State.State != api.ExportQueued {
		w.State.FinishedAt = wire.TimeOf(m.now())
	}
	limited, done := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer done()
	if err := m.store.LeaveExport(limited, w, m.lease.Owner); err != nil && !errors.Is(err, store.ErrNotFound) {
		m.logger.Warn(
			"the end of an export was not recorded, another process goes on with it", "shop", w.Shop, "export_id", w.ID, "error", err,
		)
	}
}

// Start queues an export, for this process or another, and returns it before it is written.
// ErrFull says that the shop has as many under way as it may.
func (m *Manager) Start(ctx context.Context, shop string, r api.ExportRequest) (api.Export, error) {
	e := api.Export{
		ExportID: uuid.NewString(), State: api.ExportQueued, Request: r, Total: len(r.UserIDs), CreatedAt: wire.TimeOf(m.now()),
	}
	if err := m.store.InsertExport(ctx, shop, e, maxJobs); err != nil {
		return api.Export{}, err
	}
	m.take(ctx, store.ExportKey{Shop: shop, ID: e.ExportID})
	return e, nil
}

// Find returns the state of an export, or store.ErrNotFound.
func (m *Manager) Find(ctx context.Context, shop, id string) (api.Export, error) {
	e, _, err := m.store.Export(ctx, store.ExportKey{Shop: shop, ID: id})
	return e, err
}

// Cancel stops an export, whoever writes it: here at once, in another process when it next
// saves. One that has ended stays as it is.
func (m *Manager) Cancel(ctx context.Context, shop, id string) error {
	key := store.ExportKey{Shop: shop, ID: id}
	if err := m.store.CancelExport(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	cancel := m.cancels[key]
	m.mu.Unlock()
	if cancel != nil {
		cancel(errCancelled)
		return nil
	}
	m.take(ctx, key) // one that waits ends at once, where there is room
	return nil
}

// Result returns the state of an export and, when it is done, what writes its file, piece by
// piece; write is nil before that.
func (m *Manager) Result(ctx context.Context, shop, id string) (write func(io.Writer) error, e api.Export, err error) {
	key := store.ExportKey{Shop: shop, ID: id}
	e, pieces, err := m.store.Export(ctx, key)
	if err != nil || e.State != api.ExportDone {
		return nil, e, err
	}
	return func(to io.Writer) error {
		for n := range pieces {
			data, err := m.store.ExportPiece(ctx, key, n)
			if err == nil {
				_, err = to.Write(data)
			}
			if err != nil {
				return fmt.Errorf("write the file of export %s: %w", id, err)
			}
		}
		return nil
	}, e, nil
}
