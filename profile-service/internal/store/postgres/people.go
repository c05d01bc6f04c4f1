package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectUsers = "select user_id, version, created_ms, updated_ms, body from users where shop = $1"

func scanUser(row pgx.CollectableRow) (store.UserRow, error) {
	var u store.UserRow
	err := row.Scan(&u.UserID, &u.Version, &u.CreatedMs, &u.UpdatedMs, &u.Body)
	return u, err
}

// lockEvents makes appends and other changes of identities wait until the transaction ends: an append puts events under the subjects that it has resolved.
func lockEvents(ctx context.Context, tx pgx.Tx, shop string) error {
	_, err := raise(ctx, tx, shop, eventCounter, 0)
	return err
}

// noteChanges tells EventLog.Changed of subjects whose record, consent or identity is changed by this transaction.
func noteChanges(ctx context.Context, tx pgx.Tx, shop string, subjects ...string) error {
	if len(subjects) == 0 {
		return nil
	}
	seq, err := raise(ctx, tx, shop, eventCounter, 1)
	if err != nil {
		return err
	}
	hashes := make([]int64, len(subjects))
	for i, s := range subjects {
		hashes[i] = event.Hash(s)
	}
	_, err = tx.Exec(ctx, "insert into visitor_changes (shop, seq, subject_hash) select $1, $2, h from unnest($3::bigint[]) as h on conflict do nothing", shop, seq, hashes)
	return err
}

// UpdateUsers implements store.People.
func (s *Store) UpdateUsers(ctx context.Context, shop string, ids []string, change func(map[string]store.UserRow) ([]store.UserRow, error)) error {
	var refused error
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockEvents(ctx, tx, shop); err != nil {
			return err
		}
		present, err := usersByID(ctx, tx, shop, ids)
		if err != nil {
			return err
		}
		rows, err := change(present)
		if err != nil {
			refused = err
			return err
		}
		if err := writeUsers(ctx, tx, shop, rows); err != nil {
			return err
		}
		subjects := make([]string, len(rows))
		for i := range rows {
			subjects[i] = event.UserSubject(rows[i].UserID)
		}
		return noteChanges(ctx, tx, shop, subjects...)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("update %d users: %w", len(ids), err)
	}
	return nil
}

func usersByID(ctx context.Context, q querier, shop string, ids []string) (map[string]store.UserRow, error) {
	rows, err := q.Query(ctx, selectUsers+" and user_id = any($2)", shop, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanUser)
	if err != nil {
		return nil, err
	}
	users := make(map[string]store.UserRow, len(list))
	for _, u := range list {
		users[u.UserID] = u
	}
	return users, nil
}

