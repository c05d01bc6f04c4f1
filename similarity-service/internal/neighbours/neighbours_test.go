package neighbours_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

func ExampleBuild() {
	m, _ := csr.FromRows([][]int32{{0, 1}, {0, 1, 2}}, 3)
	g, _ := neighbours.NewGraph(m, nil)
	lists, _ := neighbours.Build(g, neighbours.Cosine().Similarity(g), neighbours.Options{K: 2})
	items, weights := lists.Of(2)
	fmt.Printf("%v %.2f\n", items, weights)
	// Output: [0 1] [0.71 0.71]
}

func TestModelsPassTheCommonSuite(t *testing.T) {
	t.Parallel()
	for name, hop := range map[string]neighbours.TwoHop{
		"cosine": neighbours.Cosine(), "two-hop": {-.4, .8, .15},
		"random walk":     {UserExponent: -1, SourceExponent: 1, TargetExponent: .4},
		"linear low-pass": {UserExponent: -1, SourceExponent: .5, TargetExponent: .5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modeltest.Run(t, func(m *csr.Matrix, o neighbours.Options) (*neighbours.Lists, error) {
				g, err := neighbours.NewGraph(m, nil)
				if err != nil {
					return nil, err
				}
				g = g.WithUserExponent(hop.UserExponent)
				return neighbours.Build(g, hop.Similarity(g), o)
			})
		})
	}
}

// plainTwoHop is the formula, pair by pair: w(i→j) = d_i^−α d_j^−β Σ_u d_u^a x_ui x_uj f(t_uj − t_ui), with
// f(s) = |s|^−nearness, less for s < 0 by the direction, and f(0) = 1.
func plainTwoHop(m *csr.Matrix, rowBase []float64, t neighbours.TwoHop, o neighbours.Order, together csr.Marks) [][]float64 {
	dense, step := make([][]float64, m.Rows), make([][]float64, m.Rows)
	apart := func(steps float64) float64 {
		switch {
		case steps > 0:
			return math.Pow(steps, -o.Nearness)
		case steps < 0:
			return math.Pow(-steps, -o.Nearness) * (1 - o.Direction)
		}
		return 1
	}
	rowMass, degree := m.RowMass(), make([]float64, m.Cols)
	for u := range dense {
		dense[u], step[u] = make([]float64, m.Cols), make([]float64, m.Cols)
		idx, val := m.Row(u)
		steps := 0
		for p, j := range idx {
			if p > 0 && !together.Has(m.RowPtr[u]+p) {
				steps++
			}
			step[u][j] = float64(steps)
			dense[u][j] = 1
			if val != nil {
				dense[u][j] = float64(val[p])
			}
			degree[j] += rowBase[u] * math.Abs(dense[u][j])
		}
	}
	out := make([][]float64, m.Cols)
	for i := range out {
		out[i] = make([]float64, m.Cols)
		for j := range out[i] {
			sum := 0.0
			for u := range dense {
				if rowMass[u] > 0 {
					sum += rowBase[u] * math.Pow(rowMass[u], t.UserExponent) * dense[u][i] * dense[u][j] * apart(step[u][j]-step[u][i])
				}
			}
			if degree[i] > 0 && degree[j] > 0 {
				out[i][j] = sum * math.Pow(degree[i], -t.SourceExponent) * math.Pow(degree[j], -t.TargetExponent)
			}
		}
	}
	return out
}

func TestTwoHopEqualsTheFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, rowBase := drawMatrix(t)
		hop := neighbours.TwoHop{
			UserExponent:   rapid.Float64Range(-1, .5).Draw(t, "a"),
			SourceExponent: rapid.Float64Range(0, 1).Draw(t, "α"),
			TargetExponent: rapid.Float64Range(-.3, 1).Draw(t, "β"),
		}
		order := neighbours.Order{
			Direction: rapid.SampledFrom([]float64{0, .3, 1}).Draw(t, "direction"),
			Nearness:  rapid.SampledFrom([]float64{0, .7}).Draw(t, "nearness"),
		}
		var together csr.Marks
		for _, p := range rapid.SliceOf(rapid.IntRange(0, max(m.NNZ()-1, 0))).Draw(t, "together") {
			together.Add(p)
		}
		g, err := neighbours.NewGraph(m, rowBase)
		if err != nil {
			t.Fatal(err)
		}
		g = g.WithUserExponent(hop.UserExponent).WithOrder(order, together)
		lists, err := neighbours.Build(g, hop.Similarity(g), neighbours.Options{K: m.Cols})
		if err != nil {
			t.Fatal(err)
		}
		if err := lists.Validate(); err != nil {
			t.Fatal(err)
		}
		want := plainTwoHop(m, rowBase, hop, order, together)
		for i := range m.Cols {
			got := make([]float64, m.Cols)
			items, weights := lists.Of(int32(i))
			for p, j := range items {
				got[j] = float64(weights[p])
			}
			want[i][i] = 0
			if diff := cmp.Diff(want[i], got, cmpopts.EquateApprox(1e-4, 1e-4)); diff != "" {
				t.Fatalf("item %d: %s", i, diff)
			}
		}
	})
}

