package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const copyEventsSQL = `copy events (shop_id, seq, subject, session_id, event_id, type, occurred_ms, received_ms, order_id, value, lines, rest) from stdin binary`

// Append implements store.EventLog.
func (s *Store) Append(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) ([]store.Outcome, error) {
	outcomes, err := s.appendOnce(ctx, shop, events, counts)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == noPartition {
		s.forgetMonths() // another replica has dropped a month that this one knew
		outcomes, err = s.appendOnce(ctx, shop, events, counts)
	}
	if err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	return outcomes, nil
}

// noPartition is the SQLSTATE of a row that no partition holds.
const noPartition = "23514"

func (s *Store) appendOnce(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) ([]store.Outcome, error) {
	if err := s.ensureMonths(ctx, events); err != nil {
		return nil, err
	}
	shopID, err := s.shopID(ctx, shop)
	if err != nil {
		return nil, err
	}
	a := appendTx{shop: shop, shopID: shopID, events: events, outcomes: make([]store.Outcome, len(events)), counts: store.NewTally(counts)}
	return a.outcomes, s.inTx(ctx, func(tx pgx.Tx) error { return a.run(ctx, tx) })
}

// appendTx is the state of one Append.
type appendTx struct {
	shop     string
	shopID   int64
	events   []store.NewEvent
	outcomes []store.Outcome
	counts   *store.Tally
	firstSeq int64
}

func (a *appendTx) run(ctx context.Context, tx pgx.Tx) error {
	if len(a.events) > 0 {
		identities, err := a.claim(ctx, tx)
		if err != nil {
			return err
		}
		a.resolve(identities)
		if err := a.claimOrders(ctx, tx); err != nil {
			return err
		}
		if err := a.copyIn(ctx, tx); err != nil {
			return err
		}
	}
	for i := range a.events {
		a.counts.Outcome(&a.events[i].Event, a.outcomes[i])
	}
	return a.addCounts(ctx, tx)
}

// claim locks the shop's event counter, marks the events whose ids were there already, notes the new ids and returns the identities of the subjects
// concerned. Looking first and copying then is safe under the lock, and cheaper than ON CONFLICT, which looks at every row twice.
func (a *appendTx) claim(ctx context.Context, tx pgx.Tx) (map[string]identity, error) {
	keys := store.NewKeySet(a.events, a.outcomes)
	identities := map[string]identity{}
	var last int64
	batch := &pgx.Batch{}
	batch.Queue(raiseCounterSQL, a.shop, eventCounter, len(a.events)).QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
	batch.Queue("select subject, canonical, withheld from identities where shop = $1 and subject = any($2)", a.shop, store.Subjects(a.events)).
		Query(func(rows pgx.Rows) error { return scanIdentities(rows, identities) })
	// LIMIT keeps the planner from joining the whole table.
	batch.Queue(`select k.s, k.e from unnest($2::bigint[], $3::bigint[]) as k(s, e),
		lateral (select from event_ids i where i.shop_id = $1 and i.subject_hash = k.s and i.event_hash = k.e limit 1) as present`,
		a.shopID, keys.SubjectHashes, keys.EventHashes).
		Query(func(rows pgx.Rows) error {
			var k store.EventKey
			_, err := pgx.ForEachRow(rows, []any{&k.SubjectHash, &k.EventHash}, func() error {
				keys.Stale(k, a.outcomes)
				return nil
			})
			return err
		})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("look for event ids: %w", err)
	}
	a.firstSeq = last - int64(len(a.events)) + 1
	return identities, a.copyKeys(ctx, tx, keys)
}

// copyKeys notes the ids that are new.
func (a *appendTx) copyKeys(ctx context.Context, tx pgx.Tx, keys *store.KeySet) error {
	d := newCopyData(64 * len(keys.EventHashes))
	for i := range keys.EventHashes {
		if keys.IsStale(i) {
			continue
		}
		d.row(4)
		d.int4(a.shopID)
		d.integer(keys.SubjectHashes[i])
		d.integer(keys.EventHashes[i])
		d.integer(a.events[0].ReceivedMs)
	}
	if err := d.send(ctx, tx, "copy event_ids (shop_id, subject_hash, event_hash, received_ms) from stdin binary"); err != nil {
		return fmt.Errorf("note event ids: %w", err)
	}
	return nil
}

// identity is a row of identities.
type identity struct {
	canonical string
	withheld  bool
}