func writeUsers(ctx context.Context, tx pgx.Tx, shop string, rows []store.UserRow) error {
	batch := &pgx.Batch{}
	for i := range rows {
		r := &rows[i]
		subject := event.UserSubject(r.UserID)
		if r.Version == 0 {
			batch.Queue("delete from users where shop = $1 and user_id = $2", shop, r.UserID)
		} else {
			batch.Queue(`insert into users (shop, user_id, version, created_ms, updated_ms, body) values ($1, $2, $3, $4, $5, $6)
				on conflict (shop, user_id) do update set version = excluded.version, created_ms = excluded.created_ms,
					updated_ms = excluded.updated_ms, body = excluded.body`, shop, r.UserID, r.Version, r.CreatedMs, r.UpdatedMs, r.Body)
		}
		batch.Queue("update identities set withheld = $3 where shop = $1 and (subject = $2 or canonical = $2) and withheld <> $3", shop, subject, r.Withheld)
		if r.Withheld {
			batch.Queue("insert into identities (shop, subject, withheld) values ($1, $2, true) on conflict do nothing", shop, subject)
		} else {
			batch.Queue("delete from identities where shop = $1 and subject = $2 and canonical is null", shop, subject)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}

// Users implements store.People.
func (s *Store) Users(ctx context.Context, shop string, ids []string) (map[string]store.UserRow, error) {
	users, err := usersByID(ctx, s.pool, shop, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d users: %w", len(ids), err)
	}
	return users, nil
}

// ListUsers implements store.People.
func (s *Store) ListUsers(ctx context.Context, shop, after string, limit int) ([]store.UserRow, error) {
	rows, err := s.pool.Query(ctx, selectUsers+" and user_id > $2 order by user_id limit $3", shop, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users, err := pgx.CollectRows(rows, scanUser)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// Canonical implements store.Identities.
func (s *Store) Canonical(ctx context.Context, shop, subject string) (string, error) {
	id, err := identityOf(ctx, s.pool, shop, subject)
	if err != nil {
		return "", fmt.Errorf("resolve identity: %w", err)
	}
	return id.under(subject), nil
}

// under returns the subject that events of subject are stored under.
func (i identity) under(subject string) string {
	if i.canonical != "" {
		return i.canonical
	}
	return subject
}

func identityOf(ctx context.Context, q querier, shop, subject string) (identity, error) {
	rows, err := q.Query(ctx, "select subject, canonical, withheld from identities where shop = $1 and subject = $2", shop, subject)
	if err != nil {
		return identity{}, err
	}
	found := map[string]identity{}
	err = scanIdentities(rows, found)
	return found[subject], err
}

// Aliases implements store.Identities.
func (s *Store) Aliases(ctx context.Context, shop, userID string) ([]string, error) {
	rows, err := s.pool.Query(ctx, "select subject from identities where shop = $1 and canonical = $2 order by subject", shop, event.UserSubject(userID))
	var aliases []string
	if err == nil {
		err = collectText(rows, &aliases)
	}
	if err != nil {
		return nil, fmt.Errorf("read aliases: %w", err)
	}
	return aliases, nil
}

// Merge implements store.Identities.
func (s *Store) Merge(ctx context.Context, shop, alias, userID string) (int64, error) {
	var moved int64
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockEvents(ctx, tx, shop); err != nil {
			return err
		}
		target, withheld, err := mergeTarget(ctx, tx, shop, alias, userID)
		if err != nil || target == "" {
			return err
		}
		if err := moveSubject(ctx, tx, shop, alias, target, withheld, &moved); err != nil {
			return err
		}
		return noteChanges(ctx, tx, shop, alias, target)
	})
	if errors.Is(err, store.ErrMerged) || errors.Is(err, store.ErrCycle) {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("merge identities: %w", err)
	}
	return moved, nil
}

// mergeTarget returns the subject to move alias to, "" when it is there already.
func mergeTarget(ctx context.Context, tx pgx.Tx, shop, alias, userID string) (string, bool, error) {
	user := event.UserSubject(userID)
	id, err := identityOf(ctx, tx, shop, user)
	if err != nil {
		return "", false, err
	}
	target := id.under(user)
	present, err := identityOf(ctx, tx, shop, alias)
	switch {
	case err != nil:
		return "", false, err
	case target == alias:
		return "", false, store.ErrCycle
	case present.canonical == target:
		return "", false, nil
	case present.canonical != "":
		return "", false, store.ErrMerged
	}
	return target, id.withheld, nil
}

// moveSubject gives everything of alias to target. An order that both have is one: the alias's purchase goes.
func moveSubject(ctx context.Context, tx pgx.Tx, shop, alias, target string, withheld bool, moved *int64) error {
	_, sessionID := event.SplitSubject(alias)
	batch := &pgx.Batch{}
	batch.Queue("delete from events e using orders o where "+ofShop+` and e.subject = $2 and e.type = $4
		and o.shop = $1 and o.subject = $3 and o.order_id = e.order_id`, shop, alias, target, event.TypePurchase)
	batch.Queue("update events set subject = $3, session_id = coalesce(session_id, $4) where "+ofShop+" and subject = $2", shop, alias, target, null(sessionID)).
		Exec(func(tag pgconn.CommandTag) error { *moved = tag.RowsAffected(); return nil })
	batch.Queue(`insert into orders (shop, subject, order_id, occurred_ms) select shop, $3, order_id, occurred_ms from orders
		where shop = $1 and subject = $2 on conflict do nothing`, shop, alias, target)
	batch.Queue("delete from orders where shop = $1 and subject = $2", shop, alias)
	batch.Queue("update identities set canonical = $3, withheld = $4 where shop = $1 and canonical = $2", shop, alias, target, withheld)
	batch.Queue(`insert into identities (shop, subject, canonical, withheld) values ($1, $2, $3, $4)
		on conflict (shop, subject) do update set canonical = excluded.canonical, withheld = excluded.withheld`, shop, alias, target, withheld)
	return tx.SendBatch(ctx, batch).Close()
}
