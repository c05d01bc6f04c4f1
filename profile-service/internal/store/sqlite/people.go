package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectUsers = "select user_id, version, created_ms, updated_ms, body from users where shop = ?"

type scanner interface{ Scan(targets ...any) error }

func scanUser(r scanner, u *store.UserRow) error {
	return r.Scan(&u.UserID, &u.Version, &u.CreatedMs, &u.UpdatedMs, &u.Body)
}

// step is one statement of a transaction.
type step struct {
	sql  string
	args []any
	rows *int64 // where to count the affected rows, or nil
}

func (t *writeTx) steps(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		result, err := t.ExecContext(ctx, s.sql, s.args...)
		if err != nil {
			return err
		}
		if s.rows != nil {
			if *s.rows, err = result.RowsAffected(); err != nil {
				return err
			}
		}
	}
	return nil
}

// UpdateUsers implements store.People.
func (s *Store) UpdateUsers(ctx context.Context, shop string, ids []string, change func(map[string]store.UserRow) ([]store.UserRow, error)) error {
	var refused error
	err := s.inTx(ctx, func(tx *writeTx) error {
		present, err := usersByID(ctx, tx, shop, ids)
		if err != nil {
			return err
		}
		rows, err := change(present)
		if err != nil {
			refused = err
			return err
		}
		subjects := make([]string, len(rows))
		for i := range rows {
			subjects[i] = event.UserSubject(rows[i].UserID)
			if err := writeUser(ctx, tx, shop, &rows[i]); err != nil {
				return err
			}
		}
		return tx.noteChanges(ctx, shop, subjects...)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("update %d users: %w", len(ids), err)
	}
	return nil
}

// noteChanges tells EventLog.Changed of subjects whose record, consent or identity is changed by this transaction.
func (t *writeTx) noteChanges(ctx context.Context, shop string, subjects ...string) error {
	if len(subjects) == 0 {
		return nil
	}
	seq, err := t.raise(ctx, shop, eventCounter, 1)
	if err != nil {
		return err
	}
	insert := bulkInsert{width: 3, prefix: "insert into visitor_changes (shop, seq, subject_hash)", suffix: "on conflict do nothing"}
	return insert.run(ctx, t, len(subjects), func(args []any, i int) []any { return append(args, shop, seq, event.Hash(subjects[i])) }, nil)
}

func usersByID(ctx context.Context, q querier, shop string, ids []string) (map[string]store.UserRow, error) {
	rows, err := q.QueryContext(ctx, selectUsers+" and user_id"+inList, shop, list(ids))
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, func(r *sql.Rows, u *store.UserRow) error { return scanUser(r, u) })
	if err != nil {
		return nil, err
	}
	users := make(map[string]store.UserRow, len(found))
	for _, u := range found {
		users[u.UserID] = u
	}
	return users, nil
}

func writeUser(ctx context.Context, tx *writeTx, shop string, r *store.UserRow) error {
	subject := event.UserSubject(r.UserID)
	record := step{sql: "delete from users where shop = ? and user_id = ?", args: []any{shop, r.UserID}}
	if r.Version != 0 {
		record = step{sql: `insert into users (shop, user_id, version, created_ms, updated_ms, body) values (?, ?, ?, ?, ?, ?)
			on conflict (shop, user_id) do update set version = excluded.version, created_ms = excluded.created_ms,
				updated_ms = excluded.updated_ms, body = excluded.body`,
			args: []any{shop, r.UserID, r.Version, r.CreatedMs, r.UpdatedMs, string(r.Body)}}
	}
	consent := step{sql: "delete from identities where shop = ? and subject = ? and canonical is null", args: []any{shop, subject}}
	if r.Withheld {
		consent.sql = "insert into identities (shop, subject, withheld) values (?, ?, 1) on conflict do nothing"
	}
	return tx.steps(ctx, record,
		step{sql: "update identities set withheld = ? where shop = ? and (subject = ? or canonical = ?)", args: []any{r.Withheld, shop, subject, subject}},
		consent)
}

// Users implements store.People.
func (s *Store) Users(ctx context.Context, shop string, ids []string) (map[string]store.UserRow, error) {
	users, err := usersByID(ctx, s.db.Reader, shop, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d users: %w", len(ids), err)
	}
	return users, nil
}

