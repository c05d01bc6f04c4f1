package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Erase implements store.Identities.
func (s *Store) Erase(ctx context.Context, shop, userID, pseudonym string, receipt store.Receipt) (store.Removed, error) {
	var removed store.Removed
	err := s.inTx(ctx, func(tx *writeTx) error {
		user := event.UserSubject(userID)
		id, err := identityOf(ctx, tx, shop, user)
		if err != nil {
			return err
		}
		subject := id.under(user)
		aliases, err := aliasesOf(ctx, tx, shop, subject)
		if err != nil {
			return err
		}
		subjects := append(aliases, subject)
		if err := eraseSubjects(ctx, tx, shop, subject, subjects, pseudonym, receipt, &removed); err != nil {
			return err
		}
		return tx.noteChanges(ctx, shop, subjects...)
	})
	if err != nil {
		return store.Removed{}, fmt.Errorf("erase a user: %w", err)
	}
	return removed, nil
}

func eraseSubjects(ctx context.Context, tx *writeTx, shop, subject string, subjects []string, pseudonym string, receipt store.Receipt, removed *store.Removed) error {
	events := step{sql: "delete from events where shop = ? and subject = ?", args: []any{shop, subject}, rows: &removed.Events}
	if pseudonym != "" {
		events = step{sql: `update events set subject = ?, session_id = null, order_id = null, rest = null, event_id = 'anonymous-' || seq
			where shop = ? and subject = ?`, args: []any{pseudonym, shop, subject}, rows: &removed.Events}
	}
	steps := []step{events}
	var userIDs []string
	for _, s := range subjects {
		steps = append(steps, step{sql: "delete from event_ids where shop = ? and subject_hash = ?", args: []any{shop, event.Hash(s)}})
		if userID, _ := event.SplitSubject(s); userID != "" {
			userIDs = append(userIDs, userID)
		}
	}
	return tx.steps(ctx, append(steps,
		step{sql: "delete from orders where shop = ? and subject = ?", args: []any{shop, subject}, rows: &removed.Orders},
		step{sql: "delete from identities where shop = ? and (subject = ? or canonical = ?)", args: []any{shop, subject, subject}, rows: &removed.Aliases},
		step{sql: "delete from users where shop = ? and user_id" + inList, args: []any{shop, list(userIDs)}, rows: &removed.Users},
		step{sql: "insert into erasures (shop, receipt_id, at_ms, mode) values (?, ?, ?, ?)", args: []any{shop, receipt.ID, receipt.AtMs, receipt.Mode}},
	)...)
}

// Prepare implements store.Upkeep; one table holds every month.
func (s *Store) Prepare(context.Context, int64, int64) error { return nil }

// Retain implements store.Upkeep.
func (s *Store) Retain(ctx context.Context, shop string, beforeMs int64) (int64, error) {
	var removed int64
	err := s.inTx(ctx, func(tx *writeTx) error {
		args := []any{shop, beforeMs}
		return tx.steps(ctx,
			step{sql: "delete from events where shop = ? and occurred_ms < ?", args: args, rows: &removed},
			step{sql: "delete from event_ids where shop = ? and received_ms < ?", args: args},
			step{sql: "delete from orders where shop = ? and occurred_ms < ?", args: args},
			step{sql: "delete from event_stats where shop = ? and hour_ms < ?", args: args},
			step{sql: "delete from import_errors where shop = ?1 and import_id in (select import_id from imports where shop = ?1 and created_ms < ?2)", args: args},
			step{sql: "delete from imports where shop = ? and created_ms < ?", args: args})
	})
	if err != nil {
		return 0, fmt.Errorf("remove old events: %w", err)
	}
	return removed, nil
}

// ForgetChanges implements store.Upkeep.
func (s *Store) ForgetChanges(ctx context.Context, beforeMs int64) error {
	err := s.inTx(ctx, func(tx *writeTx) error {
		return tx.steps(ctx, step{sql: "delete from visitor_changes where at_ms < ?", args: []any{beforeMs}})
	})
	if err != nil {
		return fmt.Errorf("forget old changes of people: %w", err)
	}
	return nil
}

// DropBefore implements store.Upkeep; Retain has removed everything.
func (s *Store) DropBefore(context.Context, int64) error { return nil }

// Shops implements store.Upkeep.
func (s *Store) Shops(ctx context.Context) ([]string, error) {
	rows, err := s.db.Reader.QueryContext(ctx, "select distinct shop from counters order by shop")
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	shops, err := collect(rows, func(r *sql.Rows, shop *string) error { return r.Scan(shop) })
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	return shops, nil
}
