package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// personOf returns one subject of a shop; visitor is 0 when there is none. Its state is not
// read.
func personOf(ctx context.Context, q sqldb.Querier, shopID int64, subject string) (person, error) {
	p := person{canonicalSubject: subject}
	err := q.Each(ctx, `select v.visitor, v.withheld, m.visitor, m.subject from visitors v
		join visitors m on m.visitor = coalesce(v.canonical, v.visitor)
		where v.shop_id = $1 and v.subject = $2`, []any{shopID, subject}, func(r *sql.Rows) error {
		return r.Scan(&p.visitor, &p.withheld, &p.canonical, &p.canonicalSubject)
	})
	return p, err
}

// Canonical implements store.Identities. A subject of which nothing is known is its own.
func (s *Store) Canonical(ctx context.Context, shop, subject string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	shopID, err := s.numbers.Shop(ctx, shop)
	if err != nil {
		return "", err
	}
	p, err := personOf(ctx, s, shopID, subject)
	if err != nil {
		return "", fmt.Errorf("resolve identity: %w", err)
	}
	return p.canonicalSubject, nil
}

// Aliases implements store.Identities.
func (s *Store) Aliases(ctx context.Context, shop, userID string) ([]string, error) {
	return sqldb.Collect(ctx, s.DB, "read aliases", `select a.subject from visitors v join visitors a on a.canonical = v.visitor
		where v.shop_id = (select shop_id from shops where shop = $1) and v.subject = $2 order by a.subject`,
		[]any{shop, event.UserSubject(userID)}, sqldb.ScanText)
}

// Subjects implements store.Traces.
func (s *Store) Subjects(ctx context.Context, shop, subject string) ([]string, error) {
	shopID, err := s.numbers.Shop(ctx, shop)
	if err != nil {
		return nil, err
	}
	subjects, err := sqldb.Collect(ctx, s.DB, "read the names of a user", `
		with person as (select visitor from visitors where shop_id = $1 and subject = $2)
		select subject from visitors where visitor in (select visitor from person) or canonical in (select visitor from person)
			or visitor in (select session from visitor_sessions where visitor in (select visitor from person))`,
		[]any{shopID, subject}, sqldb.ScanText)
	if err != nil {
		return nil, err
	}
	if len(subjects) == 0 {
		subjects = []string{subject}
	}
	slices.Sort(subjects)
	return subjects, nil
}

// Merge implements store.Identities. It is one transaction. Events of the alias change their
// visitor and so their place in the table: a statement that costs as much as storing them
// again.
func (s *Store) Merge(ctx context.Context, shop, alias, userID string) (int64, error) {
	var moved int64
	err := s.Change(ctx, "merge identities", s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		from, target, err := t.mergeTarget(ctx, shopID, alias, event.UserSubject(userID))
		if err != nil || from.canonical == target.canonical {
			return err
		}
		moved, err = t.moveVisitor(ctx, shop, alias, &from, &target)
		return err
	}))
	if err != nil {
		return 0, err
	}
	return moved, nil
}

// mergeTarget returns the two to join, which are one already when they have the same canonical
// number. Subjects that nobody has met get a row, so that what comes later follows. It returns
// store.ErrCycle and store.ErrMerged as refusals.
func (t *tx) mergeTarget(ctx context.Context, shopID int64, alias, user string) (from, target person, err error) {
	if err := t.addVisitors(ctx, shopID, []string{alias, user}, int64(t.s.states.Fingerprint()), func(string, int64) {}); err != nil {
		return from, target, err
	}
	if from, err = personOf(ctx, t, shopID, alias); err != nil {
		return from, target, err
	}
	target, err = personOf(ctx, t, shopID, user)
	switch {
	case err != nil:
	case target.canonical == from.visitor:
		err = sqldb.Refuse(store.ErrCycle)
	case from.canonical != from.visitor && from.canonical != target.canonical:
		err = sqldb.Refuse(store.ErrMerged)
	}
	return from, target, err
}