// ListUsers implements store.People.
func (s *Store) ListUsers(ctx context.Context, shop, after string, limit int) ([]store.UserRow, error) {
	rows, err := s.db.Reader.QueryContext(ctx, selectUsers+" and user_id > ? order by user_id limit ?", shop, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users, err := collect(rows, func(r *sql.Rows, u *store.UserRow) error { return scanUser(r, u) })
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// Canonical implements store.Identities.
func (s *Store) Canonical(ctx context.Context, shop, subject string) (string, error) {
	id, err := identityOf(ctx, s.db.Reader, shop, subject)
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
	found, err := identitiesOf(ctx, q, shop, []string{subject})
	return found[subject], err
}

func aliasesOf(ctx context.Context, q querier, shop, subject string) ([]string, error) {
	rows, err := q.QueryContext(ctx, "select subject from identities where shop = ? and canonical = ? order by subject", shop, subject)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows, alias *string) error { return r.Scan(alias) })
}

// Aliases implements store.Identities.
func (s *Store) Aliases(ctx context.Context, shop, userID string) ([]string, error) {
	aliases, err := aliasesOf(ctx, s.db.Reader, shop, event.UserSubject(userID))
	if err != nil {
		return nil, fmt.Errorf("read aliases: %w", err)
	}
	return aliases, nil
}

// Merge implements store.Identities.
func (s *Store) Merge(ctx context.Context, shop, alias, userID string) (int64, error) {
	var moved int64
	err := s.inTx(ctx, func(tx *writeTx) error {
		target, withheld, err := mergeTarget(ctx, tx, shop, alias, userID)
		if err != nil || target == "" {
			return err
		}
		if err := moveSubject(ctx, tx, shop, alias, target, withheld, &moved); err != nil {
			return err
		}
		return tx.noteChanges(ctx, shop, alias, target)
	})
	if errors.Is(err, store.ErrMerged) {
		return 0, store.ErrMerged
	}
	if errors.Is(err, store.ErrCycle) {
		return 0, store.ErrCycle
	}
	if err != nil {
		return 0, fmt.Errorf("merge identities: %w", err)
	}
	return moved, nil
}

// mergeTarget returns the subject to move alias to, "" when it is there already.
func mergeTarget(ctx context.Context, tx *writeTx, shop, alias, userID string) (string, bool, error) {
	user := event.UserSubject(userID)
	identities, err := identitiesOf(ctx, tx, shop, []string{user, alias})
	if err != nil {
		return "", false, err
	}
	target := identities[user].under(user)
	switch present := identities[alias].canonical; {
	case target == alias:
		return "", false, store.ErrCycle
	case present == target:
		return "", false, nil
	case present != "":
		return "", false, store.ErrMerged
	}
	return target, identities[user].withheld, nil
}

// moveSubject gives everything of alias to target. An order that both have is one: the alias's purchase goes.
func moveSubject(ctx context.Context, tx *writeTx, shop, alias, target string, withheld bool, moved *int64) error {
	_, sessionID := event.SplitSubject(alias)
	steps := []step{
		{sql: `delete from events where shop = ? and subject = ? and type = ?
			and order_id in (select order_id from orders where shop = ? and subject = ?)`, args: []any{shop, alias, event.TypePurchase, shop, target}},
		{sql: "update events set subject = ?, session_id = coalesce(session_id, ?) where shop = ? and subject = ?", args: []any{target, null(sessionID), shop, alias}, rows: moved},
		{sql: "update or ignore orders set subject = ? where shop = ? and subject = ?", args: []any{target, shop, alias}},
		{sql: "delete from orders where shop = ? and subject = ?", args: []any{shop, alias}},
		{sql: "update identities set canonical = ?, withheld = ? where shop = ? and canonical = ?", args: []any{target, withheld, shop, alias}},
		{sql: `insert into identities (shop, subject, canonical, withheld) values (?, ?, ?, ?)
			on conflict (shop, subject) do update set canonical = excluded.canonical, withheld = excluded.withheld`, args: []any{shop, alias, target, withheld}},
	}
	return tx.steps(ctx, steps...)
}
