package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectEvents = `select seq, coalesce(subject, ''), coalesce(session_id, ''), event_id, type, occurred_ms, received_ms,
	coalesce(order_id, ''), value, lines, rest from events e where shop = ?`

const notWithheld = "subject is not null and not exists (select 1 from identities i where i.shop = e.shop and i.subject = e.subject and i.withheld)"

// inSession are the events of a session, whether a user was named with them or not. The indexes are named because the planner, which keeps no statistics,
// prefers to read all events of the shop in the order that is asked for.
const inSession = `seq in (select seq from events indexed by events_session where shop = ? and session_id = ?
	union all select seq from events indexed by events_subject where shop = ? and subject = 's' || ?)`

func scanEvent(rows *sql.Rows, e *store.Event) error {
	err := rows.Scan(&e.Seq, &e.Subject, &e.SessionID, &e.EventID, &e.Type, &e.OccurredMs, &e.ReceivedMs, &e.OrderID, &e.Value, &e.Lines, &e.Rest)
	e.RestoreSession()
	return err
}

// query builds a statement piece by piece.
type query struct {
	strings.Builder
	args []any
}

func (q *query) and(condition string, args ...any) {
	q.WriteString(" and " + condition)
	q.args = append(q.args, args...)
}

// Scan implements store.EventLog.
func (s *Store) Scan(ctx context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	q := &query{args: []any{shop}}
	q.WriteString(selectEvents)
	q.and("seq > ? and seq <= ?", sq.After, sq.UpTo)
	if sq.FromMs > 0 {
		q.and("occurred_ms >= ?", sq.FromMs)
	}
	if sq.ToMs > 0 {
		q.and("occurred_ms < ?", sq.ToMs)
	}
	if sq.Types != nil {
		q.and("type"+inList, list(sq.Types))
	}
	if sq.Subjects != nil {
		q.and("subject"+inList, list(sq.Subjects))
	}
	if sq.SessionID != "" {
		q.and(inSession, shop, sq.SessionID, shop, sq.SessionID)
	}
	if sq.OnlySubjects {
		q.and(notWithheld)
	}
	order := " order by seq limit ?"
	if sq.Descending {
		order = " order by seq desc limit ?"
	}
	q.WriteString(order)
	q.args = append(q.args, sq.Limit)
	rows, err := s.db.Reader.QueryContext(ctx, q.String(), q.args...)
	if err != nil {
		return fmt.Errorf("scan events: %w", err)
	}
	defer rows.Close()
	var e store.Event
	for rows.Next() {
		if err := scanEvent(rows, &e); err != nil {
			return fmt.Errorf("scan events: %w", err)
		}
		if !f(&e) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("scan events: %w", err)
	}
	return nil
}

