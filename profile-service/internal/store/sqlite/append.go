package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Append implements store.EventLog.
func (s *Store) Append(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) ([]store.Outcome, error) {
	a := appendTx{shop: shop, events: events, outcomes: make([]store.Outcome, len(events)), counts: store.NewTally(counts)}
	if err := s.inTx(ctx, func(tx *writeTx) error { return a.run(ctx, tx) }); err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	return a.outcomes, nil
}

// appendTx is the state of one Append.
type appendTx struct {
	shop     string
	events   []store.NewEvent
	outcomes []store.Outcome
	counts   *store.Tally
}

func (a *appendTx) run(ctx context.Context, tx *writeTx) error {
	if len(a.events) > 0 {
		for _, step := range []func(context.Context, *writeTx) error{a.claim, a.resolve, a.claimOrders, a.insert} {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
	}
	for i := range a.events {
		a.counts.Outcome(&a.events[i].Event, a.outcomes[i])
	}
	return a.addCounts(ctx, tx)
}

// claim notes the event ids and marks those that were there already.
func (a *appendTx) claim(ctx context.Context, tx *writeTx) error {
	keys := store.NewKeySet(a.events, a.outcomes)
	insert := bulkInsert{prefix: "insert into event_ids (shop, subject_hash, event_hash, received_ms)", width: 4,
		suffix: "on conflict do nothing returning subject_hash, event_hash"}
	fresh := make(map[store.EventKey]bool, len(keys.EventHashes))
	err := insert.run(ctx, tx, len(keys.EventHashes), func(args []any, i int) []any {
		return append(args, a.shop, keys.SubjectHashes[i], keys.EventHashes[i], a.events[0].ReceivedMs)
	}, func(rows *sql.Rows) error {
		var k store.EventKey
		err := rows.Scan(&k.SubjectHash, &k.EventHash)
		fresh[k] = true
		return err
	})
	if err != nil {
		return fmt.Errorf("claim event ids: %w", err)
	}
	if len(fresh) < len(keys.EventHashes) {
		keys.Others(fresh, a.outcomes)
	}
	return nil
}

// identity is a row of identities.
type identity struct {
	canonical string
	withheld  bool
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func identitiesOf(ctx context.Context, q querier, shop string, subjects []string) (map[string]identity, error) {
	rows, err := q.QueryContext(ctx, "select subject, coalesce(canonical, ''), withheld from identities where shop = ? and subject"+inList, shop, list(subjects))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	identities := map[string]identity{}
	for rows.Next() {
		var subject string
		var id identity
		if err := rows.Scan(&subject, &id.canonical, &id.withheld); err != nil {
			return nil, err
		}
		identities[subject] = id
	}
	return identities, rows.Err()
}

// resolve numbers the events and puts them under their canonical subjects.
func (a *appendTx) resolve(ctx context.Context, tx *writeTx) error {
	last, err := tx.raise(ctx, a.shop, eventCounter, len(a.events))
	if err != nil {
		return err
	}
	identities, err := identitiesOf(ctx, tx, a.shop, store.Subjects(a.events))
	if err != nil {
		return fmt.Errorf("resolve identities: %w", err)
	}
	for i := range a.events {
		e := &a.events[i]
		e.Seq = last - int64(len(a.events)) + 1 + int64(i)
		id := identities[e.Subject]
		if id.canonical != "" {
			e.Subject = id.canonical
		}
		if e.Withheld || id.withheld {
			e.Subject, e.SessionID, e.OrderID, e.Rest = "", "", "", nil
		}
	}
	return nil
}

// claimOrders marks purchases whose order is counted already as duplicates.
func (a *appendTx) claimOrders(ctx context.Context, tx *writeTx) error {
	var statement *sql.Stmt
	for i := range a.events {
		e := &a.events[i]
		if a.outcomes[i] == store.Duplicate || e.Type != event.TypePurchase || e.OrderID == "" || e.Subject == "" {
			continue
		}
		if statement == nil {
			var err error
			statement, err = tx.PrepareContext(ctx, "insert into orders (shop, subject, order_id, occurred_ms) values (?, ?, ?, ?) on conflict do nothing")
			if err != nil {
				return fmt.Errorf("claim orders: %w", err)
			}
			defer statement.Close()
		}
		result, err := statement.ExecContext(ctx, a.shop, e.Subject, e.OrderID, e.OccurredMs)
		if err != nil {
			return fmt.Errorf("claim orders: %w", err)
		}
		if n, err := result.RowsAffected(); err == nil && n == 0 {
			a.outcomes[i] = store.Duplicate
		}
	}
	return nil
}

func (a *appendTx) insert(ctx context.Context, tx *writeTx) error {
	accepted := make([]int, 0, len(a.events))
	for i, outcome := range a.outcomes {
		if outcome == store.Accepted {
			accepted = append(accepted, i)
		}
	}
	insert := bulkInsert{width: 12, prefix: `insert into events
		(shop, seq, subject, session_id, event_id, type, occurred_ms, received_ms, order_id, value, lines, rest)`}
	err := insert.run(ctx, tx, len(accepted), func(args []any, i int) []any {
		e := &a.events[accepted[i]]
		return append(args, a.shop, e.Seq, null(e.Subject), null(e.SessionColumn()), e.EventID, e.Type, e.OccurredMs, e.ReceivedMs,
			null(e.OrderID), e.Value, e.Lines, e.Rest)
	}, nil)
	if err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

func (a *appendTx) addCounts(ctx context.Context, tx *writeTx) error {
	counts := a.counts.Sorted()
	insert := bulkInsert{width: 4, prefix: "insert into event_stats (shop, hour_ms, name, count)",
		suffix: "on conflict (shop, hour_ms, name) do update set count = count + excluded.count"}
	err := insert.run(ctx, tx, len(counts), func(args []any, i int) []any {
		return append(args, a.shop, counts[i].HourMs, counts[i].Name, counts[i].N)
	}, nil)
	if err != nil {
		return fmt.Errorf("add statistics: %w", err)
	}
	return nil
}
