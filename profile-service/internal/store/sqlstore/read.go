package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// selectEvents looks up type and subjects by number for each event. A condition that follows it
// names the event e, its visitor v and its session s.
const selectEvents = `select e.visitor, e.seq, e.occurred_ms, e.id_hash, coalesce(e.session, 0), e.body,
	(select y.name from event_types y where y.number = e.type),
	coalesce(v.subject, ''), coalesce(s.subject, ''), coalesce(v.robot, 0) = 1
	from events e left join visitors v on v.visitor = e.visitor left join visitors s on s.visitor = e.session where `

// errStop ends a scan whose reader has enough.
var errStop = errors.New("enough")

// scanEvents calls f with every event that a condition selects, which may end with an order. The event is valid during the call.
// errStop of f ends it without an error. An event whose body cannot be read ends it with one.
func (s *Store) scanEvents(ctx context.Context, q sqldb.Querier, condition string, args []any, f func(e *stored.Event) error) error {
	var e stored.Event
	var body, kind sql.RawBytes
	var session string
	err := q.Each(ctx, selectEvents+condition, args, func(r *sql.Rows) error {
		err := r.Scan(&e.Visitor, &e.Seq, &e.OccurredMs, &e.IDHash, &e.Session, &body, &kind, &e.Subject, &session, &e.Robot)
		if err == nil {
			err = stored.DecodeBody(body, &e)
		}
		if err != nil {
			return err
		}
		if string(kind) != e.Type { // most events are of the type of the one before
			e.Type = string(kind)
		}
		e.SessionID = strings.TrimPrefix(session, "s")
		e.RestoreSession()
		return f(&e)
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// eachEvent calls f with the events that a condition selects, in ascending order of seq. The event is valid during the call.
func (t *tx) eachEvent(ctx context.Context, q sqldb.Querier, condition string, args []any, f func(e *stored.Event) error) error {
	return t.s.scanEvents(ctx, q, condition+" order by e.seq", args, f)
}

// pages calls f with the events that a condition selects, in ascending order of seq, a page of
// at most pageOfEvents at a time. They come without Rest. f may not keep the page, which is
// filled again.
func (s *Store) pages(ctx context.Context, q sqldb.Querier, condition string, args []any, f func(page []store.Event) error) error {
	page := make([]store.Event, 0, 64)
	err := s.scanEvents(ctx, q, condition+" order by e.seq", args, func(e *stored.Event) error {
		kept := e.Event
		kept.Lines = append([]byte(nil), e.Lines...)
		kept.Rest = nil // nobody needs it who reads whole histories
		if page = append(page, kept); len(page) < pageOfEvents {
			return nil
		}
		err := f(page)
		page = page[:0]
		return err
	})
	if err == nil && len(page) > 0 {
		err = f(page)
	}
	return err
}

// Scan implements store.EventLog.
func (s *Store) Scan(ctx context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	free := context.WithoutCancel(ctx)
	var err error
	if sq.Standby && !s.standby.Resting() {
		err = s.scanStandby(free, ctx, shop, sq, f)
	} else {
		err = s.scan(s, free, ctx, shop, sq, f)
	}
	if err != nil {
		return fmt.Errorf("scan events: %w", err)
	}
	return nil
}

// scanStandby reads a page from the standby. What it does not give is read from the primary: a
// standby ends statements that are in the way of what it has to repeat, and may go.
func (s *Store) scanStandby(free, caller context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	enough, rest := false, sq
	bounded, cancel := context.WithTimeout(free, sqldb.ReadLimit)
	defer cancel()
	err := s.scan(s.standby, bounded, caller, shop, sq, func(e *store.Event) bool {
		rest.After, rest.Limit = e.Seq, rest.Limit-1
		enough = !f(e)
		return !enough
	})
	if err == nil || caller.Err() != nil || enough || rest.Limit == 0 {
		return err
	}
	s.standby.Failed(err)
	return s.scan(s, free, caller, shop, rest, f)
}

// scan reads the events from q, with free, which nobody cancels in mid-statement, and leaves between two events when caller ends.
func (s *Store) scan(q sqldb.Querier, free, caller context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	shopID, err := s.numbers.Shop(free, shop)
	if err != nil {
		return err
	}
	w := &sqldb.Where{}
	plus, order := "", " order by e.seq"
	if sq.Subjects != nil || sq.SessionID != "" {
		// A sign keeps the index of seqs out of it: a visitor's events are few.
		plus, order = "+", " order by +e.seq"
		if err := s.ofVisitors(free, w, shopID, sq); err != nil {
			return err
		}
	}
	w.And(plus+"e.shop_id = ? and "+plus+"e.seq > ? and "+plus+"e.seq <= ?", shopID, sq.After, sq.UpTo)
	if sq.FromMs > 0 {
		w.And("e.occurred_ms >= ?", sq.FromMs)
	}
	if sq.ToMs > 0 {
		w.And("e.occurred_ms < ?", sq.ToMs)
	}
	if sq.Types != nil {
		if err := s.numbers.ReadTypes(free); err != nil {
			return err
		}
		numbers := s.numbers.Types(sq.Types)
		if len(numbers) == 0 { // no shop has ever had one
			return nil
		}
		sqldb.In(s.Dialect, w, "e.type", numbers, "bigint")
	}
	if sq.OnlyPeople {
		w.And("e.visitor <> 0 and not v.withheld and v.robot <> 1")
	}
	if sq.Descending {
		order += " desc"
	}
	w.Args = append(w.Args, sq.Limit)
	condition := w.String() + order + " limit $" + strconv.Itoa(len(w.Args))
	return s.scanEvents(free, q, condition, w.Args, func(e *stored.Event) error {
		if err := caller.Err(); err != nil {
			return err
		}
		if !f(&e.Event) {
			return errStop
		}
		return nil
	})
}

// ofVisitors adds the condition that an event is of the subjects or in the session. With both,
// an event has to be in the session and of one of the subjects. Subjects that are not stored
// select nothing.
func (s *Store) ofVisitors(ctx context.Context, w *sqldb.Where, shopID int64, sq store.ScanQuery) error {
	visitors := []int64{}
	if sq.Subjects != nil {
		found, err := sqldb.All(ctx, s, "select visitor from visitors where shop_id = $1 and "+s.In("subject", 2, "text"),
			[]any{shopID, sqldb.List(s.Dialect, sq.Subjects)}, sqldb.ScanInt)
		if err != nil {
			return err
		}
		visitors = append(visitors, found...)
	}
	if sq.SessionID == "" {
		sqldb.In(s.Dialect, w, "e.visitor", visitors, "bigint")
		return nil
	}
	session, seen, err := s.seenIn(ctx, s, shopID, sq.SessionID)
	if err != nil {
		return err
	}
	sqldb.In(s.Dialect, w, "e.visitor", seen, "bigint")
	w.And("(e.visitor = ? or e.session = ?)", session, session)
	if sq.Subjects != nil {
		sqldb.In(s.Dialect, w, "e.visitor", visitors, "bigint")
	}
	return nil
}

// seenIn returns the number of a session and those of the visitors who have events in it, itself included.
// A session that is not stored is 0 and seen by nobody.
func (s *Store) seenIn(ctx context.Context, q sqldb.Querier, shopID int64, sessionID string) (session int64, seen []int64, err error) {
	seen = []int64{}
	err = q.Each(ctx, `select v.visitor, p.visitor from visitors v left join visitor_sessions p on p.session = v.visitor
		where v.shop_id = $1 and v.subject = $2`,
		[]any{shopID, event.SessionSubject(sessionID)}, func(r *sql.Rows) error {
			var user sql.NullInt64
			if err := r.Scan(&session, &user); err != nil {
				return err
			}
			if len(seen) == 0 {
				seen = append(seen, session)
			}
			if user.Valid {
				seen = append(seen, user.Int64)
			}
			return nil
		})
	return session, seen, err
}

// UseStandby has streams read from the standby of a Postgres URL, which need not answer now. Call it before the store is used.
func (s *Store) UseStandby(url string, logger *slog.Logger) error { return s.standby.Use(url, logger) }

// AwaitStandby implements store.EventLog.
func (s *Store) AwaitStandby(ctx context.Context) bool { return s.standby.Await(ctx) }

// LastSeq implements store.EventLog.
func (s *Store) LastSeq(ctx context.Context, shop string) (int64, error) {
	return number.Last(ctx, s.DB, shop, number.Events)
}

// Stats implements store.EventLog.
func (s *Store) Stats(ctx context.Context, shop string, fromMs, toMs int64) ([]store.Count, error) {
	return sqldb.Collect(ctx, s.DB, "read statistics", `select hour_ms, name, count from event_stats
		where shop = $1 and hour_ms >= $2 and hour_ms < $3 and count <> 0 order by hour_ms, name`,
		[]any{shop, fromMs, toMs}, func(r *sql.Rows, c *store.Count) error { return r.Scan(&c.HourMs, &c.Name, &c.N) })
}
