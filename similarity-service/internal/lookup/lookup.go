// Package lookup answers "which items go with these": it joins the lists of a model with what is alike by text and by the shop's own
// vectors, in proportion to how much is known about an item's behaviour, so that an item has neighbours as soon as it is in the catalogue.
// Models and texts know families: a product with its variants is asked for by any of their ids or aliases, and named in lists by its
// family. lookup.go answers, content.go knows a shop's texts and vectors, itemtext.go and
// search.go answer from them alone.
package lookup

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/text"
)

const (
	// trustedSupport is the number of interactions from which an item's behaviour speaks alone.
	trustedSupport = 50
	// textPrior is the number of interactions that count as much as the text.
	textPrior = 5
	// coldScale is the weight of a perfect text match while no model is live to take a scale from.
	coldScale = 1
)

// Sources of a list.
const (
	sourceBehaviour = "behaviour"
	sourceText      = "text"
	sourceVectors   = "vectors"
	sourceBlend     = "blend"
	sourceNone      = "none"
)

// Families tells which family an item belongs to.
type Families interface {
	Family(shop, itemID string) (family string, known bool)
}

// Lookup answers neighbour questions for all shops. It is safe for concurrent use. A shop's
// content is made when it is first asked for or changed, and stays; it is filled by
// FamilyChanged alone, and is empty in a process that has just begun.
type Lookup struct {
	registry *serving.Registry
	families Families
	now      func() time.Time

	mu       sync.RWMutex
	contents map[string]*content // by shop
}

// New returns a Lookup over the models of registry.
func New(registry *serving.Registry, families Families, now func() time.Time) *Lookup {
	return &Lookup{registry: registry, families: families, now: now, contents: map[string]*content{}}
}

// FamilyChanged keeps what is known of items themselves in step with the catalogue: item describes the family now; nil when nothing of it
// is left.
func (l *Lookup) FamilyChanged(shop, family string, item *profileapi.Item) {
	l.content(shop).changed(family, item)
}

// familiesOf returns the family of each item; an item that the catalogue lacks stands for itself.
func (l *Lookup) familiesOf(shop string, ids []string) []string {
	out := make([]string, len(ids))
	for n, id := range ids {
		out[n] = id
		if family, known := l.families.Family(shop, id); known {
			out[n] = family
		}
	}
	return out
}

// Texts is a fingerprint of the texts and vectors of a shop's items: lists that follow them can only change with it.
func (l *Lookup) Texts(shop string) string {
	return strconv.FormatUint(l.current(shop).fingerprint(), 36)
}

// current returns what is known of a shop's items, for an answer.
func (l *Lookup) current(shop string) *content {
	c := l.content(shop)
	c.learn(l.now())
	return c
}

