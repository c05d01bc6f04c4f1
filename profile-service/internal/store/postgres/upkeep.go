package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Erase implements store.Identities.
func (s *Store) Erase(ctx context.Context, shop, userID, pseudonym string, receipt store.Receipt) (store.Removed, error) {
	var removed store.Removed
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockEvents(ctx, tx, shop); err != nil {
			return err
		}
		id, err := identityOf(ctx, tx, shop, event.UserSubject(userID))
		if err != nil {
			return err
		}
		subject := id.under(event.UserSubject(userID))
		rows, err := tx.Query(ctx, "select subject from identities where shop = $1 and canonical = $2", shop, subject)
		if err != nil {
			return err
		}
		var subjects []string
		if err := collectText(rows, &subjects); err != nil {
			return err
		}
		subjects = append(subjects, subject)
		if err := eraseSubjects(ctx, tx, shop, subject, subjects, pseudonym, receipt, &removed); err != nil {
			return err
		}
		return noteChanges(ctx, tx, shop, subjects...)
	})
	if err != nil {
		return store.Removed{}, fmt.Errorf("erase a user: %w", err)
	}
	return removed, nil
}

func eraseSubjects(ctx context.Context, tx pgx.Tx, shop, subject string, subjects []string, pseudonym string, receipt store.Receipt, removed *store.Removed) error {
	var hashes []int64
	var userIDs []string
	for _, s := range subjects {
		hashes = append(hashes, event.Hash(s))
		if userID, _ := event.SplitSubject(s); userID != "" {
			userIDs = append(userIDs, userID)
		}
	}
	count := func(n *int64) func(pgconn.CommandTag) error {
		return func(tag pgconn.CommandTag) error { *n = tag.RowsAffected(); return nil }
	}
	batch := &pgx.Batch{}
	if pseudonym == "" {
		batch.Queue("delete from events where "+ofShop+" and subject = $2", shop, subject).Exec(count(&removed.Events))
	} else {
		batch.Queue(`update events set subject = $3, session_id = null, order_id = null, rest = null, event_id = 'anonymous-' || seq
			where `+ofShop+` and subject = $2`, shop, subject, pseudonym).Exec(count(&removed.Events))
	}
	batch.Queue("delete from event_ids where "+ofShop+" and subject_hash = any($2)", shop, hashes)
	batch.Queue("delete from orders where shop = $1 and subject = $2", shop, subject).Exec(count(&removed.Orders))
	batch.Queue("delete from identities where shop = $1 and (subject = $2 or canonical = $2)", shop, subject).Exec(count(&removed.Aliases))
	batch.Queue("delete from users where shop = $1 and user_id = any($2)", shop, userIDs).Exec(count(&removed.Users))
	batch.Queue("insert into erasures (shop, receipt_id, at_ms, mode) values ($1, $2, $3, $4)", shop, receipt.ID, receipt.AtMs, receipt.Mode)
	return tx.SendBatch(ctx, batch).Close()
}

// Prepare implements store.Upkeep.
func (s *Store) Prepare(ctx context.Context, fromMs, toMs int64) error {
	for at := time.UnixMilli(fromMs).UTC(); ; at = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC) {
		if at.UnixMilli() > toMs {
			return nil
		}
		if err := s.ensureMonth(ctx, monthOf(at.UnixMilli()), at.UnixMilli()); err != nil {
			return err
		}
	}
}

// Retain implements store.Upkeep.
func (s *Store) Retain(ctx context.Context, shop string, beforeMs int64) (int64, error) {
	tag, err := s.pool.Exec(ctx, "delete from events where "+ofShop+" and occurred_ms < $2", shop, beforeMs)
	if err != nil {
		return 0, fmt.Errorf("remove old events: %w", err)
	}
	for _, statement := range []string{
		"delete from event_ids where " + ofShop + " and received_ms < $2",
		"delete from orders where shop = $1 and occurred_ms < $2",
		"delete from event_stats where shop = $1 and hour_ms < $2",
		"delete from import_errors where shop = $1 and import_id in (select import_id from imports where shop = $1 and created_ms < $2)",
		"delete from imports where shop = $1 and created_ms < $2",
	} {
		if _, err := s.pool.Exec(ctx, statement, shop, beforeMs); err != nil {
			return 0, fmt.Errorf("remove what old events left: %w", err)
		}
	}
	return tag.RowsAffected(), nil
}

// ForgetChanges implements store.Upkeep.
func (s *Store) ForgetChanges(ctx context.Context, beforeMs int64) error {
	if _, err := s.pool.Exec(ctx, "delete from visitor_changes where at_ms < $1", beforeMs); err != nil {
		return fmt.Errorf("forget old changes of people: %w", err)
	}
	return nil
}

// DropBefore implements store.Upkeep.
func (s *Store) DropBefore(ctx context.Context, beforeMs int64) error {
	if _, err := s.pool.Exec(ctx, "select drop_events_partitions($1)", beforeMs); err != nil {
		return fmt.Errorf("drop old partitions: %w", err)
	}
	s.forgetMonths()
	return nil
}

// Shops implements store.Upkeep.
func (s *Store) Shops(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, "select distinct shop from counters order by shop")
	var shops []string
	if err == nil {
		err = collectText(rows, &shops)
	}
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	return shops, nil
}
