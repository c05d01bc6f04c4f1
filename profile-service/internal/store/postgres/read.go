package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectEvents = "select seq, subject, session_id, event_id, type, occurred_ms, received_ms, order_id, value, lines, rest from events e where " + ofShop

const notWithheld = "subject is not null and not exists (select from identities i where i.shop = $1 and i.subject = e.subject and i.withheld)"

// eventScanner reads rows of selectEvents into one Event; texts that repeat are not allocated again.
type eventScanner struct {
	event            store.Event
	subject, session *string
	order            *string
	targets          []any
}

func newEventScanner() *eventScanner {
	s := &eventScanner{}
	e := &s.event
	s.targets = []any{&e.Seq, &s.subject, &s.session, &e.EventID, &e.Type, &e.OccurredMs, &e.ReceivedMs, &s.order, &e.Value, &e.Lines, &e.Rest}
	return s
}

func (s *eventScanner) scan(rows pgx.Rows) (*store.Event, error) {
	if err := rows.Scan(s.targets...); err != nil {
		return nil, err
	}
	s.event.Subject, s.event.SessionID, s.event.OrderID = text(s.subject), text(s.session), text(s.order)
	s.event.RestoreSession()
	return &s.event, nil
}

// query builds a statement piece by piece; %s in a condition stands for its argument.
type query struct {
	strings.Builder
	args []any
}

func (q *query) and(condition string, arg any) {
	q.args = append(q.args, arg)
	q.WriteString(" and " + strings.ReplaceAll(condition, "%s", fmt.Sprintf("$%d", len(q.args))))
}

