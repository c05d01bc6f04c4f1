package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Decision is what one answer was made from.
type Decision struct {
	Shop   string
	ID     string
	AtMs   int64
	Person string // user or session; "" for nobody
	Body   []byte
}

// AddDecisions stores decisions in one transaction; one whose id is there already changes
// nothing, so that a list can be sent again after a failure. No id may be in it twice.
func (s *Store) AddDecisions(ctx context.Context, list []Decision) error {
	rows := make([][]any, len(list))
	for n := range list {
		d := &list[n]
		rows[n] = []any{d.Shop, d.ID, d.AtMs, d.Person, string(d.Body)}
	}
	err := s.inTx(ctx, func(t *tx) error {
		return t.insert(ctx, s.sinks.decisions, rows)
	})
	if err != nil {
		return fmt.Errorf("store %d decisions: %w", len(list), err)
	}
	return nil
}

// Decision returns a decision, or ErrNotFound.
func (s *Store) Decision(ctx context.Context, shop, id string) (Decision, error) {
	list, err := query(ctx, s, func(r *sql.Rows, d *Decision) error { return r.Scan(&d.Shop, &d.ID, &d.AtMs, &d.Person, &d.Body) },
		"select shop, id, at_ms, person, body from decisions where shop = $1 and id = $2", shop, id)
	if err != nil {
		return Decision{}, fmt.Errorf("read a decision: %w", err)
	}
	if len(list) == 0 {
		return Decision{}, ErrNotFound
	}
	return list[0], nil
}