func scanIdentities(rows pgx.Rows, into map[string]identity) error {
	var subject string
	var canonical *string
	var withheld bool
	_, err := pgx.ForEachRow(rows, []any{&subject, &canonical, &withheld}, func() error {
		into[subject] = identity{canonical: text(canonical), withheld: withheld}
		return nil
	})
	return err
}

// resolve numbers the events and puts them under their canonical subjects.
func (a *appendTx) resolve(identities map[string]identity) {
	for i := range a.events {
		e := &a.events[i]
		e.Seq = a.firstSeq + int64(i)
		id := identities[e.Subject]
		if id.canonical != "" {
			e.Subject = id.canonical
		}
		if e.Withheld || id.withheld {
			e.Subject, e.SessionID, e.OrderID, e.Rest = "", "", "", nil
		}
	}
}

// claimOrders marks purchases whose order is counted already as duplicates.
func (a *appendTx) claimOrders(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	for i := range a.events {
		e := &a.events[i]
		if a.outcomes[i] == store.Duplicate || e.Type != event.TypePurchase || e.OrderID == "" || e.Subject == "" {
			continue
		}
		batch.Queue("insert into orders (shop, subject, order_id, occurred_ms) values ($1, $2, $3, $4) on conflict do nothing",
			a.shop, e.Subject, e.OrderID, e.OccurredMs).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 0 {
				a.outcomes[i] = store.Duplicate
			}
			return nil
		})
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("claim orders: %w", err)
	}
	return nil
}

// copyIn stores the accepted events.
func (a *appendTx) copyIn(ctx context.Context, tx pgx.Tx) error {
	d := newCopyData(256 * len(a.events))
	for i := range a.events {
		if a.outcomes[i] == store.Duplicate {
			continue
		}
		e := &a.events[i]
		d.row(12)
		d.int4(a.shopID)
		d.integer(e.Seq)
		d.optional(e.Subject)
		d.optional(e.SessionColumn())
		d.text(e.EventID)
		d.text(e.Type)
		d.integer(e.OccurredMs)
		d.integer(e.ReceivedMs)
		d.optional(e.OrderID)
		d.float(e.Value)
		d.bytes(e.Lines)
		d.bytes(e.Rest)
	}
	if err := d.send(ctx, tx, copyEventsSQL); err != nil {
		return fmt.Errorf("copy events: %w", err)
	}
	return nil
}

// addCounts adds the statistics.
func (a *appendTx) addCounts(ctx context.Context, tx pgx.Tx) error {
	counts := a.counts.Sorted()
	if len(counts) == 0 {
		return nil
	}
	hours, names, numbers := make([]int64, len(counts)), make([]string, len(counts)), make([]int64, len(counts))
	for i, c := range counts {
		hours[i], names[i], numbers[i] = c.HourMs, c.Name, c.N
	}
	_, err := tx.Exec(ctx, `insert into event_stats as s (shop, hour_ms, name, count)
		select $1, h, n, c from unnest($2::bigint[], $3::text[], $4::bigint[]) as p(h, n, c)
		on conflict (shop, hour_ms, name) do update set count = s.count + excluded.count`, a.shop, hours, names, numbers)
	if err != nil {
		return fmt.Errorf("add statistics: %w", err)
	}
	return nil
}

// ensureMonths makes the partitions that the events fall into.
func (s *Store) ensureMonths(ctx context.Context, events []store.NewEvent) error {
	var missing map[string]int64
	s.mu.Lock()
	var seenMs int64 = -1
	for i := range events {
		ms := events[i].OccurredMs
		if ms/dayMs == seenMs {
			continue
		}
		seenMs = ms / dayMs
		if month := monthOf(ms); !s.months[month] {
			if missing == nil {
				missing = map[string]int64{}
			}
			missing[month] = ms
		}
	}
	s.mu.Unlock()
	for month, ms := range missing {
		if err := s.ensureMonth(ctx, month, ms); err != nil {
			return err
		}
	}
	return nil
}

const dayMs = 24 * 60 * 60 * 1000

func monthOf(ms int64) string { return time.UnixMilli(ms).UTC().Format("200601") }

func (s *Store) ensureMonth(ctx context.Context, month string, ms int64) error {
	if _, err := s.pool.Exec(ctx, "select ensure_events_partition($1)", ms); err != nil {
		return fmt.Errorf("make the partition of %s: %w", month, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.months[month] = true
	return nil
}

func (s *Store) forgetMonths() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.months)
}
