// Package schedule starts jobs at the times of cron expressions, once per time across all replicas.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/robfig/cron/v3"

	"github.com/aisle-rec/aisle/shared/rounds"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// ErrUnknown says that there is no such schedule.
var ErrUnknown = errors.New("no such schedule")

// tickInterval is how often the schedules are looked at; cron's own resolution is a minute.
const tickInterval = 5 * time.Second

// atOnce bounds the shops that are looked at together.
const atOnce = 4

// readInterval is how late a schedule that was made through another replica is noticed; what came due meanwhile is started then.
const readInterval = 30 * time.Second

// claimTTL keeps a second replica from starting the same run.
const claimTTL = time.Hour

// Scheduler keeps schedules in the archive and starts their jobs.
type Scheduler struct {
	archive *archive.Archive
	redis   redis.UniversalClient
	start   func(ctx context.Context, shop string, r similarityapi.JobRequest) (similarityapi.Job, error)
	logger  *slog.Logger
	now     func() time.Time
	rounds  rounds.Rounds

	mu    sync.Mutex
	known map[string]*known // by shop
}

// known are the schedules of a shop as they were read, so that shops at rest are not read all the time. One is read again before it starts anything.
type known struct {
	read    time.Time
	list    []similarityapi.Schedule
	checked time.Time // what came due up to then has been started
}

// New returns a scheduler that starts jobs with start.
func New(a *archive.Archive, client redis.UniversalClient, start func(context.Context, string, similarityapi.JobRequest) (similarityapi.Job, error),
	logger *slog.Logger, now func() time.Time) *Scheduler {
	return &Scheduler{archive: a, redis: client, start: start, logger: logger, now: now, known: map[string]*known{}}
}

func documentPath(shop, id string) string { return archive.Path(shop, "schedules", id+".json") }

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
	if err := s.archive.PutDocument(ctx, documentPath(shop, v.ScheduleID), v); err != nil {
		return v, err
	}
	s.forget(shop)
	return s.withNext(shop, v)
}

