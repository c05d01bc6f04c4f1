package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/shared/database"
)

// selectVisitor reads everything that is held on a user ($3) and a session ($4) of a shop ($1, $2) in one look-up; there is a row with the
// last seq at least. A row each for user and session, the user's first. "v" is the subject as
// named, "m" the one that it is stored under.
const selectVisitor = `select coalesce(c.value, 0), v.subject, v.visitor, v.withheld,
	m.visitor, m.subject, m.version, m.robot = 1, coalesce(m.weights, -1), m.state,
	exists (select 1 from visitor_sessions p where p.session = v.visitor), u.user_id, u.version, u.created_ms, u.updated_ms, u.body
	from (select 1 as one) as always left join counters c on c.shop = $1 and c.name = 'events'
	left join visitors v on v.shop_id = $2 and v.subject in ($3, $4)
	left join visitors m on m.visitor = coalesce(v.canonical, v.visitor)
	left join users u on u.shop = $1 and u.user_id = substr(m.subject, 2) and substr(v.subject, 1, 1) = 'u' order by v.subject desc`

// visitorRow is a row of selectVisitor.
type visitorRow struct {
	person
	subject string
	state   store.State    // of the canonical subject
	user    *store.UserRow // nil: no record, or the row of a session
	beside  bool           // the subject is a session in which a known user was seen
	robot   bool
}

// Visitor implements store.Visitors. A cached answer costs no statement, an ordinary one a
// single statement, and one whose state has to be made a transaction that reads all of the
// visitor's events.
func (s *Store) Visitor(ctx context.Context, shop, userID, sessionID string) (store.Visitor, error) {
	if v, ok := s.kept.visitor(s.numbers.Known(shop), userID, sessionID, int64(s.states.Fingerprint())); ok {
		return v, nil
	}
	v, err := database.Detached(ctx, sqldb.ReadLimit, func(ctx context.Context) (store.Visitor, error) {
		v, stale, err := s.visitor(ctx, shop, userID, sessionID)
		if err != nil || !stale {
			return v, err
		}
		// Rare: after a merge, an erasure, an undone import or other weights.
		if err := s.refresh(ctx, shop, userID, sessionID); err != nil {
			return v, err
		}
		v, _, err = s.visitor(ctx, shop, userID, sessionID)
		return v, err
	})
	if err != nil {
		return store.Visitor{}, fmt.Errorf("read a visitor: %w", err)
	}
	return v, nil
}

// subjectsOf are the subjects of a user and a session; one that was not asked for is "", which
// is no subject's.
func subjectsOf(userID, sessionID string) (user, session string) {
	if userID != "" {
		user = event.UserSubject(userID)
	}
	if sessionID != "" {
		session = event.SessionSubject(sessionID)
	}
	return user, session
}

// visitor reads a user and a session and remembers them; stale says that a state has to be made
// again first.
func (s *Store) visitor(ctx context.Context, shop, userID, sessionID string) (v store.Visitor, stale bool, err error) {
	shopID, err := s.numbers.Shop(ctx, shop)
	if err != nil {
		return v, false, err
	}
	user, session := subjectsOf(userID, sessionID)
	stamps := map[string]uint64{user: s.kept.stamp(keptKey{shopID, user}), session: s.kept.stamp(keptKey{shopID, session})}
	err = s.Each(ctx, selectVisitor, []any{shop, shopID, user, session}, func(r *sql.Rows) error {
		row, err := scanVisitor(r, &v.LastSeq)
		if err != nil || row.visitor == 0 {
			return err
		}
		s.kept.read(keptKey{shopID, row.subject}, keptRow{visitorRow: row, last: v.LastSeq, whole: true, stamp: stamps[row.subject]})
		stale = stale || row.weights != int64(s.states.Fingerprint())
		row.addTo(&v)
		return nil
	})
	return v, stale, err
}

// addTo adds what a row tells of a visitor, the user's before the session's.
func (row *visitorRow) addTo(v *store.Visitor) {
	v.Withheld = v.Withheld || row.withheld
	v.Robot = v.Robot || row.robot
	if row.user != nil {
		v.User = row.user
	}
	for _, have := range v.States {
		if have.Subject == row.canonicalSubject {
			return // the session is the user's
		}
	}
	row.state.Subject, row.state.Beside = row.canonicalSubject, row.beside
	v.States = append(v.States, row.state)
}

// scanVisitor reads a row of selectVisitor and the shop's last seq. Where there is neither user
// nor session, visitor is 0.
func scanVisitor(r *sql.Rows, last *int64) (visitorRow, error) {
	var row visitorRow
	var subject, canonicalSubject, userID sql.NullString
	var visitor, canonical, version, userVersion, created, updated sql.NullInt64
	var withheld, robot sql.NullBool
	var body []byte
	err := r.Scan(last, &subject, &visitor, &withheld, &canonical, &canonicalSubject, &version, &robot, &row.weights,
		&row.state.Data, &row.beside,
		&userID, &userVersion, &created, &updated, &body)
	row.subject, row.visitor, row.withheld, row.canonical, row.canonicalSubject = subject.String, visitor.Int64,
		withheld.Bool, canonical.Int64, canonicalSubject.String
	row.state.Version, row.robot = version.Int64, robot.Bool
	if userID.Valid {
		row.user = &store.UserRow{
			UserID: userID.String, Version: userVersion.Int64, CreatedMs: created.Int64, UpdatedMs: updated.Int64, Body: body,
		}
	}
	return row, err
}

// refresh makes the states of a user and a session again where they have to be. The version
// stays, since the events are the same.
func (s *Store) refresh(ctx context.Context, shop, userID, sessionID string) error {
	return s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		user, session := subjectsOf(userID, sessionID)
		rows, err := sqldb.All(ctx, t, `select distinct m.visitor, m.version from visitors v
			join visitors m on m.visitor = coalesce(v.canonical, v.visitor)
			where v.shop_id = $1 and v.subject in ($2, $3) and coalesce(m.weights, -1) <> $4`,
			[]any{
				shopID, user, session, int64(s.states.Fingerprint()),
			}, func(r *sql.Rows, row *[2]int64) error { return r.Scan(&row[0], &row[1]) })
		if err != nil {
			return err
		}
		var made states
		for _, row := range rows {
			state, err := t.rebuilt(ctx, row[0])
			if err != nil {
				return err
			}
			made.add(row[0], row[1], state)
		}
		return t.writeStates(ctx, &made)
	}))
}

// History implements store.Visitors. A session's visitors who withhold consent are left out; of
// Subjects the caller has decided that.
func (s *Store) History(ctx context.Context, shop string, q store.HistoryQuery, f func(page []store.Event) error) error {
	free := context.WithoutCancel(ctx)
	shopID, err := s.numbers.Shop(free, shop)
	if err != nil {
		return err
	}
	w := &sqldb.Where{}
	if err := s.ofVisitors(free, w, shopID, store.ScanQuery{Subjects: q.Subjects, SessionID: q.SessionID}); err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	if q.SessionID != "" {
		w.And("not v.withheld")
	}
	if q.Watermark > 0 {
		w.And("e.seq <= ?", q.Watermark)
	}
	if q.UntilMs > 0 {
		w.And("e.occurred_ms <= ?", q.UntilMs)
	}
	if err := s.pages(free, s, w.String(), w.Args, func(page []store.Event) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(page)
	}); err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	return nil
}
