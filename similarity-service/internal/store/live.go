package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Live is what is live in a shop, for all relations together.
type Live struct {
	Generation int64              `json:"-"` // one more with each change; 0 before the first
	At         wire.Time          `json:"at"`
	Relations  map[string]Pointer `json:"relations"`
}

// Pointer is what is live for a relation: the current version and those before it, latest first.
type Pointer struct {
	Version  string    `json:"version"`
	Previous []string  `json:"previous"`
	At       wire.Time `json:"at"`
}

// liveChannel is where changes of what is live are notified, each with its shop.
const liveChannel = "aisle_live"

// Live returns what is live in a shop: of generation 0 and nothing before the first change.
func (s *Store) Live(ctx context.Context, shop string) (Live, error) {
	l, err := one(ctx, s, func(r *sql.Rows, l *Live) error {
		var text string
		if err := r.Scan(&l.Generation, &text); err != nil {
			return err
		}
		return decode(text, l)
	}, "select generation, body from live where shop = $1", shop)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return l, fmt.Errorf("read what is live in shop %s: %w", shop, err)
	}
	if l.Relations == nil {
		l.Relations = map[string]Pointer{}
	}
	return l, nil
}

// Generations returns the generation of what is live by shop, of all shops.
func (s *Store) Generations(ctx context.Context) (map[string]int64, error) {
	type row struct {
		shop       string
		generation int64
	}
	list, err := database.Select(
		ctx, s.Tables, func(r *sql.Rows, v *row) error { return r.Scan(&v.shop, &v.generation) }, "select shop, generation from live",
	)
	if err != nil {
		return nil, fmt.Errorf("read what is live: %w", err)
	}
	byShop := make(map[string]int64, len(list))
	for _, v := range list {
		byShop[v.shop] = v.generation
	}
	return byShop, nil
}

// SetLive makes l what is live, as the generation after l.Generation, and changed the new descriptions of models, in one transaction: all
// of it happens, or nothing. It returns ErrGeneration when l was not made from the latest generation, and ErrNotFound when a version that l
// makes current is no longer there.
func (s *Store) SetLive(ctx context.Context, shop string, l Live, changed []similarityapi.Model) error {
	text, err := encoded(l)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *database.Tx) error {
		if err := hold(ctx, tx, shop, l.Generation); err != nil {
			return err
		}
		for relation, p := range l.Relations {
			n, err := tx.Exec(ctx, "update models set relation = relation where shop = $1 and version = $2", shop, p.Version)
			if err == nil && n == 0 && p.Version != "" {
				err = ErrNotFound
			}
			if err != nil {
				return fmt.Errorf("make %s live for %s: %w", p.Version, relation, err)
			}
		}
		for _, m := range changed {
			if err := insertModel(ctx, tx, shop, m); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "update live set generation = $1, at_ms = $2, body = $3 where shop = $4",
			l.Generation+1, l.At.UnixMilli(), text, shop); err != nil {
			return fmt.Errorf("change what is live in shop %s: %w", shop, err)
		}
		return tx.Notify(ctx, liveChannel, shop)
	})
}

// hold locks what is live in a shop until the transaction ends, or returns ErrGeneration when it is of another generation.
func hold(ctx context.Context, tx *database.Tx, shop string, generation int64) error {
	if generation == 0 {
		if _, err := tx.Exec(
			ctx, "insert into live (shop, generation, at_ms, body) values ($1, 0, 0, '{}') on conflict (shop) do nothing", shop,
		); err != nil {
			return fmt.Errorf("lock what is live in shop %s: %w", shop, err)
		}
	}
	n, err := tx.Exec(ctx, "update live set generation = generation where shop = $1 and generation = $2", shop, generation)
	if err != nil {
		return fmt.Errorf("lock what is live in shop %s: %w", shop, err)
	}
	if n == 0 {
		return ErrGeneration
	}
	return nil
}

// FollowLive calls f with each shop whose live models another process has changed, or "" when any may have; see database.Tables.Listen.
func (s *Store) FollowLive(ctx context.Context, f func(shop string)) { s.Listen(ctx, liveChannel, f) }
