package audit

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/wire"
)

// The statements on the table "audit" of a service's database, the same for Postgres and SQLite.
const (
	// InsertSQL takes what InsertArgs returns.
	InsertSQL = `insert into audit (shop, id, at_ms, actor, actor_kind, action, subject, outcome, before, request_id) ` +
		`values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	// FinishSQL takes outcome, after, shop and id.
	FinishSQL = `update audit set outcome = $1, after = $2 where shop = $3 and id = $4`
	// PurgeSQL takes the time in epoch milliseconds that the oldest entries may be from.
	PurgeSQL = `delete from audit where at_ms < $1`
)

// InsertArgs returns the arguments of InsertSQL.
func InsertArgs(shop string, e *Entry) []any {
	return []any{shop, e.ID, e.At.UnixMilli(), e.Actor, e.ActorKind, e.Action, e.Subject, e.Outcome, string(e.Before), e.RequestID}
}

// SelectSQL returns the statement that lists what a query selects, and its arguments.
func SelectSQL(shop string, q Query) (text string, args []any) {
	args = []any{shop}
	text = "select id, at_ms, actor, actor_kind, action, subject, outcome, before, after, request_id from audit where shop = $1"
	where := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		text += " and " + condition
	}
	if q.Below != "" {
		where("id < ?", q.Below)
	}
	if q.Action != "" {
		where("(action = ? or action like ?)", q.Action, q.Action+".%")
	}
	if q.Actor != "" {
		where("actor = ?", q.Actor)
	}
	if q.Subject != "" {
		where("subject = ?", q.Subject)
	}
	if !q.From.IsZero() {
		where("at_ms >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		where("at_ms < ?", q.To.UnixMilli())
	}
	args = append(args, q.Limit)
	return text + fmt.Sprintf(" order by id desc limit $%d", len(args)), args
}

// Scan reads a row of SelectSQL.
func Scan(r *sql.Rows, e *Entry) error {
	var atMs int64
	var before, after string
	if err := r.Scan(&e.ID, &atMs, &e.Actor, &e.ActorKind, &e.Action, &e.Subject, &e.Outcome, &before, &after, &e.RequestID); err != nil {
		return err
	}
	e.At = wire.TimeOf(time.UnixMilli(atMs))
	if before != "" {
		e.Before = json.RawMessage(before)
	}
	if after != "" {
		e.After = json.RawMessage(after)
	}
	return nil
}