// moveVisitor gives everything of a visitor to another, and returns how many events it moved.
// Lines that an order of both has are the target's: the others go. Orders come first, since
// they may have to be made from the events of either; then events, the sessions in which the
// alias was seen and the alias itself where it is a session; then all names of the alias, which
// take over the target's consent. The verdict on a robot stays the target's.
func (t *tx) moveVisitor(ctx context.Context, shop, alias string, from, target *person) (int64, error) {
	seq, err := number.Raise(ctx, t.Tx, shop, number.Events, 1)
	if err != nil {
		return 0, err
	}
	if err := t.mergeOrders(ctx, from.visitor, target.canonical); err != nil {
		return 0, err
	}
	var session int64
	if _, sessionID := event.SplitSubject(alias); sessionID != "" {
		session = from.visitor
	}
	moved, err := t.Exec(ctx, `update events set visitor = $1, session = coalesce(session, nullif(cast($2 as bigint), 0))
		where visitor = $3`, target.canonical, session, from.visitor)
	if err != nil {
		return 0, err
	}
	for _, step := range []struct {
		text string
		args []any
	}{
		{`insert into visitor_sessions (session, visitor) select session, cast($1 as bigint) from visitor_sessions where visitor = $2
			on conflict do nothing`, []any{target.canonical, from.visitor}},
		{"delete from visitor_sessions where visitor = $1", []any{from.visitor}},
		{`insert into visitor_sessions (session, visitor) select visitor, cast($1 as bigint) from visitors where visitor = $2
			on conflict do nothing`, []any{target.canonical, session}},
		{"update visitors set canonical = $1, withheld = $2, version = $3, state = null, robot = 0 where visitor = $4 or canonical = $4",
			[]any{target.canonical, target.withheld, seq, from.visitor}},
		{"update visitors set version = $1, weights = null, state = null where visitor = $2", []any{seq, target.canonical}},
	} {
		if _, err := t.Exec(ctx, step.text, step.args...); err != nil {
			return 0, err
		}
	}
	return moved, nil
}

// mergeOrders joins the orders of two visitors: those with an id that both have are told line
// by line, the others change their owner.
func (t *tx) mergeOrders(ctx context.Context, from, target int64) error {
	ids, err := sqldb.All(ctx, t, `select a.order_id from orders a join orders b on b.order_id = a.order_id and b.visitor = $1
		where a.visitor = $2`, []any{target, from}, sqldb.ScanText)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := t.tellAgain(ctx, from, target, ids); err != nil {
			return err
		}
	}
	if _, err := t.Exec(ctx, `delete from orders where visitor = $1
		and order_id in (select order_id from orders where visitor = $2)`, from, target); err != nil {
		return err
	}
	_, err = t.Exec(ctx, "update orders set visitor = $1 where visitor = $2", target, from)
	return err
}

// tellAgain tells the orders of one visitor what another bought with the same order ids, and takes what they have already out of the
// events. It reads all events of the one whose orders are told.
func (t *tx) tellAgain(ctx context.Context, from, target int64, ids []string) error {
	keys := make([]stored.OrderKey, len(ids))
	for i, id := range ids {
		keys[i] = stored.OrderKey{Visitor: target, ID: id}
	}
	orders, err := t.readOrders(ctx, keys)
	if err != nil {
		return err
	}
	events, err := t.eventsOf(ctx, from)
	if err != nil {
		return err
	}
	b := stored.NewTeller(orders)
	for i := range events {
		e := &events[i]
		if e.Visitor = target; !e.IsOrder() || orders[e.Order()] == nil {
			continue
		}
		importNo := e.ImportNo
		e.ImportNo = 0 // they are told once more, whoever told of them before
		leftOut, all, err := b.Tell(e, 0, i, false)
		e.ImportNo = importNo
		switch {
		case err != nil:
		case all:
			_, err = t.Exec(ctx, "delete from events where visitor = $1 and id_hash = $2 and seq = $3", from, e.IDHash, e.Seq)
		case leftOut != nil:
			_, err = t.Exec(ctx, "update events set body = $1 where visitor = $2 and id_hash = $3 and seq = $4",
				stored.AppendBody(nil, e), from, e.IDHash, e.Seq)
		}
		if err != nil {
			return err
		}
	}
	return t.writeOrders(ctx, orders)
}

// eventsOf returns every event of a canonical visitor in ascending order of seq, all at once in
// memory: a person's whole history.
func (t *tx) eventsOf(ctx context.Context, visitor int64) ([]stored.Event, error) {
	var events []stored.Event
	err := t.eachEvent(ctx, t, "e.visitor = $1", []any{visitor}, func(e *stored.Event) error {
		events = append(events, e.Clone())
		return nil
	})
	return events, err
}
