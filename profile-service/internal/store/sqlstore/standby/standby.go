// Package standby reads streams of events from a read-only copy of a Postgres database, which follows it some milliseconds late, so that
// a recompute costs the primary nothing; whatever has to see its own write is not read there. A standby may be away, late or promoted at
// any time: then the primary is read. The main type is Standby.
package standby

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/shared/database"
)

const (
	// limit is how long a stream waits for the standby before it reads the primary: a healthy one is milliseconds behind.
	limit = 5 * time.Second
	poll  = 50 * time.Millisecond
	// restTime is for how long a standby that has failed a page is left alone: to ask one that does not answer costs
	// seconds, and a stream may have a thousand pages.
	restTime = time.Minute

	fromPrimary, fromStandby = "primary", "standby"

	// Where the database has got to, and what it is: a standby is a copy of the whole server, with the same identifier.
	selectPlace = `select pg_current_wal_lsn()::text, c.system_identifier::text, current_database(), coalesce(current_schema(), '')
		from pg_control_system() c`
	selectCaughtUp = `select pg_is_in_recovery(),
		c.system_identifier::text = $2 and current_database() = $3 and coalesce(current_schema(), '') = $4,
		coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)
		from pg_control_system() c`
)

// Standby is a standby, or none, of a primary.
type Standby struct {
	primary *sql.DB
	db      *sql.DB // nil: none
	logger  *slog.Logger
	Streams *prometheus.CounterVec // by where they are read
	rest    atomic.Int64           // no page is asked of it until then; Unix nanoseconds
}

// New returns none, until Use names one.
func New(primary *sql.DB) *Standby {
	streams := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_profile_streams_total", Help: "Streams of events, by the database that they are read from.",
	}, []string{"from"})
	streams.WithLabelValues(fromPrimary)
	streams.WithLabelValues(fromStandby)
	return &Standby{primary: primary, Streams: streams}
}

// Use has streams read from the standby of a Postgres URL, which need not answer now. Call it before anything is read.
func (s *Standby) Use(url string, logger *slog.Logger) (err error) {
	s.db, err = database.PostgresSQL(url)
	s.logger = logger
	return err
}

// Close closes the connections to the standby. A second time does nothing.
func (s *Standby) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// Resting reports whether the standby failed lately.
func (s *Standby) Resting() bool { return time.Now().UnixNano() < s.rest.Load() }

// Failed has the standby rest after an error that left a part of a stream to the primary.
func (s *Standby) Failed(err error) {
	s.rest.Store(time.Now().Add(restTime).UnixNano())
	s.logger.Warn("the rest of a stream is read from the primary: the standby failed", "error", err)
}

// Await waits until the standby has all that is committed on the primary now, and counts a stream. It is false where there is no standby,
// or none that got there within five seconds.
func (s *Standby) Await(ctx context.Context) bool {
	from := fromPrimary
	if s.db != nil && !s.Resting() {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err := s.caughtUp(ctx); err == nil {
			from = fromStandby
		} else {
			s.logger.Warn("a stream is read from the primary: the standby cannot be used", "error", err)
		}
	}
	s.Streams.WithLabelValues(from).Inc()
	return from == fromStandby
}

// caughtUp waits until the standby is where the primary is now.
func (s *Standby) caughtUp(ctx context.Context) error {
	var lsn, system, name, schema string
	if err := s.primary.QueryRowContext(ctx, selectPlace).Scan(&lsn, &system, &name, &schema); err != nil {
		return fmt.Errorf("ask the primary where it is: %w", err)
	}
	late := fmt.Errorf("it is more than %v behind", limit)
	for answered := false; ; answered = true {
		var follows, same, reached bool
		row := s.db.QueryRowContext(ctx, selectCaughtUp, lsn, system, name, schema)
		switch err := row.Scan(&follows, &same, &reached); {
		case err != nil && answered && ctx.Err() != nil: // the time ran out while it was asked once more
			return late
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
			return late
		case <-time.After(poll):
		}
	}
}

// Each implements sqldb.Querier.
func (s *Standby) Each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	rows, err := s.db.QueryContext(ctx, text, args...)
	return sqldb.Visit(rows, err, scan)
}
