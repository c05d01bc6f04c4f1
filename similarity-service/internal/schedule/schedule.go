// Package schedule starts jobs at the times of cron expressions, once per time across all replicas: the next time of a schedule is a
// column, and moving it on and storing the job is one transaction. The main type is Scheduler.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/robfig/cron/v3"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// ErrUnknown says that there is no such schedule.
var ErrUnknown = errors.New("no such schedule")

const (
	// lookInterval is how often schedules that are due are looked for, all shops in one query; cron's own resolution is a minute.
	lookInterval = 5 * time.Second
	// patience is how long after its time a job is still started. Times that pass while no replica runs are left out.
	patience = 10 * time.Minute
)

// Jobs makes jobs and has them run.
type Jobs interface {
	New(shop string, r similarityapi.JobRequest) (*store.Job, error)
	Take(ctx context.Context, key store.JobKey)
}

// Scheduler keeps schedules and starts their jobs.
type Scheduler struct {
	store  *store.Store
	jobs   Jobs
	logger *slog.Logger
	now    func() time.Time
}

// New returns a scheduler.
func New(s *store.Store, jobs Jobs, logger *slog.Logger, now func() time.Time) *Scheduler {
	return &Scheduler{store: s, jobs: jobs, logger: logger, now: now}
}

// Parse reads a cron expression of five fields, or a descriptor such as @daily, in UTC.
func Parse(expression string) (cron.Schedule, error) {
	s, err := cron.ParseStandard(expression)
	if err != nil {
		return nil, fmt.Errorf("%q is not a cron expression of five fields, such as \"0 3 * * *\" for 3:00 UTC every day", expression)
	}
	return s, nil
}

// Put stores a schedule; an empty id makes a new one.
func (s *Scheduler) Put(ctx context.Context, shop string, v similarityapi.Schedule) (similarityapi.Schedule, error) {
	if v.ScheduleID == "" {
		v.ScheduleID = "schedule-" + uuid.NewString()[:8]
	}
	if v.CreatedAt.IsZero() {
		v.CreatedAt = wire.TimeOf(s.now())
	}
	v.NextAt = wire.Time{}
	if !v.Paused {
		next, err := Next(shop, v, s.now())
		if err != nil {
			return v, err
		}
		v.NextAt = wire.TimeOf(next)
	}
	return v, s.store.PutSchedule(ctx, shop, v)
}

// Get returns one schedule, with its next time.
func (s *Scheduler) Get(ctx context.Context, shop, id string) (similarityapi.Schedule, error) {
	v, err := s.store.Schedule(ctx, shop, id)
	return v, known(err, id)
}

// List returns the schedules of a shop.
func (s *Scheduler) List(ctx context.Context, shop string) ([]similarityapi.Schedule, error) {
	list, err := s.store.Schedules(ctx, shop)
	if list == nil {
		list = []similarityapi.Schedule{}
	}
	return list, err
}

// Delete removes a schedule.
func (s *Scheduler) Delete(ctx context.Context, shop, id string) error {
	return known(s.store.DeleteSchedule(ctx, shop, id), id)
}

func known(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return err
}

// Next is the first time after a moment at which a schedule fires, of whole milliseconds. The jitter of each time is fixed by its hash, so
// that all replicas agree on it, and different shops do not all start on the hour.
func Next(shop string, v similarityapi.Schedule, after time.Time) (time.Time, error) {
	c, err := Parse(v.Cron)
	if err != nil {
		return time.Time{}, err
	}
	jitter := time.Duration(v.JitterSeconds) * time.Second
	for at := c.Next(after.UTC().Add(-jitter)); ; at = c.Next(at) {
		if at.IsZero() {
			return time.Time{}, fmt.Errorf("the cron expression %q never fires", v.Cron)
		}
		late := fraction(shop+v.ScheduleID+strconv.FormatInt(at.Unix(), 10), jitter).Truncate(time.Millisecond)
		if fires := at.Add(late); fires.After(after) {
			return fires, nil
		}
	}
}

func fraction(name string, of time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(float64(of) * float64(h.Sum64()>>11) / (1 << 53))
}

// Run starts what is due, of the shops that there are, until ctx ends.
func (s *Scheduler) Run(ctx context.Context, shops func() []string) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		if err := s.startDue(ctx, shops()); err != nil && ctx.Err() == nil {
			s.logger.Warn("schedules could not be checked", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// startDue starts the schedules whose time has come. One that fails does not keep the others.
func (s *Scheduler) startDue(ctx context.Context, shops []string) error {
	due, err := s.store.DueSchedules(ctx, s.now())
	if err != nil || len(due) == 0 {
		return err
	}
	there := make(map[string]bool, len(shops))
	for _, shop := range shops {
		there[shop] = true
	}
	var errs []error
	for _, d := range due {
		if err := s.fire(ctx, d, there[d.Shop]); err != nil {
			errs = append(errs, fmt.Errorf("shop %s: %w", d.Shop, err))
		}
	}
	return errors.Join(errs...)
}

// fire starts the job of a schedule that is due, unless its shop is gone or its time too long ago, and moves the schedule on.
func (s *Scheduler) fire(ctx context.Context, d store.Due, there bool) error {
	log := s.logger.With("shop", d.Shop, "schedule_id", d.Schedule.ScheduleID)
	next, err := Next(d.Shop, d.Schedule, s.now())
	if err != nil {
		return err
	}
	var job *store.Job
	switch {
	case s.now().Sub(d.Schedule.NextAt.Time) > patience:
		log.Warn("a scheduled time passed while nothing ran and is left out", "at", d.Schedule.NextAt)
	case there:
		if job, err = s.jobs.New(d.Shop, d.Schedule.Request); err != nil {
			return err
		}
	}
	fired, running, err := s.store.Fire(ctx, d, next, job)
	if err != nil || !fired || job == nil {
		return err
	}
	if running != "" {
		log.Warn("scheduled job not started: one of its kind is running", "job_id", running)
		return nil
	}
	log.Info("scheduled job started", "job_id", job.JobID)
	s.jobs.Take(ctx, store.JobKey{Shop: d.Shop, JobID: job.JobID})
	return nil
}
