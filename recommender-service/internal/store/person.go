package store

import (
	"context"
	"database/sql"
	"fmt"
)

// DecisionsOf returns the decisions of a person, a user or a session, in order of id, at most limit behind an id ("" for the first).
func (s *Store) DecisionsOf(ctx context.Context, shop, person, after string, limit int) ([]Decision, error) {
	list, err := query(ctx, s, func(r *sql.Rows, d *Decision) error { return r.Scan(&d.Shop, &d.ID, &d.AtMs, &d.Person, &d.Body) },
		"select shop, id, at_ms, person, body from decisions where shop = $1 and person = $2 and id > $3 order by id "+
			"limit $4", shop, person, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the decisions of a person: %w", err)
	}
	return list, nil
}

// DecisionsSince returns up to limit decisions of a person, a user or a session, behind one of a moment, by time and
// id. It reads the index by time from there on; the concatenation keeps the database from the index by id.
func (s *Store) DecisionsSince(ctx context.Context, shop, person string, afterMs int64, after string, limit int) ([]Decision, error) {
	list, err := query(ctx, s, func(r *sql.Rows, d *Decision) error { return r.Scan(&d.Shop, &d.ID, &d.AtMs, &d.Person, &d.Body) },
		`select shop, id, at_ms, person, body from decisions where at_ms >= $1 and shop || '' = $2 and person = $3
		and (at_ms > $4 or id > $5) order by at_ms, id limit $6`, afterMs, shop, person, afterMs, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the latest decisions of a person: %w", err)
	}
	return list, nil
}

// ClicksOf returns the clicks of a visitor, in order of item.
func (s *Store) ClicksOf(ctx context.Context, shop, visitor string) ([]Click, error) {
	list, err := query(ctx, s, func(r *sql.Rows, c *Click) error { return r.Scan(&c.ItemID, &c.RecommendationID, &c.AtMs) },
		"select item_id, recommendation_id, at_ms from clicks where shop = $1 and visitor = $2 order by item_id", shop, visitor)
	if err != nil {
		return nil, fmt.Errorf("list the clicks of a person: %w", err)
	}
	return list, nil
}

// ArmsOf returns the arms of experiments whose results count a visitor.
func (s *Store) ArmsOf(ctx context.Context, shop, visitor string) ([]ArmKey, error) {
	arms, err := s.visitedArms(ctx, shop)
	if err != nil {
		return nil, err
	}
	var list []ArmKey
	for _, k := range arms {
		n, err := query(ctx, s, func(r *sql.Rows, n *int64) error { return r.Scan(n) },
			"select count(*) from experiment_visitors where shop = $1 and experiment = $2 and arm = $3 and visitor = $4",
			shop, k.Experiment, k.Arm, visitorHash(shop, k.Experiment, visitor))
		if err != nil {
			return nil, fmt.Errorf("list the experiments of a person: %w", err)
		}
		if n[0] > 0 {
			list = append(list, k)
		}
	}
	return list, nil
}
