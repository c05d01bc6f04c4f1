// Package export writes recommendations for many people to a file, as a job with progress: the input of an e-mail campaign. Jobs and their
// files live as long as the process, at most a day. The main type is Manager.
package export

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
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
	// running bounds the jobs that work at the same time; later ones wait.
	running = 2
	// maxJobs bounds the jobs that are remembered per process; the one that ended first makes room for a new one.
	maxJobs = 100
	// saveEvery is after how many people the progress is shown.
	saveEvery = 10
)

// ErrFull says that too many exports are under way.
var ErrFull = errors.New("too many exports")

// Recommend answers one person's request.
type Recommend func(ctx context.Context, shop string, r *api.Request) (api.Answer, error)

// Segment lists the users of a segment, page by page, in order.
type Segment func(ctx context.Context, shop, segment, cursor string) (ids []string, next string, err error)

// Manager runs exports. It is safe for concurrent use.
type Manager struct {
	recommend Recommend
	segment   Segment
	logger    *slog.Logger
	now       func() time.Time
	dir       string
	slots     chan struct{}
	stop      context.CancelFunc
	ctx       context.Context
	working   sync.WaitGroup

	mu   sync.Mutex
	jobs map[string]*job
}

type job struct {
	shop   string
	state  api.Export
	file   string
	cancel context.CancelFunc
}

// New returns a manager that keeps its files in a folder of its own below the system's folder for temporary files.
func New(recommend Recommend, segment Segment, logger *slog.Logger, now func() time.Time) (*Manager, error) {
	dir, err := os.MkdirTemp("", "aisle-exports-")
	if err != nil {
		return nil, fmt.Errorf("make the folder of exports: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Manager{
		recommend: recommend, segment: segment, logger: logger, now: now, dir: dir, slots: make(chan struct{}, running), ctx: ctx,
		stop: stop, jobs: map[string]*job{},
	}, nil
}

// Close cancels what is under way and removes the files.
func (m *Manager) Close() error {
	m.stop()
	m.working.Wait()
	return os.RemoveAll(m.dir)
}

// Start queues an export.
func (m *Manager) Start(shop string, r api.ExportRequest) (api.Export, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	if len(m.jobs) >= maxJobs && !m.makeRoom() {
		return api.Export{}, ErrFull
	}
	ctx, cancel := context.WithCancel(m.ctx)
	j := &job{
		shop: shop, cancel: cancel,
		state: api.Export{
			ExportID: uuid.NewString(), State: api.ExportQueued, Request: r, Total: len(r.UserIDs), CreatedAt: wire.TimeOf(m.now()),
		},
	}
	j.file = filepath.Join(m.dir, j.state.ExportID)
	m.jobs[j.state.ExportID] = j
	m.working.Go(func() {
		defer cancel()
		select {
		case m.slots <- struct{}{}:
			defer func() { <-m.slots }()
			m.finish(j, m.run(ctx, j))
		case <-ctx.Done():
			m.finish(j, ctx.Err())
		}
	})
	return j.state, nil
}

// forget drops exports that are too old. The caller holds the lock.
func (m *Manager) forget() {
	for _, j := range m.jobs {
		if !j.state.FinishedAt.IsZero() && m.now().Sub(j.state.FinishedAt.Time) > keep {
			m.drop(j)
		}
	}
}

// makeRoom drops the export that ended first, ties by id, and reports whether there was one. The caller holds the lock.
func (m *Manager) makeRoom() bool {
	var first *job
	for _, j := range m.jobs {
		if j.state.FinishedAt.IsZero() {
			continue
		}
		if first == nil ||
			cmp.Or(j.state.FinishedAt.Compare(first.state.FinishedAt.Time), cmp.Compare(j.state.ExportID, first.state.ExportID)) < 0 {
			first = j
		}
	}
	if first != nil {
		m.drop(first)
	}
	return first != nil
}

func (m *Manager) drop(j *job) {
	delete(m.jobs, j.state.ExportID)
	if err := os.Remove(j.file); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.logger.Warn("old export not removed", "error", err)
	}
}

func (m *Manager) find(shop, id string) (*job, error) {
	j, ok := m.jobs[id]
	if !ok || j.shop != shop {
		return nil, store.ErrNotFound
	}
	return j, nil
}

