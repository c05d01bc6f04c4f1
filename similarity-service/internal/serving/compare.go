package serving

import (
	"cmp"
	"context"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

const (
	// comparedAt is how many neighbours of a list are compared.
	comparedAt = 20
	// movers is how many of the items that changed most are named.
	movers = 20
)

// Compare says how version differs from other: figures that both have, lists and the items that
// changed most. Both are opened. It wraps ErrUnknownVersion.
func (r *Registry) Compare(ctx context.Context, shop, version, other string) (similarityapi.Comparison, error) {
	out := similarityapi.Comparison{Version: version, Other: other, Metrics: map[string]float64{}, Movers: []similarityapi.Mover{}}
	a, err := r.Describe(ctx, shop, version)
	if err != nil {
		return out, err
	}
	b, err := r.Describe(ctx, shop, other)
	if err != nil {
		return out, err
	}
	for name, m := range a.Metrics {
		if n, ok := b.Metrics[name]; ok {
			out.Metrics[name] = m.Value - n.Value
		}
	}
	mine, err := r.open(ctx, shop, version)
	if err != nil {
		return out, err
	}
	theirs, err := r.open(ctx, shop, other)
	if err != nil {
		return out, err
	}
	err = compareLists(&out, mine.Snapshot, theirs.Snapshot)
	return out, err
}

// compareLists compares the lists of a with those of b, by item id, for the numbers of two models are their own. The
// overlap of an item is the share of its first neighbours that both models name, over the longer of the two; that of the
// models is the mean over the items that have a list in both. Movers are the items with the least overlap, ties by id.
// Cost O(items · first²).
func compareLists(out *similarityapi.Comparison, a, b *snapshot.Snapshot) error {
	var all []similarityapi.Mover
	sum := 0.0
	for i := range int32(a.Len()) {
		id := a.ID(i)
		other, known := b.Index(id)
		switch listed := known && b.RowLen(other) > 0; {
		case a.RowLen(i) > 0 && !listed:
			out.Added++
			continue
		case a.RowLen(i) == 0 && listed:
			out.Removed++
			continue
		case a.RowLen(i) == 0:
			continue
		}
		mine, err := firstIDs(a, i)
		if err != nil {
			return err
		}
		theirs, err := firstIDs(b, other)
		if err != nil {
			return err
		}
		common := 0
		for _, id := range mine {
			if slices.Contains(theirs, id) {
				common++
			}
		}
		share := float64(common) / float64(max(len(mine), len(theirs)))
		sum += share
		all = append(all, similarityapi.Mover{ItemID: id, Overlap: share})
	}
	for i := range int32(b.Len()) {
		if _, known := a.Index(b.ID(i)); !known && b.RowLen(i) > 0 {
			out.Removed++
		}
	}
	slices.SortFunc(all, func(x, y similarityapi.Mover) int {
		return cmp.Or(cmp.Compare(x.Overlap, y.Overlap), cmp.Compare(x.ItemID, y.ItemID))
	})
	out.Items, out.Movers = len(all), all[:min(len(all), movers)]
	if len(all) > 0 {
		out.Overlap = sum / float64(len(all))
	}
	return nil
}

// firstIDs returns the ids of the first neighbours of item i.
func firstIDs(s *snapshot.Snapshot, i int32) ([]string, error) {
	row, err := s.Row(i)
	if err != nil {
		return nil, err
	}
	entries, err := snapshot.DecodeRow(row, s.Len())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries[:min(len(entries), comparedAt)] {
		ids = append(ids, s.ID(int32(e.Item)))
	}
	return ids, nil
}
