package sqlstore

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// Erase implements store.Identities. It is one transaction, however many events there are; the
// receipt is stored with it, also for a user of whom nothing is held. The user's events are
// those of the canonical visitor, so that an alias erases the whole person.
func (s *Store) Erase(ctx context.Context, shop, userID, pseudonym string, receipt store.Receipt) (store.Removed, error) {
	var removed store.Removed
	err := s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		p, err := personOf(ctx, t, shopID, event.UserSubject(userID))
		if err == nil && p.visitor != 0 {
			err = t.erase(ctx, shop, shopID, p.canonical, pseudonym, &removed)
		}
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, "insert into erasures (shop, receipt_id, at_ms, mode) values ($1, $2, $3, $4)",
			shop, receipt.ID, receipt.AtMs, receipt.Mode)
		return err
	}))
	if err != nil {
		return store.Removed{}, fmt.Errorf("erase a user: %w", err)
	}
	return removed, nil
}

// erase removes a canonical visitor with everything that was merged into it: events, orders,
// records, sessions and the rows of names. The shop's seq rises, so that a reading of before
// can be told from one after it.
func (t *tx) erase(ctx context.Context, shop string, shopID, visitor int64, pseudonym string, removed *store.Removed) (err error) {
	if _, err = number.Raise(ctx, t.Tx, shop, number.Events, 1); err != nil {
		return err
	}
	if pseudonym != "" {
		removed.Events, err = t.anonymise(ctx, shopID, visitor, pseudonym)
	} else {
		removed.Events, err = t.Exec(ctx, "delete from events where visitor = $1", visitor)
	}
	if err != nil {
		return err
	}
	subjects, err := sqldb.All(ctx, t, "select subject from visitors where visitor = $1 or canonical = $1", []any{visitor}, sqldb.ScanText)
	if err != nil {
		return err
	}
	userIDs := []string{}
	for _, s := range subjects {
		if userID, _ := event.SplitSubject(s); userID != "" {
			userIDs = append(userIDs, userID)
		}
	}
	sessions, err := sqldb.All(ctx, t, "select session from visitor_sessions where visitor = $1", []any{visitor}, sqldb.ScanInt)
	if err != nil {
		return err
	}
	users := sqldb.List(t.Dialect, userIDs)
	const theirs = "select visitor from visitors where visitor = $1 or canonical = $1"
	for _, step := range []struct {
		text string
		args []any
		rows *int64
	}{
		{"delete from orders where visitor = $1", []any{visitor}, &removed.Orders},
		{"delete from users where shop = $1 and " + t.In("user_id", 2, "text"), []any{shop, users}, &removed.Users},
		// Somebody else may have used a session of theirs, whose name goes now.
		{"update events set session = null where session in (" + theirs + `)
			and visitor in (select visitor from visitor_sessions where session in (` + theirs + "))", []any{visitor}, nil},
		{"delete from visitor_sessions where visitor = $1 or session in (" + theirs + ")", []any{visitor}, nil},
		{"delete from visitors where canonical = $1", []any{visitor}, &removed.Aliases},
		{"delete from visitors where visitor = $1", []any{visitor}, nil},
	} {
		n, err := t.Exec(ctx, step.text, step.args...)
		if err != nil {
			return err
		}
		if step.rows != nil {
			*step.rows = n
		}
	}
	return t.dropUnused(ctx, shop, sessions)
}

// anonymise puts events under a new subject without anything that leads back, and returns their
// number. The state of the new visitor is made when somebody asks for it. Each event is a
// statement, since its body has to be made again.
func (t *tx) anonymise(ctx context.Context, shopID, visitor int64, pseudonym string) (int64, error) {
	var nobody int64
	if err := t.addVisitors(
		ctx, shopID, []string{pseudonym}, staleWeights, func(_ string, visitor int64) { nobody = visitor },
	); err != nil {
		return 0, err
	}
	events, err := t.eventsOf(ctx, visitor)
	if err != nil {
		return 0, err
	}
	for i := range events {
		e := &events[i]
		hash := e.IDHash
		e.IDHash, e.OrderID, e.Rest = e.Seq, "", nil
		if e.Lines, err = event.WithoutRecommendations(e.Lines); err != nil {
			return 0, fmt.Errorf("event %d: %w", e.Seq, err)
		}
		if _, err := t.Exec(ctx, `update events set visitor = $1, id_hash = $2, session = null, body = $3
			where visitor = $4 and id_hash = $5 and seq = $6`,
			nobody, e.Seq, stored.AppendBody(nil, e), visitor, hash, e.Seq); err != nil {
			return 0, err
		}
	}
	return int64(len(events)), nil
}

// dropUnused removes those of some visitors of whom nothing is held any more, so that no id
// outlives what it was kept for. One with an event, an alias, a record, a session's user or
// withheld consent stays: to forget that would be to record again what somebody has objected
// to.
func (t *tx) dropUnused(ctx context.Context, shop string, visitors []int64) error {
	if len(visitors) == 0 {
		return nil
	}
	_, err := t.Exec(ctx, "delete from visitors where "+t.In("visitor", 2, "bigint")+` and canonical is null and not withheld
		and not exists (select 1 from events e where e.visitor = visitors.visitor)
		and not exists (select 1 from visitors a where a.canonical = visitors.visitor)
		and not exists (select 1 from visitor_sessions p where p.session = visitors.visitor)
		and not exists (select 1 from users u where u.shop = $1 and u.user_id = substr(visitors.subject, 2)
			and visitors.subject like 'u%')`, shop,
		sqldb.List(t.Dialect, visitors))
	return err
}
