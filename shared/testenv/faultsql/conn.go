package faultsql

import (
	"context"
	"database/sql/driver"
)

// realConn is what the connections of the wrapped driver can do.
type realConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is a connection whose calls can fail; closing is none.
type conn struct {
	realConn
	faults *Faults
}

func (c *conn) Ping(ctx context.Context) error {
	return c.faults.do("ping", func() error { return c.realConn.Ping(ctx) })
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	var real driver.Tx
	begun := false
	err := c.faults.do("begin", func() (err error) {
		real, err = c.realConn.BeginTx(ctx, o)
		begun = err == nil
		return err
	})
	if err != nil {
		if begun {
			_ = real.Rollback() // a caller without a transaction ends none
		}
		return nil, err
	}
	return &tx{real, c.faults}, nil
}

func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	var real driver.Stmt
	err := c.faults.do("prepare "+text, func() (err error) { real, err = c.realConn.PrepareContext(ctx, text); return err })
	if err != nil {
		if real != nil {
			_ = real.Close()
		}
		return nil, err
	}
	return &stmt{real.(realStmt), text, c.faults}, nil
}

func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (result driver.Result, err error) {
	err = c.faults.do(text, func() (err error) { result, err = c.realConn.ExecContext(ctx, text, args); return err })
	return result, err
}

func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return query(c.faults, text, func() (driver.Rows, error) { return c.realConn.QueryContext(ctx, text, args) })
}

// query makes a call that reads. Rows that nobody gets are closed.
func query(f *Faults, text string, call func() (driver.Rows, error)) (driver.Rows, error) {
	var rows driver.Rows
	err := f.do(text, func() (err error) { rows, err = call(); return err })
	if err != nil && rows != nil {
		_ = rows.Close()
		rows = nil
	}
	return rows, err
}

// tx is a transaction whose end can fail.
type tx struct {
	driver.Tx
	faults *Faults
}

func (t *tx) Commit() error { return t.faults.do("commit", t.Tx.Commit) }

func (t *tx) Rollback() error { return t.faults.do("rollback", t.Tx.Rollback) }

// realStmt is what the statements of the wrapped driver can do.
type realStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// stmt is a compiled statement whose calls can fail.
type stmt struct {
	realStmt
	text   string
	faults *Faults
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.faults.do(s.text, func() (err error) { result, err = s.realStmt.ExecContext(ctx, args); return err })
	return result, err
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return query(s.faults, s.text, func() (driver.Rows, error) { return s.realStmt.QueryContext(ctx, args) })
}
