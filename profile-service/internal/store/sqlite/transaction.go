package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// inTx runs f in a writing transaction, which commits when f returns nil.
func (s *Store) inTx(ctx context.Context, f func(tx *writeTx) error) error {
	tx, err := s.db.Writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	w := writeTx{Tx: tx, statements: s.written}
	defer w.keepCompiled(ctx)
	if err := f(&w); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	err = tx.Commit()
	switch {
	case w.lastSeq == 0:
	case err != nil:
		s.seqs.forget(w.shop)
	default:
		s.seqs.raise(w.shop, w.lastSeq)
	}
	return err
}

// writeTx is a transaction of the writing connection.
type writeTx struct {
	*sql.Tx
	statements *statements
	compiled   []string // what had to be compiled for this transaction

	shop    string // whose events counter was raised; there is at most one per transaction
	lastSeq int64  // what it was raised to; 0 when it was not
}

// PrepareContext returns a statement of the transaction, compiled before where possible. It hides that of Tx, as do those below.
func (t *writeTx) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement := t.statements.known(text); statement != nil {
		return t.StmtContext(ctx, statement), nil
	}
	t.compiled = append(t.compiled, text)
	return t.Tx.PrepareContext(ctx, text)
}

// ExecContext runs a statement.
func (t *writeTx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	statement, err := t.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

// QueryContext runs a statement that returns rows.
func (t *writeTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	statement, err := t.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// keepCompiled lets the next transaction find the statements of this one, which has ended: before, it holds the only connection. One that cannot be
// compiled now will be compiled then.
func (t *writeTx) keepCompiled(ctx context.Context) {
	for _, text := range t.compiled {
		if t.statements.add(ctx, text) != nil {
			return
		}
	}
}

func (t *writeTx) raise(ctx context.Context, shop, name string, n int) (int64, error) {
	statement, err := t.PrepareContext(ctx, `insert into counters (shop, name, value) values (?, ?, ?)
		on conflict (shop, name) do update set value = value + excluded.value returning value`)
	if err != nil {
		return 0, fmt.Errorf("raise counter %s: %w", name, err)
	}
	var value int64
	if err := statement.QueryRowContext(ctx, shop, name, n).Scan(&value); err != nil {
		return 0, fmt.Errorf("raise counter %s: %w", name, err)
	}
	if name == eventCounter {
		t.shop, t.lastSeq = shop, value
	}
	return value, nil
}
