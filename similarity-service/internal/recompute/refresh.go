package recompute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// base is the live model that a recompute of touched items builds on.
type base struct {
	version  string
	snapshot *snapshot.Snapshot
	recipe   *evaluate.Recipe
}

// base returns the live model of a request for touched items only, and nil for other requests.
// Its errors say what to do instead: there is no live model, or none whose recipe this version
// can read.
func (r *Recomputer) base(ctx context.Context, s stage) (*base, error) {
	if !s.task.Request.TouchedOnly {
		return nil, nil
	}
	m, err := r.Registry.Model(ctx, s.task.Shop, s.relation, "")
	if errors.Is(err, serving.ErrNoModel) {
		return nil, fmt.Errorf("touched_only refreshes the live model, but %w: run a recompute without touched_only first", err)
	}
	if err != nil {
		return nil, err
	}
	recipe, err := recipeOf(m.Snapshot)
	if err != nil {
		return nil, err
	}
	if recipe == nil {
		return nil, fmt.Errorf(
			"touched_only needs the recipe of the live model, and %s was stored without one: run a recompute without touched_only first",
			m.Version,
		)
	}
	if err := recipe.Readable(); err != nil {
		return nil, fmt.Errorf("touched_only cannot refresh %s: %w: run a recompute without touched_only", m.Version, err)
	}
	return &base{version: m.Version, snapshot: m.Snapshot, recipe: recipe}, nil
}

// since is the Unix second from which interactions are new to the live model.
func (b *base) since() int64 {
	if b == nil {
		return 0
	}
	return b.snapshot.Meta.Until + 1
}

// touched lists the items that have interactions which the live model has not seen: since its
// latest one, or, for what arrived late or was erased, by a number of subjects that differs.
// Ascending; empty when nothing is new.
func (b *base) touched(p *prepare.Prepared) []int32 {
	recent := make([]bool, p.Full.Items.Len())
	for _, i := range p.Touched {
		recent[i] = true
	}
	var out []int32
	for i, support := range p.Support {
		known := float32(0)
		if at, ok := b.snapshot.Index(p.Full.Items.ID(int32(i))); ok {
			known = b.snapshot.Support(at)
		}
		if recent[i] || support != known {
			out = append(out, int32(i))
		}
	}
	return out
}

// final builds what would serve: the winner from everything, or the live lists with those of the touched items built again where
// the recipe allows it. What is refreshed saves the build of the lists of items that nobody has
// touched; they change only by what touched items are to them, until the next full recompute.
func (r *Recomputer) final(p *prepare.Prepared, c *competition, b *base, touched []int32, o evaluate.Options) (*rank.Model, error) {
	if b == nil || !b.recipe.Refreshable(p.Full.Relation) {
		return c.board.Train(p.Full, o)
	}
	old, err := translated(b.snapshot, p.Full.Items.Index, p.Full.Items.Len())
	if err != nil {
		return nil, err
	}
	return evaluate.Refresh(p.Full, b.recipe, ordered(old), touched, o)
}

// ordered sorts lists whose items were renumbered: ties go by the new numbers.
func ordered(l *neighbours.Lists) *neighbours.Lists {
	return l.Mapped(func(_ int32, _ int, w float32) float32 { return w })
}

// recipeOf reads the recipe of a stored model; models without one give nil.
func recipeOf(s *snapshot.Snapshot) (*evaluate.Recipe, error) {
	if s.Meta.Recipe == nil {
		return nil, nil
	}
	r := &evaluate.Recipe{}
	if err := json.Unmarshal(s.Meta.Recipe, r); err != nil {
		return nil, fmt.Errorf("read the recipe of a stored model: %w", err)
	}
	return r, nil
}
