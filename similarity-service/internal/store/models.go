package store

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/bundles"
)

const putModel = `insert into models (shop, version, relation, created_ms, body) values ($1, $2, $3, $4, $5)
	on conflict (shop, version) do update set body = excluded.body`

// Extras are what is kept beside a version; nil for what it has none of.
type Extras struct {
	Report  *similarityapi.Report // of the competition that made it
	Bundles *bundles.Set          // found with it
}

// PutModel stores the description of a version with its extras, in place of earlier ones.
func (s *Store) PutModel(ctx context.Context, shop string, m similarityapi.Model, x Extras) error {
	return s.InTx(ctx, func(tx *database.Tx) error {
		if err := insertModel(ctx, tx, shop, m); err != nil {
			return err
		}
		if x.Report != nil {
			if err := insertExtra(ctx, tx, "reports", shop, m.Version, x.Report); err != nil {
				return err
			}
		}
		if x.Bundles != nil {
			return insertExtra(ctx, tx, "bundles", shop, m.Version, x.Bundles)
		}
		return nil
	})
}

func insertExtra(ctx context.Context, tx *database.Tx, table, shop, version string, value any) error {
	text, err := encoded(value)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "insert into "+table+` (shop, version, body) values ($1, $2, $3)
		on conflict (shop, version) do update set body = excluded.body`, shop, version, text); err != nil {
		return fmt.Errorf("store the %s of model %s: %w", table, version, err)
	}
	return nil
}

// Bundles returns the sets that were found with a version, or ErrNotFound.
func (s *Store) Bundles(ctx context.Context, shop, version string) (bundles.Set, error) {
	b, err := one(ctx, s, body[bundles.Set], "select body from bundles where shop = $1 and version = $2", shop, version)
	if err != nil {
		return b, fmt.Errorf("read the bundles of model %s: %w", version, err)
	}
	return b, nil
}

// Report returns the report of the competition that made a version, or ErrNotFound.
func (s *Store) Report(ctx context.Context, shop, version string) (similarityapi.Report, error) {
	r, err := one(ctx, s, body[similarityapi.Report], "select body from reports where shop = $1 and version = $2", shop, version)
	if err != nil {
		return r, fmt.Errorf("read the report of model %s: %w", version, err)
	}
	return r, nil
}

func insertModel(ctx context.Context, tx *database.Tx, shop string, m similarityapi.Model) error {
	text, err := encoded(m)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, putModel, shop, m.Version, m.Relation, m.CreatedAt.UnixMilli(), text); err != nil {
		return fmt.Errorf("store model %s: %w", m.Version, err)
	}
	return nil
}

// Model returns the description of a version, or ErrNotFound.
func (s *Store) Model(ctx context.Context, shop, version string) (similarityapi.Model, error) {
	m, err := one(ctx, s, body[similarityapi.Model], "select body from models where shop = $1 and version = $2", shop, version)
	if err != nil {
		return m, fmt.Errorf("read model %s: %w", version, err)
	}
	return m, nil
}

// Models returns the descriptions of a shop's versions, the newest first; relation "" means all.
func (s *Store) Models(ctx context.Context, shop, relation string) ([]similarityapi.Model, error) {
	list, err := database.Select(ctx, s.Tables, body[similarityapi.Model],
		"select body from models where shop = $1 and ($2 = '' or relation = $2) order by created_ms desc, version desc", shop, relation)
	if err != nil {
		return nil, fmt.Errorf("list the models of shop %s: %w", shop, err)
	}
	return list, nil
}

// DeleteModel removes the description of a version and its extras; a missing one is no error. It fails with ErrGeneration when what is live
// is no longer of the generation from which the caller knows that the version is not live.
func (s *Store) DeleteModel(ctx context.Context, shop, version string, generation int64) error {
	return s.InTx(ctx, func(tx *database.Tx) error {
		if err := hold(ctx, tx, shop, generation); err != nil {
			return err
		}
		for _, table := range []string{"models", "reports", "bundles"} {
			if _, err := tx.Exec(ctx, "delete from "+table+" where shop = $1 and version = $2", shop, version); err != nil {
				return fmt.Errorf("delete model %s: %w", version, err)
			}
		}
		return nil
	})
}