func drawMatrix(t *rapid.T) (*csr.Matrix, []float64) {
	cols := rapid.IntRange(1, 7).Draw(t, "items")
	rows := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(cols-1)), 0, cols, rapid.ID), 0, 8).Draw(t, "rows")
	signed := rapid.Bool().Draw(t, "signed")
	b := csr.NewBuilder(cols)
	rowBase := make([]float64, len(rows))
	for u, row := range rows {
		rowBase[u] = float64(1+u%3) / 2
		for p, j := range row {
			x := float32(1 + (u+p)%3)
			if signed && p%4 == 3 {
				x = -x
			}
			b.Add(j, x)
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Matrix(), rowBase
}

func TestRefreshOfAllRowsEqualsABuild(t *testing.T) {
	t.Parallel()
	before, after := modeltest.Random(40, 20, 1), modeltest.Random(45, 20, 2)
	hop := neighbours.TwoHop{UserExponent: -1, SourceExponent: .8, TargetExponent: .2}
	build := func(m *csr.Matrix) (*neighbours.Graph, *neighbours.Lists) {
		g, err := neighbours.NewGraph(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		g = g.WithUserExponent(hop.UserExponent)
		l, err := neighbours.Build(g, hop.Similarity(g), neighbours.Options{K: 5})
		if err != nil {
			t.Fatal(err)
		}
		return g, l
	}
	_, old := build(before)
	kept := old.Clone()
	g, want := build(after)
	all := make([]int32, 20)
	for i := range all {
		all[i] = int32(i)
	}
	got, err := neighbours.Refresh(old, g, hop.Similarity(g), neighbours.Options{Rows: all})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		gotItems, gotWeights := got.Of(int32(i))
		wantItems, wantWeights := want.Of(int32(i))
		if !slices.Equal(gotItems, wantItems) || !slices.Equal(gotWeights, wantWeights) {
			t.Errorf("item %d: %v, want %v", i, gotItems, wantItems)
		}
	}
	if diff := cmp.Diff(kept, old); diff != "" {
		t.Errorf("the old lists changed: %s", diff)
	}
	some, err := neighbours.Refresh(old, g, hop.Similarity(g), neighbours.Options{Rows: []int32{3}})
	if err != nil {
		t.Fatal(err)
	}
	three, _ := some.Of(3)
	wantThree, _ := want.Of(3)
	four, _ := some.Of(4)
	oldFour, _ := old.Of(4)
	if !slices.Equal(three, wantThree) || !slices.Equal(four, oldFour) {
		t.Error("a refresh of item 3 must change item 3 alone")
	}
}

func TestBuildStops(t *testing.T) {
	t.Parallel()
	g, err := neighbours.NewGraph(modeltest.Random(50, 30, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = neighbours.Build(g, neighbours.Cosine().Similarity(g), neighbours.Options{K: 3, Stop: func() bool { return true }})
	if !errors.Is(err, neighbours.ErrStopped) {
		t.Fatalf("got %v", err)
	}
}

// Lists without an order that take one afterwards are those that were built with it.
func TestListsTakeTheOrderOfAGraph(t *testing.T) {
	t.Parallel()
	plain, err := neighbours.NewGraph(modeltest.Random(60, 15, 5), nil)
	if err != nil {
		t.Fatal(err)
	}
	var together csr.Marks
	together.Add(3)
	ordered := plain.WithOrder(neighbours.Order{Direction: .6, Nearness: .5}, together)
	hop := neighbours.TwoHop{SourceExponent: .4, TargetExponent: .2}
	lists := func(g *neighbours.Graph) *neighbours.Lists {
		l, err := neighbours.Build(g, hop.Similarity(g), neighbours.Options{K: 15})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	got, want := lists(plain), lists(ordered)
	if err := got.InOrder(ordered, neighbours.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Weight, got.Weight, cmpopts.EquateApprox(1e-5, 0)); diff != "" {
		t.Error(diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestCountsAreThoseOfTheListedPairs(t *testing.T) {
	t.Parallel()
	m := modeltest.Random(60, 15, 5)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := neighbours.Build(g, neighbours.Cosine().Similarity(g), neighbours.Options{K: 4, KeepCounts: true})
	if err != nil {
		t.Fatal(err)
	}
	ones := make([]float64, m.Rows)
	for u := range ones {
		ones[u] = 1
	}
	counts := plainTwoHop(m, ones, neighbours.TwoHop{}, neighbours.Order{}, nil)
	for i := range m.Cols {
		items, _ := l.Of(int32(i))
		for p, j := range items {
			if got := float64(l.Counts[i*l.K+p]); math.Abs(got-counts[i][j]) > 1e-4 {
				t.Errorf("pair %d,%d: count %v, want %v", i, j, got, counts[i][j])
			}
		}
	}
}

// Select must agree with a full sort by size, then item.
func TestSelectEqualsFullSort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "n")
		k := rapid.IntRange(1, 80).Draw(t, "k")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		items, weights := make([]int32, n), make([]float32, n)
		for p, j := range rng.Perm(n) {
			items[p], weights[p] = int32(j), float32(rng.IntN(7)-3)
		}
		lists := neighbours.NewLists(n, k)
		var sel neighbours.Selector
		sel.Select(lists, 0, items, weights)
		order := make([]int, 0, n)
		for p := range items {
			if items[p] != 0 && weights[p] != 0 {
				order = append(order, p)
			}
		}
		slices.SortFunc(order, func(p, q int) int {
			if x, y := math.Abs(float64(weights[p])), math.Abs(float64(weights[q])); x != y {
				return int(y*10 - x*10)
			}
			return int(items[p] - items[q])
		})
		got, gotWeights := lists.Of(0)
		order = order[:min(k, len(order))]
		if len(got) != len(order) {
			t.Fatalf("%d entries, want %d", len(got), len(order))
		}
		for p, at := range order {
			if got[p] != items[at] || gotWeights[p] != weights[at] {
				t.Fatalf("place %d: item %d weight %v, want item %d weight %v", p, got[p], gotWeights[p], items[at], weights[at])
			}
		}
	})
}