// Changed implements store.EventLog.
func (s *Store) Changed(ctx context.Context, shop string, after, upTo int64, f func(seq, subjectHash int64)) error {
	err := s.eachRow(ctx, "select seq, subject, session_id from events where shop = ? and seq > ? and seq <= ?", []any{shop, after, upTo}, func(rows *sql.Rows) error {
		var seq int64
		var subject, session sql.NullString
		err := rows.Scan(&seq, &subject, &session)
		if subject.Valid {
			f(seq, event.Hash(subject.String))
		}
		if session.Valid {
			f(seq, event.Hash(event.SessionSubject(session.String)))
		}
		return err
	})
	if err == nil {
		err = s.eachRow(ctx, "select seq, subject_hash from visitor_changes where shop = ? and seq > ? and seq <= ?", []any{shop, after, upTo}, func(rows *sql.Rows) error {
			var seq, hash int64
			err := rows.Scan(&seq, &hash)
			f(seq, hash)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("read changes: %w", err)
	}
	return nil
}

// LastSeq implements store.EventLog.
func (s *Store) LastSeq(ctx context.Context, shop string) (int64, error) {
	if seq, ok := s.seqs.known(shop); ok {
		return seq, nil
	}
	seq, err := s.counter(ctx, shop, eventCounter)
	if err == nil && seq > 0 { // a shop without events is not remembered: anybody can ask for any name
		s.seqs.raise(shop, seq)
	}
	return seq, err
}

// KnownSeq implements store.EventLog.
func (s *Store) KnownSeq(shop string) (int64, bool) { return s.seqs.known(shop) }

// Stats implements store.EventLog.
func (s *Store) Stats(ctx context.Context, shop string, fromMs, toMs int64) ([]store.Count, error) {
	rows, err := s.db.Reader.QueryContext(ctx, `select hour_ms, name, count from event_stats
		where shop = ? and hour_ms >= ? and hour_ms < ? order by hour_ms, name`, shop, fromMs, toMs)
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	counts, err := collect(rows, func(r *sql.Rows, c *store.Count) error { return r.Scan(&c.HourMs, &c.Name, &c.N) })
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	return counts, nil
}

// collect reads every row with scan and closes rows.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows, *T) error) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// readTx is a view of the file that does not change.
type readTx struct {
	*sql.Tx
	statements *statements
}

// QueryContext runs a statement that stays compiled for the next transaction.
func (t *readTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	statement, err := t.statements.of(ctx, text)
	if err != nil {
		return nil, err
	}
	return t.StmtContext(ctx, statement).QueryContext(ctx, args...)
}

// one reads at most one row and reports whether there was one.
func (t *readTx) one(ctx context.Context, text string, args []any, scan func(scanner) error) (bool, error) {
	rows, err := t.QueryContext(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, scan(rows)
}

// eachRow calls scan with every row of a statement that stays compiled.
func (s *Store) eachRow(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	statement, err := s.statements.of(ctx, text)
	if err != nil {
		return err
	}
	return visitRows(ctx, statement, args, scan)
}

// History implements store.Histories.
func (s *Store) History(ctx context.Context, shop string, q store.HistoryQuery) (store.History, error) {
	tx, err := s.db.Reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return store.History{}, fmt.Errorf("read history: %w", err)
	}
	defer tx.Rollback() // it has only read
	var h store.History
	view := &readTx{tx, s.statements}
	if err = historyIdentity(ctx, view, shop, q, &h); err == nil && !h.Withheld {
		err = historyEvents(ctx, view, shop, q, &h)
	}
	if err != nil {
		return store.History{}, fmt.Errorf("read history: %w", err)
	}
	return h, nil
}

// historyIdentity finds the visitor's record, consent and the subjects that its events are stored under.
func historyIdentity(ctx context.Context, tx *readTx, shop string, q store.HistoryQuery, h *store.History) error {
	if _, err := tx.one(ctx, readCounterSQL, []any{shop, eventCounter}, func(r scanner) error { return r.Scan(&h.Watermark) }); err != nil {
		return err
	}
	asked := q.Subjects()
	identities, err := identitiesOf(ctx, tx, shop, asked)
	if err != nil {
		return err
	}
	for _, id := range identities {
		h.Withheld = h.Withheld || id.withheld
	}
	h.Subjects = store.Canonical(asked, func(subject string) string { return identities[subject].canonical })
	if q.UserID == "" {
		return nil
	}
	userID, _ := event.SplitSubject(h.Subjects[0])
	var row store.UserRow
	found, err := tx.one(ctx, selectUsers+" and user_id = ?", []any{shop, userID}, func(r scanner) error { return scanUser(r, &row) })
	if found {
		h.User = &row
	}
	return err
}

func historyEvents(ctx context.Context, tx *readTx, shop string, hq store.HistoryQuery, h *store.History) error {
	q := &query{args: []any{shop}}
	q.WriteString(selectEvents)
	if hq.UserID == "" {
		q.and(inSession+" and "+notWithheld, shop, hq.SessionID, shop, hq.SessionID)
	} else {
		q.and("subject"+inList, list(h.Subjects))
	}
	if hq.Watermark > 0 {
		q.and("seq <= ?", hq.Watermark)
		h.Watermark = min(h.Watermark, hq.Watermark)
	}
	if hq.UntilMs > 0 {
		q.and("occurred_ms <= ?", hq.UntilMs)
	}
	q.WriteString(" order by occurred_ms desc, seq desc limit ?")
	rows, err := tx.QueryContext(ctx, q.String(), append(q.args, hq.Limit)...)
	if err != nil {
		return err
	}
	h.Events, err = collect(rows, scanEvent)
	return err
}

// Facts implements store.Histories.
func (s *Store) Facts(ctx context.Context, shop string, itemIDs []string) (map[string]store.ItemFacts, error) {
	facts := make(map[string]store.ItemFacts, len(itemIDs))
	err := s.eachRow(ctx, "select item_id, category, brand, price from items where shop = ? and not deleted and item_id"+inList, []any{shop, list(itemIDs)}, func(rows *sql.Rows) error {
		var id string
		var f store.ItemFacts
		err := rows.Scan(&id, &f.Category, &f.Brand, &f.Price)
		facts[id] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read facts of items: %w", err)
	}
	return facts, nil
}
