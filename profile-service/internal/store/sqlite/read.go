package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectEvents = `select seq, coalesce(subject, ''), coalesce(session_id, ''), event_id, type, occurred_ms, received_ms,
	coalesce(order_id, ''), value, lines, rest from events e where shop = ?`

const notWithheld = "subject is not null and not exists (select 1 from identities i where i.shop = e.shop and i.subject = e.subject and i.withheld)"

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
		q.and("(session_id = ? or subject = 's' || ?)", sq.SessionID, sq.SessionID)
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

// LastSeq implements store.EventLog.
func (s *Store) LastSeq(ctx context.Context, shop string) (int64, error) {
	return s.counter(ctx, shop, eventCounter)
}

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

// History implements store.Histories.
func (s *Store) History(ctx context.Context, shop string, q store.HistoryQuery) (store.History, error) {
	tx, err := s.db.Reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return store.History{}, fmt.Errorf("read history: %w", err)
	}
	defer tx.Rollback() // it has only read
	var h store.History
	subjects, err := historyIdentity(ctx, tx, shop, q, &h)
	if err == nil && !h.Withheld {
		err = historyEvents(ctx, tx, shop, q, subjects, &h)
	}
	if err != nil {
		return store.History{}, fmt.Errorf("read history: %w", err)
	}
	return h, nil
}

// historyIdentity finds the visitor's record, consent and the subjects that its events are stored under.
func historyIdentity(ctx context.Context, tx *sql.Tx, shop string, q store.HistoryQuery, h *store.History) ([]string, error) {
	if err := tx.QueryRowContext(ctx, readCounterSQL, shop, eventCounter).Scan(&h.Watermark); err != nil {
		return nil, err
	}
	var asked []string
	if q.UserID != "" {
		asked = append(asked, event.UserSubject(q.UserID))
	}
	if q.SessionID != "" {
		asked = append(asked, event.SessionSubject(q.SessionID))
	}
	identities, err := identitiesOf(ctx, tx, shop, asked)
	if err != nil {
		return nil, err
	}
	for _, id := range identities {
		h.Withheld = h.Withheld || id.withheld
	}
	subjects := store.Canonical(asked, func(subject string) string { return identities[subject].canonical })
	if q.UserID == "" {
		return subjects, nil
	}
	return subjects, historyUser(ctx, tx, shop, subjects[0], h)
}

func historyUser(ctx context.Context, tx *sql.Tx, shop, subject string, h *store.History) error {
	userID, _ := event.SplitSubject(subject)
	var row store.UserRow
	err := scanUser(tx.QueryRowContext(ctx, selectUsers+" and user_id = ?", shop, userID), &row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	h.User = &row
	return err
}

func historyEvents(ctx context.Context, tx *sql.Tx, shop string, hq store.HistoryQuery, subjects []string, h *store.History) error {
	q := &query{args: []any{shop}}
	q.WriteString(selectEvents)
	if hq.UserID == "" {
		q.and("(session_id = ? or subject = 's' || ?) and "+notWithheld, hq.SessionID, hq.SessionID)
	} else {
		q.and("subject"+inList, list(subjects))
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
	rows, err := s.db.Reader.QueryContext(ctx, "select item_id, category, brand, price from items where shop = ? and not deleted and item_id"+inList, shop, list(itemIDs))
	if err != nil {
		return nil, fmt.Errorf("read facts of items: %w", err)
	}
	defer rows.Close()
	facts := make(map[string]store.ItemFacts, len(itemIDs))
	for rows.Next() {
		var id string
		var f store.ItemFacts
		if err := rows.Scan(&id, &f.Category, &f.Brand, &f.Price); err != nil {
			return nil, fmt.Errorf("read facts of items: %w", err)
		}
		facts[id] = f
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read facts of items: %w", err)
	}
	return facts, nil
}