// Scan implements store.EventLog.
func (s *Store) Scan(ctx context.Context, shop string, sq store.ScanQuery, f func(*store.Event) bool) error {
	q := &query{args: []any{shop}}
	q.WriteString(selectEvents)
	q.and("seq > %s", sq.After)
	q.and("seq <= %s", sq.UpTo)
	if sq.FromMs > 0 {
		q.and("occurred_ms >= %s", sq.FromMs)
	}
	if sq.ToMs > 0 {
		q.and("occurred_ms < %s", sq.ToMs)
	}
	if sq.Types != nil {
		q.and("type = any(%s)", sq.Types)
	}
	if sq.Subjects != nil {
		q.and("subject = any(%s)", sq.Subjects)
	}
	if sq.SessionID != "" {
		q.and("(session_id = %s or subject = 's' || %s)", sq.SessionID)
	}
	if sq.OnlySubjects {
		q.WriteString(" and " + notWithheld)
	}
	order := " order by seq"
	if sq.Descending {
		order = " order by seq desc"
	}
	q.WriteString(order)
	q.args = append(q.args, sq.Limit)
	fmt.Fprintf(q, " limit $%d", len(q.args))
	rows, err := s.pool.Query(ctx, q.String(), q.args...)
	if err != nil {
		return fmt.Errorf("scan events: %w", err)
	}
	defer rows.Close()
	scanner := newEventScanner()
	for rows.Next() {
		e, err := scanner.scan(rows)
		if err != nil {
			return fmt.Errorf("scan events: %w", err)
		}
		if !f(e) {
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
	rows, err := s.pool.Query(ctx, `select seq, subject, session_id, null from events e where `+ofShop+` and seq > $2 and seq <= $3
		union all select seq, null, null, subject_hash from visitor_changes where shop = $1 and seq > $2 and seq <= $3`, shop, after, upTo)
	if err != nil {
		return fmt.Errorf("read changes: %w", err)
	}
	var seq int64
	var subject, session *string
	var hash *int64
	if _, err := pgx.ForEachRow(rows, []any{&seq, &subject, &session, &hash}, func() error {
		if subject != nil {
			f(seq, event.Hash(*subject))
		}
		if session != nil {
			f(seq, event.Hash(event.SessionSubject(*session)))
		}
		if hash != nil {
			f(seq, *hash)
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read changes: %w", err)
	}
	return nil
}

// LastSeq implements store.EventLog.
func (s *Store) LastSeq(ctx context.Context, shop string) (int64, error) {
	return s.counter(ctx, shop, eventCounter)
}

// KnownSeq implements store.EventLog: other replicas write as well, so the database has to be asked.
func (s *Store) KnownSeq(string) (int64, bool) { return 0, false }

// Stats implements store.EventLog.
func (s *Store) Stats(ctx context.Context, shop string, fromMs, toMs int64) ([]store.Count, error) {
	rows, err := s.pool.Query(ctx, `select hour_ms, name, count from event_stats
		where shop = $1 and hour_ms >= $2 and hour_ms < $3 order by hour_ms, name`, shop, fromMs, toMs)
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[store.Count])
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	return counts, nil
}

// The statements of History. $1 is the shop, $2 the asked subjects (or the session) and $3, of the first, the asked user.
const (
	historyVisitorSQL = `select coalesce((select value from counters where shop = $1 and name = 'events'), 0),
		exists (select from identities where shop = $1 and subject = any($2) and withheld),
		array(select coalesce(i.canonical, a.subject) from unnest($2::text[]) as a(subject) left join identities i on i.shop = $1 and i.subject = a.subject),
		u.user_id, coalesce(u.version, 0), coalesce(u.created_ms, 0), coalesce(u.updated_ms, 0), u.body
		from (select) as always left join users u on u.shop = $1 and u.user_id = coalesce((select substr(canonical, 2) from identities
			where shop = $1 and subject = 'u' || $3 and canonical is not null), $3)`
	canonicalSubjects = `subject = any(array(select coalesce(i.canonical, a.subject) from unnest($2::text[]) as a(subject)
		left join identities i on i.shop = $1 and i.subject = a.subject))`
	inSession = "(session_id = $2 or subject = 's' || $2) and " + notWithheld
)

// History implements store.Histories. Its statements go out together, in one round trip. Each has a snapshot of its own: the counter is read first, and
// what was appended after it is left out.
func (s *Store) History(ctx context.Context, shop string, q store.HistoryQuery) (store.History, error) {
	var h store.History
	asked := q.Subjects()
	batch := &pgx.Batch{}
	batch.Queue(historyVisitorSQL, shop, asked, q.UserID).QueryRow(func(row pgx.Row) error { return scanVisitor(row, &h) })
	events := historyEvents(shop, asked, q)
	batch.Queue(events.String(), events.args...).Query(func(rows pgx.Rows) error { return scanHistory(rows, &h) })
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return store.History{}, fmt.Errorf("read history: %w", err)
	}
	if h.Withheld {
		h.Events = nil
	}
	if q.Watermark > 0 {
		h.Watermark = min(h.Watermark, q.Watermark)
	}
	return h, nil
}

// scanVisitor reads a row of historyVisitorSQL.
func scanVisitor(row pgx.Row, h *store.History) error {
	var id *string
	var u store.UserRow
	if err := row.Scan(&h.Watermark, &h.Withheld, &h.Subjects, &id, &u.Version, &u.CreatedMs, &u.UpdatedMs, &u.Body); err != nil {
		return err
	}
	if id != nil {
		u.UserID = *id
		h.User = &u
	}
	return nil
}

func historyEvents(shop string, asked []string, hq store.HistoryQuery) *query {
	q := &query{args: []any{shop, asked}}
	q.WriteString(selectEvents + " and ")
	if hq.UserID == "" {
		q.args[1] = hq.SessionID
		q.WriteString(inSession)
	} else {
		q.WriteString(canonicalSubjects)
	}
	if hq.Watermark > 0 {
		q.and("seq <= %s", hq.Watermark)
	}
	if hq.UntilMs > 0 {
		q.and("occurred_ms <= %s", hq.UntilMs)
	}
	q.args = append(q.args, hq.Limit)
	fmt.Fprintf(q, " order by occurred_ms desc, seq desc limit $%d", len(q.args))
	return q
}

// scanHistory reads the events up to the watermark.
func scanHistory(rows pgx.Rows, h *store.History) error {
	scanner := newEventScanner() // pgx makes new bytes and numbers for each row, so copies of the event stay valid
	for rows.Next() {
		e, err := scanner.scan(rows)
		if err != nil {
			return err
		}
		if e.Seq <= h.Watermark {
			h.Events = append(h.Events, *e)
		}
	}
	return rows.Err()
}

func collectText(rows pgx.Rows, into *[]string) error {
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	*into = all
	return err
}

// Facts implements store.Histories.
func (s *Store) Facts(ctx context.Context, shop string, itemIDs []string) (map[string]store.ItemFacts, error) {
	facts := make(map[string]store.ItemFacts, len(itemIDs))
	rows, err := s.pool.Query(ctx, "select item_id, category, brand, price from items where shop = $1 and item_id = any($2) and not deleted", shop, itemIDs)
	if err != nil {
		return nil, fmt.Errorf("read facts of items: %w", err)
	}
	var id string
	var f store.ItemFacts
	if _, err := pgx.ForEachRow(rows, []any{&id, &f.Category, &f.Brand, &f.Price}, func() error {
		facts[id] = f
		f.Price = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read facts of items: %w", err)
	}
	return facts, nil
}