// content returns what is kept of a shop, without learning: a change of the catalogue need not
// wait for that.
func (l *Lookup) content(shop string) *content {
	l.mu.RLock()
	c := l.contents[shop]
	l.mu.RUnlock()
	if c != nil {
		return c
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.contents[shop] == nil {
		l.contents[shop] = newContent()
	}
	return l.contents[shop]
}

// Lists returns the neighbours of each item, at most limit, and the model version they come from ("" when only text could answer). A
// version that is asked for by name must exist. Lists are in the order of r.ItemIDs, each under
// the id that was asked for, and empty for an item that nobody knows. While no model is live,
// "similar" is answered by texts and vectors, and every other relation by nothing. A model that
// cannot be read is an error.
func (l *Lookup) Lists(ctx context.Context, shop string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error) {
	answer := similarityapi.LookupAnswer{Relation: r.Relation, Lists: make([]similarityapi.NeighbourList, len(r.ItemIDs))}
	m, err := l.registry.Model(ctx, shop, r.Relation, r.ModelVersion)
	if errors.Is(err, serving.ErrNoModel) {
		m = nil
	} else if err != nil {
		return answer, err
	}
	if r.ModelVersion == "" {
		answer.Degraded = l.degraded(shop, r.Relation)
	}
	families := l.familiesOf(shop, r.ItemIDs)
	rows := make([][]similarityapi.Neighbour, len(families))
	if m != nil {
		answer.ModelVersion, answer.Seeding = m.Version, m.Seeding
		if rows, err = l.behaviour(ctx, m, families, r.Limit); err != nil {
			return answer, err
		}
	}
	for p, family := range families {
		answer.Lists[p] = l.list(shop, r.Relation, m, family, rows[p], r.Limit)
		answer.Lists[p].ItemID = r.ItemIDs[p]
	}
	return answer, nil
}

// degraded says whether the live model of a relation is damaged.
func (l *Lookup) degraded(shop, relation string) []string {
	if l.registry.FellBack(shop, relation) {
		return []string{similarityapi.DegradedModel}
	}
	return nil
}

// behaviour reads the model's lists by item id.
func (l *Lookup) behaviour(ctx context.Context, m *serving.Model, ids []string, limit int) ([][]similarityapi.Neighbour, error) {
	if m.Sessions != nil {
		return nextLists(m, ids, limit), nil
	}
	var numbers []int32
	var places []int
	for p, id := range ids {
		if i, ok := m.Snapshot.Index(id); ok {
			numbers, places = append(numbers, i), append(places, p)
		}
	}
	entries, err := l.registry.Rows(ctx, m, numbers)
	if err != nil {
		return nil, err
	}
	rows := make([][]similarityapi.Neighbour, len(ids))
	for at, p := range places {
		rows[p] = named(m.Snapshot, entries[at][:min(len(entries[at]), limit)])
	}
	return rows, nil
}

// named puts ids in the place of item indices.
func named(s *snapshot.Snapshot, entries []snapshot.Entry) []similarityapi.Neighbour {
	out := make([]similarityapi.Neighbour, len(entries))
	for p, e := range entries {
		out[p] = similarityapi.Neighbour{ItemID: s.ID(int32(e.Item)), Score: float64(e.Weight)}
	}
	return out
}

// nextLists are what a session model expects after each item alone. The item itself, where
// sessions come back to it, is left out and takes one of the places.
func nextLists(m *serving.Model, ids []string, limit int) [][]similarityapi.Neighbour {
	rows := make([][]similarityapi.Neighbour, len(ids))
	for p, id := range ids {
		i, ok := m.Snapshot.Index(id)
		if !ok {
			continue
		}
		for _, s := range m.Sessions.RecommendExplained([]int32{i}, limit) {
			if s.Item != i {
				rows[p] = append(rows[p], similarityapi.Neighbour{ItemID: m.Snapshot.ID(s.Item), Score: s.Score})
			}
		}
	}
	return rows
}

// list joins one item's behaviour with its texts and vectors. Only "similar" is a matter of those: what is bought together is rarely alike.
// An item with trustedSupport interactions is not compared at all, which spares most of the
// work for a shop's popular items.
func (l *Lookup) list(
	shop, relation string, m *serving.Model, id string, row []similarityapi.Neighbour, limit int,
) similarityapi.NeighbourList {
	out := similarityapi.NeighbourList{ItemID: id, Source: sourceBehaviour, Neighbours: row}
	support, scale := 0.0, float64(coldScale)
	if m != nil {
		scale = m.Snapshot.Meta.TopWeight
		if i, ok := m.Snapshot.Index(id); ok {
			support = float64(m.Snapshot.Support(i))
		}
	}
	if relation == similarityapi.Similar && support < trustedSupport {
		alike, source := l.current(shop).similar(id, limit)
		out.Neighbours = blend(row, alike, support, scale, limit)
		switch {
		case len(alike) > 0 && len(row) > 0:
			out.Source = sourceBlend
		case len(alike) > 0:
			out.Source = source
		}
	}
	if len(out.Neighbours) == 0 {
		out.Source, out.Neighbours = sourceNone, []similarityapi.Neighbour{}
	}
	return out
}

// blend adds up (1−share·best)·behaviour and share·scale·cosine of what is alike, best being the largest cosine:
// texts that say little leave behaviour as it was measured. The share falls with support; scale is what the model's
// best neighbours usually weigh, so that seeds with and without behaviour can be summed. Negative weights are as much
// worth as positive ones. An item that one of them lacks has 0 there. The result has at most
// limit entries, the largest absolute score first, equal ones by id.
func blend(row []similarityapi.Neighbour, alike []text.Neighbour[string], support, scale float64, limit int) []similarityapi.Neighbour {
	share, best := textPrior/(textPrior+support), 0.0
	for _, n := range alike {
		best = max(best, n.Score)
	}
	sums := make(map[string]float64, len(row)+len(alike))
	for _, n := range row {
		sums[n.ItemID] = (1 - share*best) * n.Score
	}
	for _, n := range alike {
		sums[n.ID] += share * scale * n.Score
	}
	out := make([]similarityapi.Neighbour, 0, len(sums))
	for id, score := range sums {
		out = append(out, similarityapi.Neighbour{ItemID: id, Score: score})
	}
	slices.SortFunc(out, func(a, b similarityapi.Neighbour) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)), strings.Compare(a.ItemID, b.ItemID))
	})
	return out[:min(len(out), limit)]
}

