package neighbours_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// benchMatrix is the lightgcn data set at $AISLE_BENCH_DATA, or else a random matrix of about the same shape as a sparse
// one: 20,000 users, 30,000 items of skewed popularity and history lengths with a long tail.
func benchMatrix(b *testing.B) *csr.Matrix {
	b.Helper()
	if path := os.Getenv("AISLE_BENCH_DATA"); path != "" {
		d, err := dataset.Load(path, dataset.Options{Format: dataset.LightGCN})
		if err != nil {
			b.Fatal(err)
		}
		return d.Train
	}
	const users, items = 20_000, 30_000
	rng := rand.New(rand.NewPCG(1, 2))
	builder := csr.NewBuilder(items)
	for range users {
		for range min(int(8/math.Sqrt(rng.Float64()+1e-4)), 500) {
			builder.Add(int32(items*math.Pow(rng.Float64(), 2.5)), 1)
		}
		if err := builder.EndRow(); err != nil {
			b.Fatal(err)
		}
	}
	m := builder.Matrix()
	m.Val = nil
	return m
}

// BenchmarkBuild measures the two-hop build on one goroutine beside a bare accumulation loop over the same pairs, which
// is the least that any build must do. The ratio of the two ns/pair is the overhead of finding and sorting neighbours.
func BenchmarkBuild(b *testing.B) {
	m := benchMatrix(b)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		b.Fatal(err)
	}
	g = g.WithUserExponent(-1)
	pairs := float64(g.PairUpdates())
	b.Run("bare loop", func(b *testing.B) {
		sum := float32(0)
		for b.Loop() {
			sum = bareLoop(m, g)
		}
		if !(sum > 0) {
			b.Fatal("nothing was added up")
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/pair")
	})
	for name, order := range map[string]neighbours.Order{"two-hop k=200": {}, "two-hop k=200, in order": {Direction: .5, Nearness: .25}} {
		b.Run(name, func(b *testing.B) {
			g := g.WithOrder(order, nil)
			sim := neighbours.TwoHop{UserExponent: -1, SourceExponent: .8, TargetExponent: .15}.Similarity(g)
			for b.Loop() {
				if _, err := neighbours.Build(g, sim, neighbours.Options{K: 200, Workers: 1}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/pair")
		})
	}
}

// bareLoop adds up every pair of every row into one dense accumulator per item, notes which sums it touched and reads
// and clears those: what it takes to have the co-counts at all.
func bareLoop(m *csr.Matrix, g *neighbours.Graph) float32 {
	items := m.Transpose()
	acc := make([]float32, m.Cols)
	var touched []int32
	total := float32(0)
	for i := range m.Cols {
		rows, _ := items.Row(i)
		touched = touched[:0]
		for _, u := range rows {
			w := float32(g.RowWeight(u))
			cols, _ := m.Row(int(u))
			for _, j := range cols {
				if acc[j] == 0 {
					touched = append(touched, j)
				}
				acc[j] += w
			}
		}
		for _, j := range touched {
			total += acc[j]
			acc[j] = 0
		}
	}
	return total
}
