package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/database"
)

const (
	// standbyLimit is how long a stream waits for the standby before it reads the primary: a healthy one is milliseconds behind.
	standbyLimit = 5 * time.Second
	standbyPoll  = 50 * time.Millisecond
	// standbyRest is for how long a standby that has failed a page is left alone: to ask one that does not answer costs
	// seconds, and a stream may have a thousand pages.
	standbyRest = time.Minute

	fromPrimary, fromStandby = "primary", "standby"

	// Where the database has got to, and what it is: a standby is a copy of the whole server, with the same identifier.
	selectPlace = `select pg_current_wal_lsn()::text, c.system_identifier::text, current_database(), coalesce(current_schema(), '')
		from pg_control_system() c`
	selectCaughtUp = `select pg_is_in_recovery(),
		c.system_identifier::text = $2 and current_database() = $3 and coalesce(current_schema(), '') = $4,
		coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)
		from pg_control_system() c`
)

// standby is a read-only copy of a Postgres database, which follows it some milliseconds late. Streams of events are
// read there, so that a recompute costs the primary nothing; whatever has to see its own write is not. It may be away,
// late or promoted at any time: then the primary is read.
type standby struct {
	db      *sql.DB // nil: none
	logger  *slog.Logger
	streams *prometheus.CounterVec // by where they are read
	rest    atomic.Int64           // no page is asked of it until then; Unix nanoseconds
}

// resting reports whether it failed lately.
func (s *standby) resting() bool { return time.Now().UnixNano() < s.rest.Load() }

// newStandby is none, until UseStandby names one.
func newStandby() *standby {
	streams := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_profile_streams_total", Help: "Streams of events, by the database that they are read from.",
	}, []string{"from"})
	streams.WithLabelValues(fromPrimary)
	streams.WithLabelValues(fromStandby)
	return &standby{streams: streams}
}

// UseStandby has streams read from the standby of a Postgres URL, which need not answer now. Call it before the store is used.
func (s *Store) UseStandby(url string, logger *slog.Logger) error {
	db, err := database.PostgresSQL(url)
	if err != nil {
		return err
	}
	s.standby.db, s.standby.logger = db, logger
	s.close = append(s.close, db.Close)
	return nil
}

// AwaitStandby implements store.EventLog.
func (s *Store) AwaitStandby(ctx context.Context) bool {
	from := fromPrimary
	if s.standby.db != nil && !s.standby.resting() {
		ctx, cancel := context.WithTimeout(ctx, standbyLimit)
		defer cancel()
		if err := s.awaitStandby(ctx); err == nil {
			from = fromStandby
		} else {
			s.standby.logger.Warn("a stream is read from the primary: the standby cannot be used", "error", err)
		}
	}
	s.standby.streams.WithLabelValues(from).Inc()
	return from == fromStandby
}

func (s *Store) awaitStandby(ctx context.Context) error {
	var lsn, system, name, schema string
	if err := s.read.QueryRowContext(ctx, selectPlace).Scan(&lsn, &system, &name, &schema); err != nil {
		return fmt.Errorf("ask the primary where it is: %w", err)
	}
	for {
		var follows, same, reached bool
		row := s.standby.db.QueryRowContext(ctx, selectCaughtUp, lsn, system, name, schema)
		switch err := row.Scan(&follows, &same, &reached); {
		case err != nil:
			return fmt.Errorf("ask the standby where it is: %w", err)
		case !same:
			return errors.New("it is no copy of this database: correct AISLE_PROFILE_STANDBY_URL")
		case !follows:
			return errors.New("it is no standby, or was promoted: correct AISLE_PROFILE_STANDBY_URL")
		case reached:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is more than %v behind", standbyLimit)
		case <-time.After(standbyPoll):
		}
	}
}

// scanStandby reads a page from the standby. What it does not give is read from the primary: a
// standby ends statements that are in the way of what it has to repeat, and may go.
func (s *Store) scanStandby(free, caller context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	enough, rest := false, sq
	bounded, cancel := context.WithTimeout(free, readLimit)
	defer cancel()
	err := s.scan(s.standby, bounded, caller, shop, sq, func(e *store.Event) bool {
		rest.After, rest.Limit = e.Seq, rest.Limit-1
		enough = !f(e)
		return !enough
	})
	if err == nil || caller.Err() != nil || enough || rest.Limit == 0 {
		return err
	}
	s.standby.rest.Store(time.Now().Add(standbyRest).UnixNano())
	s.standby.logger.Warn("the rest of a stream is read from the primary: the standby failed", "error", err)
	return s.scan(s, free, caller, shop, rest, f)
}

// each implements querier.
func (s *standby) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	rows, err := s.db.QueryContext(ctx, text, args...)
	return visit(rows, err, scan)
}