// Next returns what a session may look at next, as far as the session itself says so, with the share of each of its items; nothing, with an
// empty version, while no model has been published.
func (l *Lookup) Next(ctx context.Context, shop string, r similarityapi.NextRequest) (similarityapi.NextAnswer, error) {
	m, err := l.registry.Model(ctx, shop, similarityapi.ViewedNext, r.ModelVersion)
	if errors.Is(err, serving.ErrNoModel) {
		return similarityapi.NextAnswer{Items: []similarityapi.NextItem{}, Degraded: l.degraded(shop, similarityapi.ViewedNext)}, nil
	}
	if err != nil {
		return similarityapi.NextAnswer{}, err
	}
	var prefix []int32
	asked := map[int32]string{} // what is named in the question is named so in the answer
	for p, family := range l.familiesOf(shop, r.ItemIDs) {
		if i, ok := m.Snapshot.Index(family); ok {
			prefix = append(prefix, i)
			asked[i] = r.ItemIDs[p]
		}
	}
	answer := similarityapi.NextAnswer{ModelVersion: m.Version, Items: []similarityapi.NextItem{}}
	if r.ModelVersion == "" {
		answer.Degraded = l.degraded(shop, similarityapi.ViewedNext)
	}
	if len(prefix) == 0 || m.Sessions == nil {
		return answer, nil
	}
	for _, s := range m.Sessions.RecommendExplained(prefix, r.Limit) {
		item := similarityapi.NextItem{ItemID: m.Snapshot.ID(s.Item)}
		for _, c := range s.Contributions {
			item.Contributions = append(item.Contributions, similarityapi.SeedShare{ItemID: asked[c.Seed], Weight: c.Weight})
			item.Score += c.Weight
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

// Pair says what links two items. Weight and Rank are of b in the list of a, and Reverse of a
// in that of b; 0 stands for an item that is not among the neighbours. Without a live model
// only texts and vectors speak.
func (l *Lookup) Pair(ctx context.Context, shop, relation, version, a, b string) (similarityapi.Pair, error) {
	out := similarityapi.Pair{ItemID: a, OtherID: b, Relation: relation, SharedTerms: []similarityapi.SharedTerm{}}
	families := l.familiesOf(shop, []string{a, b})
	a, b = families[0], families[1]
	content := l.current(shop)
	out.VectorSimilarity = content.vectors.Cosine(a, b)
	for _, t := range content.texts.SharedTerms(a, b) {
		out.SharedTerms = append(out.SharedTerms, similarityapi.SharedTerm{Term: t.Term, Weight: t.Weight})
		out.TextSimilarity += t.Weight
	}
	m, err := l.registry.Model(ctx, shop, relation, version)
	if errors.Is(err, serving.ErrNoModel) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.ModelVersion, out.Algorithm, out.Parameters = m.Version, m.Snapshot.Meta.Algorithm, m.Snapshot.Meta.Parameters
	out.Support, out.OtherSupport = support(m.Snapshot, a), support(m.Snapshot, b)
	rows, err := l.behaviour(ctx, m, []string{a, b}, maxList)
	if err != nil {
		return out, err
	}
	out.Weight, out.Rank = place(rows[0], b)
	out.ReverseWeight, out.ReverseRank = place(rows[1], a)
	return out, nil
}

// maxList is the longest list a model keeps.
const maxList = 200

// support is the number of interactions behind an item, 0 for one that the model does not have.
func support(s *snapshot.Snapshot, id string) float64 {
	if i, ok := s.Index(id); ok {
		return float64(s.Support(i))
	}
	return 0
}

// place finds an item in a list: its weight and its place from 1, or 0 and 0.
func place(row []similarityapi.Neighbour, id string) (float64, int) {
	for p, n := range row {
		if n.ItemID == id {
			return n.Score, p + 1
		}
	}
	return 0, 0
}
