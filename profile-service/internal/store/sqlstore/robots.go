package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

// Judge implements store.Robots. One transaction and a statement or two for each row; all get
// the same version.
func (s *Store) Judge(ctx context.Context, shop string, rows []store.RobotRow, override bool) (changed int, err error) {
	if err := s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		seq, err := number.Raise(ctx, t.Tx, shop, number.Events, 1)
		for n := range rows {
			if err != nil {
				return err
			}
			var one bool
			one, err = t.judge(ctx, shopID, &rows[n], seq, override)
			if one {
				changed++
			}
		}
		return err
	})); err != nil {
		return 0, fmt.Errorf("judge %d visitors: %w", len(rows), err)
	}
	return changed, nil
}

// judge stores one verdict on the canonical subject and reports whether it was stored. A
// subject without a row is left out: there is nothing to judge.
func (t *tx) judge(ctx context.Context, shopID int64, r *store.RobotRow, seq int64, override bool) (changed bool, err error) {
	p, err := personOf(ctx, t, shopID, r.Subject)
	if err != nil || p.visitor == 0 {
		return false, err
	}
	statement := `update visitors set robot = $1, robot_ms = $2, robot_detail = $3, version = $4 where visitor = $5`
	if !override {
		statement += " and robot = 0"
	}
	n, err := t.Exec(ctx, statement, int(r.Verdict), r.AtMs, string(r.Detail), seq, p.canonical)
	return n > 0, err
}

// Robots implements store.Robots.
func (s *Store) Robots(
	ctx context.Context, shop string, verdict store.RobotVerdict, beforeMs int64, beforeSubject string, limit int,
) ([]store.RobotRow, error) {
	shopID, err := s.numbers.Shop(ctx, shop)
	if err != nil {
		return nil, err
	}
	w := &sqldb.Where{}
	w.And("shop_id = ? and robot <> 0", shopID)
	if verdict != store.Unjudged {
		w.And("robot = ?", int(verdict))
	}
	if beforeMs != 0 {
		w.And("(robot_ms < ? or robot_ms = ? and subject < ?)", beforeMs, beforeMs, beforeSubject)
	}
	w.Args = append(w.Args, limit)
	return sqldb.Collect(ctx, s.DB, "list robots", fmt.Sprintf(`select subject, robot, robot_ms, robot_detail from visitors where %s
		order by robot_ms desc, subject desc limit $%d`, w.String(), len(w.Args)), w.Args, func(r *sql.Rows, row *store.RobotRow) error {
		return r.Scan(&row.Subject, &row.Verdict, &row.AtMs, &row.Detail)
	})
}

// RobotsAsOf implements store.Robots. The index of verdicts by time has it at its end.
func (s *Store) RobotsAsOf(ctx context.Context, shop string) (int64, error) {
	rows, err := s.Robots(ctx, shop, store.Unjudged, 0, "", 1)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].AtMs, nil
}
