package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
)

// Anomaly is a time during which a series was far from what was expected. Shop, series and
// beginning name it. Hours is the length of the window that was looked at, and Spreads how many
// spreads of the baseline the figure was away.
type Anomaly struct {
	Series                      string
	OpenedMs, ClosedMs          int64 // ClosedMs is 0 while it lasts
	Hours                       int
	Observed, Expected, Spreads float64
}

// PutAnomalies stores what was found up to a moment in place of what was known before: what is not found any more closes then.
func (s *Store) PutAnomalies(ctx context.Context, shop string, untilMs int64, list []Anomaly) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(
			ctx, s.Rebind("update anomalies set closed_ms = $1 where shop = $2 and closed_ms = 0"), untilMs, shop,
		); err != nil {
			return err
		}
		for _, a := range list {
			if _, err := tx.ExecContext(ctx,
				s.Rebind(`insert into anomalies (shop, series, opened_ms, closed_ms, hours, observed, expected, spreads)
				values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (shop, series, opened_ms) do update set
				closed_ms = excluded.closed_ms, hours = excluded.hours, observed = excluded.observed,
				expected = excluded.expected, spreads = excluded.spreads`),
				shop, a.Series, a.OpenedMs, a.ClosedMs, a.Hours, a.Observed, a.Expected, a.Spreads); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store anomalies: %w", err)
	}
	return nil
}

// Anomalies returns up to limit anomalies, those that opened last first; open leaves out those that have closed.
func (s *Store) Anomalies(ctx context.Context, shop string, open bool, limit int) ([]Anomaly, error) {
	list, err := query(ctx, s, func(r *sql.Rows, a *Anomaly) error {
		return r.Scan(&a.Series, &a.OpenedMs, &a.ClosedMs, &a.Hours, &a.Observed, &a.Expected, &a.Spreads)
	}, `select series, opened_ms, closed_ms, hours, observed, expected, spreads from anomalies
		where shop = $1 and (closed_ms = 0 or not $2) order by opened_ms desc, series limit $3`, shop, open, limit)
	if err != nil {
		return nil, fmt.Errorf("list anomalies: %w", err)
	}
	return list, nil
}

// Level is what something was at the end of an hour.
type Level struct {
	HourMs int64
	Value  float64
}

// PutLevels stores levels of an hour by series; the last one of an hour stays.
func (s *Store) PutLevels(ctx context.Context, shop string, hourMs int64, levels map[string]float64) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		for series, value := range levels {
			if _, err := tx.ExecContext(ctx, s.Rebind(`insert into catalogue_levels (shop, series, hour_ms, value) values ($1, $2, $3, $4)
				on conflict (shop, series, hour_ms) do update set value = excluded.value`), shop, series, hourMs, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store levels of the catalogue: %w", err)
	}
	return nil
}

// Levels returns the levels of a shop from an hour on, by series and time.
func (s *Store) Levels(ctx context.Context, shop string, fromMs int64) (map[string][]Level, error) {
	type row struct {
		series string
		Level
	}
	list, err := query(ctx, s, func(r *sql.Rows, v *row) error { return r.Scan(&v.series, &v.HourMs, &v.Value) },
		"select series, hour_ms, value from catalogue_levels where shop = $1 and hour_ms >= $2 order by series, hour_ms", shop, fromMs)
	if err != nil {
		return nil, fmt.Errorf("read levels of the catalogue: %w", err)
	}
	levels := map[string][]Level{}
	for _, r := range list {
		levels[r.series] = append(levels[r.series], r.Level)
	}
	return levels, nil
}

// Untold is the opening or the closing of an anomaly that somebody is to be told of.
type Untold struct {
	Shop string
	Anomaly
	Closing bool
}

// ClaimUntold returns up to limit openings and closings since a moment that nobody was told of and that nobody tells, those that came first
// first, and makes them the caller's for a while. An anomaly that has closed before anybody was told is told twice, first of its opening.
func (s *Store) ClaimUntold(ctx context.Context, sinceMs int64, claim time.Duration, limit int) ([]Untold, error) {
	var list []Untold
	err := s.InTx(ctx, func(tx *database.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, s.Rebind(`update anomalies set claim_ms = `+s.NowMs()+` + $1 where (shop, series, opened_ms) in (
				select shop, series, opened_ms from anomalies
				where claim_ms <= `+s.NowMs()+
			` and (opened_told = 0 and opened_ms >= $2 or opened_told = 1 and closed_told = 0 and closed_ms >= $3)
				order by opened_ms, shop, series limit $4)
			and claim_ms <= `+s.NowMs()+`
			returning shop, series, opened_ms, closed_ms, hours, observed, expected, spreads, opened_told`),
			claim.Milliseconds(), sinceMs, sinceMs, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u Untold
			var openedTold int
			if err := rows.Scan(
				&u.Shop, &u.Series, &u.OpenedMs, &u.ClosedMs, &u.Hours, &u.Observed, &u.Expected, &u.Spreads, &openedTold,
			); err != nil {
				return err
			}
			if u.Closing = openedTold != 0; !u.Closing {
				u.ClosedMs = 0 // as it was when it opened
			}
			list = append(list, u)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("claim anomalies that are to be told: %w", err)
	}
	return list, nil
}

// Told notes that an opening or closing was told, and gives the anomaly up, so that its closing
// can be claimed.
func (s *Store) Told(ctx context.Context, u Untold) error {
	column := "opened_told"
	if u.Closing {
		column = "closed_told"
	}
	_, err := s.Exec(
		ctx, "update anomalies set "+column+" = 1, claim_ms = 0 where shop = $1 and series = $2 and opened_ms = $3", u.Shop, u.Series,
		u.OpenedMs,
	)
	if err != nil {
		return fmt.Errorf("note that an anomaly was told: %w", err)
	}
	return nil
}