// Get returns one schedule, with its next time.
func (s *Scheduler) Get(ctx context.Context, shop, id string) (similarityapi.Schedule, error) {
	var v similarityapi.Schedule
	err := s.archive.Document(ctx, documentPath(shop, id), &v)
	if errors.Is(err, archive.ErrNotFound) {
		return v, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	if err != nil {
		return v, err
	}
	return s.withNext(shop, v)
}

func (s *Scheduler) withNext(shop string, v similarityapi.Schedule) (similarityapi.Schedule, error) {
	if v.Paused {
		return v, nil
	}
	next, err := s.next(shop, v, s.now())
	v.NextAt = wire.TimeOf(next)
	return v, err
}

// List returns the schedules of a shop.
func (s *Scheduler) List(ctx context.Context, shop string) ([]similarityapi.Schedule, error) {
	names, err := s.archive.List(ctx, archive.Path(shop, "schedules"))
	if err != nil {
		return nil, err
	}
	list := []similarityapi.Schedule{}
	for _, name := range names {
		v, err := s.Get(ctx, shop, strings.TrimSuffix(name, ".json"))
		if errors.Is(err, ErrUnknown) || errors.Is(err, archive.ErrDamaged) { // deleted meanwhile, or reported by the archive
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Delete removes a schedule.
func (s *Scheduler) Delete(ctx context.Context, shop, id string) error {
	if _, err := s.Get(ctx, shop, id); err != nil {
		return err
	}
	defer s.forget(shop)
	return s.archive.Delete(ctx, documentPath(shop, id))
}

// next is the first time after a moment at which the schedule fires. The jitter of each time is fixed by its hash, so that all replicas
// agree on it, and different shops do not all start on the hour.
func (s *Scheduler) next(shop string, v similarityapi.Schedule, after time.Time) (time.Time, error) {
	c, err := Parse(v.Cron)
	if err != nil {
		return time.Time{}, err
	}
	jitter := time.Duration(v.JitterSeconds) * time.Second
	for at := c.Next(after.UTC().Add(-jitter)); ; at = c.Next(at) {
		if at.IsZero() {
			return time.Time{}, fmt.Errorf("the cron expression %q never fires", v.Cron)
		}
		if fires := at.Add(fraction(shop+v.ScheduleID+strconv.FormatInt(at.Unix(), 10), jitter)); fires.After(after) {
			return fires, nil
		}
	}
}

func fraction(name string, of time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(float64(of) * float64(h.Sum64()>>11) / (1 << 53))
}

// Run starts due jobs until ctx ends. Times that pass while no replica runs are left out.
func (s *Scheduler) Run(ctx context.Context, shops func() []string) {
	begun := s.now()
	s.rounds.Every, s.rounds.Idle, s.rounds.AtOnce = tickInterval, readInterval, atOnce
	s.rounds.Visit = func(ctx context.Context, shop string) (busy bool) {
		from, now := s.checkedAt(shop, begun), s.now()
		if err := s.startDue(ctx, shop, from, now); err != nil {
			if ctx.Err() == nil {
				s.logger.Warn("schedules could not be checked", "shop", shop, "error", err)
			}
			return true
		}
		return s.checked(shop, now)
	}
	s.rounds.Run(ctx, shops)
}

// checkedAt returns up to when what came due in a shop has been started; begun for a shop that was not looked at yet.
func (s *Scheduler) checkedAt(shop string, begun time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.known[shop]; k != nil && k.checked.After(begun) {
		return k.checked
	}
	return begun
}

// checked notes up to when what came due in a shop has been started, and reports whether the shop has schedules.
func (s *Scheduler) checked(shop string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[shop]
	k.checked = now
	return len(k.list) > 0
}

// forget has a shop's schedules read again at the next tick.
func (s *Scheduler) forget(shop string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.known[shop]; k != nil {
		k.read = time.Time{}
	}
	s.rounds.Soon(shop)
}

// recall returns the schedules of a shop, and since when what came due is to be started: for those just read that is the time of the reading before.
func (s *Scheduler) recall(ctx context.Context, shop string, from, now time.Time) ([]similarityapi.Schedule, time.Time, error) {
	s.mu.Lock()
	k := s.known[shop]
	s.mu.Unlock()
	if k != nil && now.Sub(k.read) < readInterval {
		return k.list, from, nil
	}
	list, err := s.List(ctx, shop)
	if err != nil {
		return nil, from, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k != nil && k.read.Before(from) && !k.read.IsZero() {
		from = k.read
	}
	s.known[shop] = &known{read: now, list: list, checked: from}
	return list, from, nil
}

// startDue starts the schedules that fire in (from, to].
func (s *Scheduler) startDue(ctx context.Context, shop string, from, to time.Time) error {
	list, from, err := s.recall(ctx, shop, from, to)
	if err != nil {
		return err
	}
	for _, v := range list {
		at, err := s.next(shop, v, from)
		if v.Paused || err != nil || at.After(to) {
			continue
		}
		if now, err := s.Get(ctx, shop, v.ScheduleID); err != nil || now.Paused || now.Cron != v.Cron {
			continue // changed or deleted through another replica
		}
		claim := fmt.Sprintf("aisle:{%s}:fired:%s:%d", shop, v.ScheduleID, at.Unix())
		won, err := s.redis.SetNX(ctx, claim, 1, claimTTL).Result()
		if err != nil {
			return err
		}
		if !won {
			continue
		}
		if job, err := s.start(ctx, shop, v.Request); err != nil {
			s.logger.Warn("scheduled job not started", "shop", shop, "schedule_id", v.ScheduleID, "error", err)
		} else {
			s.logger.Info("scheduled job started", "shop", shop, "schedule_id", v.ScheduleID, "job_id", job.JobID)
		}
	}
	return nil
}