// Find returns the state of an export.
func (m *Manager) Find(shop, id string) (api.Export, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(shop, id)
	if err != nil {
		return api.Export{}, err
	}
	return j.state, nil
}

// Cancel stops an export.
func (m *Manager) Cancel(shop, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(shop, id)
	if err == nil {
		j.cancel()
	}
	return err
}

// Result opens the file of a finished export.
func (m *Manager) Result(shop, id string) (io.ReadCloser, api.Export, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(shop, id)
	if err != nil {
		return nil, api.Export{}, err
	}
	if j.state.State != api.ExportDone {
		return nil, j.state, nil
	}
	f, err := os.Open(j.file)
	return f, j.state, err
}

func (m *Manager) update(j *job, f func(*api.Export)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&j.state)
}

func (m *Manager) finish(j *job, err error) {
	m.update(j, func(e *api.Export) {
		e.FinishedAt = wire.TimeOf(m.now())
		switch {
		case err == nil:
			e.State, e.Total = api.ExportDone, e.Done
		case errors.Is(err, context.Canceled):
			e.State = api.ExportCancelled
		default:
			e.State, e.Error = api.ExportFailed, "The export stopped; the server's log has the cause under this export_id."
			m.logger.Error("export failed", "export_id", e.ExportID, "error", err)
		}
	})
}

// run writes the file.
func (m *Manager) run(ctx context.Context, j *job) (err error) {
	m.update(j, func(e *api.Export) { e.State = api.ExportRunning })
	f, err := os.Create(j.file)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(f)
	defer func() { err = errors.Join(err, buffered.Flush(), f.Close()) }()
	write, err := writer(buffered, j.state.Request.Format, j.state.Request.Fields)
	if err != nil {
		return err
	}
	people, cursor := j.state.Request.UserIDs, ""
	for {
		if j.state.Request.Segment != "" {
			if people, cursor, err = m.segment(ctx, j.shop, j.state.Request.Segment, cursor); err != nil {
				return err
			}
		}
		if err := m.people(ctx, j, people, write); err != nil {
			return err
		}
		if cursor == "" {
			return nil
		}
	}
}

func (m *Manager) people(ctx context.Context, j *job, people []string, write func(string, *api.Answer) error) error {
	r := j.state.Request
	for n, id := range people {
		if err := ctx.Err(); err != nil {
			return err
		}
		answer, err := m.recommend(ctx, j.shop, &api.Request{
			Scenario: r.Scenario, UserID: id, Limit: r.Limit, Fields: r.Fields, Filter: r.Filter, Market: r.Market, DeadlineMS: 5000,
		})
		if err != nil {
			return fmt.Errorf("recommend for person %d: %w", n+1, err)
		}
		if err := write(id, &answer); err != nil {
			return err
		}
		if (n+1)%saveEvery == 0 || n == len(people)-1 {
			m.update(j, func(e *api.Export) { e.Done += cmp.Or((n+1)%saveEvery, saveEvery) })
		}
	}
	return nil
}

// writer returns a function that writes one person's answer: a line of JSON, or a line of CSV per item below a header.
func writer(w io.Writer, format string, fields []string) (func(string, *api.Answer) error, error) {
	if format != "csv" {
		encoder := json.NewEncoder(w)
		return func(id string, a *api.Answer) error {
			return encoder.Encode(api.ExportLine{UserID: id, RecommendationID: a.RecommendationID, Items: a.Items, Degraded: a.Degraded})
		}, nil
	}
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"user_id", "recommendation_id", "position", "item_id", "score", "tier"}, fields...)); err != nil {
		return nil, err
	}
	return func(id string, a *api.Answer) error {
		for n := range a.Items {
			i := &a.Items[n]
			row := []string{
				wire.Cell(id), wire.Cell(a.RecommendationID), strconv.Itoa(i.Position), wire.Cell(i.ItemID),
				strconv.FormatFloat(i.Score, 'g', -1, 64), i.Tier,
			}
			for _, name := range fields {
				row = append(row, cell(i.Fields.Get(name)))
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}, nil
}

// cell writes a field's value: a text guarded, nothing for none, anything else as JSON.
func cell(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return wire.Cell(s)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}
