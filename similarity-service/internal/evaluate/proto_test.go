package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

func envf(name string, def float64) float64 {
	if v, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return v
	}
	return def
}

func protoData(t *testing.T) (*dataset.Data, Options) {
	spec := os.Getenv("PROTO")
	if spec == "" {
		t.Skip()
	}
	p := strings.Split(spec, "=")
	d, err := dataset.Load(p[1], dataset.Options{Format: dataset.Format(p[0]), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	k := 20
	if p[0] == "movielens" {
		k = 10
	}
	return d, Options{K: k, Neighbours: 200, Seed: 1, BudgetSeconds: 60, Workers: int(envf("W", 1))}.withDefaults()
}

// ials factors
type als struct {
	d       int
	alpha0  float64
	reg, nu float64
	items   [][]float64
	gram    []float64
	avg     float64
}

func cholSolve(a []float64, d int, b []float64) {
	for i := 0; i < d; i++ {
		ri := a[i*d : i*d+d]
		for j := 0; j <= i; j++ {
			rj := a[j*d : j*d+d]
			s := ri[j]
			for k := 0; k < j; k++ {
				s -= ri[k] * rj[k]
			}
			if i == j {
				ri[i] = math.Sqrt(s)
			} else {
				ri[j] = s / rj[j]
			}
		}
	}
	for i := 0; i < d; i++ {
		s := b[i]
		for k := 0; k < i; k++ {
			s -= a[i*d+k] * b[k]
		}
		b[i] = s / a[i*d+i]
	}
	for i := d - 1; i >= 0; i-- {
		s := b[i]
		for k := i + 1; k < d; k++ {
			s -= a[k*d+i] * b[k]
		}
		b[i] = s / a[i*d+i]
	}
}

func gramOf(v [][]float64, d int) []float64 {
	g := make([]float64, d*d)
	for _, x := range v {
		for i := 0; i < d; i++ {
			for j := 0; j <= i; j++ {
				g[i*d+j] += x[i] * x[j]
			}
		}
	}
	return g
}

func solveRow(ids []int32, other [][]float64, g []float64, d int, alpha0, lam float64, a, out []float64) {
	for i := range a {
		a[i] = alpha0 * g[i]
	}
	for i := range out {
		out[i] = 0
	}
	for _, id := range ids {
		x := other[id]
		for i := 0; i < d; i++ {
			xi := x[i]
			out[i] += xi
			row := a[i*d : i*d+i+1]
			for j, v := range x[:i+1] {
				row[j] += xi * v
			}
		}
	}
	for i := 0; i < d; i++ {
		a[i*d+i] += lam
	}
	cholSolve(a, d, out)
}

func trainALS(m *csr.Matrix, d, iters int, alpha0, reg, nu float64, seed uint64, workers int) *als {
	rng := rand.New(rand.NewPCG(seed, 1))
	mk := func(n int) [][]float64 {
		v := make([][]float64, n)
		for i := range v {
			v[i] = make([]float64, d)
			for k := range v[i] {
				v[i][k] = rng.NormFloat64() * .1 / math.Sqrt(float64(d))
			}
		}
		return v
	}
	users, items := mk(m.Rows), mk(m.Cols)
	tr := m.Transpose()
	side := func(m *csr.Matrix, mine, other [][]float64) {
		g := gramOf(other, d)
		n := float64(len(other))
		neighbours.Blocks(m.Rows, neighbours.Options{Workers: workers}, func() func(int) {
			a := make([]float64, d*d)
			return func(u int) {
				ids, _ := m.Row(u)
				if len(ids) == 0 {
					for i := range mine[u] {
						mine[u][i] = 0
					}
					return
				}
				lam := reg * math.Pow(float64(len(ids))+alpha0*n, nu)
				solveRow(ids, other, g, d, alpha0, lam, a, mine[u])
			}
		})
	}
	for range iters {
		side(m, users, items)
		side(tr, items, users)
	}
	return &als{d: d, alpha0: alpha0, reg: reg, nu: nu, items: items, gram: gramOf(items, d), avg: float64(m.NNZ()) / float64(m.Rows)}
}

func (a *als) foldIn(d *dataset.Data, rows *csr.Matrix, o Options) *metrics.Collector {
	known := catalogue(d)
	col := metrics.NewCollector(len(d.Tests), o.K, known)
	neighbours.Blocks(len(d.Tests), neighbours.Options{Workers: o.Workers}, func() func(int) {
		r := NewRanker(rows.Cols)
		mat, u := make([]float64, a.d*a.d), make([]float64, a.d)
		return func(at int) {
			c := d.Tests[at]
			seeds, ex := c.Seeds, c.Seeds
			if c.Row >= 0 {
				seeds, _ = rows.Row(int(c.Row))
				ex, _ = d.Train.Row(int(c.Row))
			}
			lam := a.reg * math.Pow(float64(len(seeds))+a.alpha0*float64(len(a.items)), a.nu)
			solveRow(seeds, a.items, a.gram, a.d, a.alpha0, lam, mat, u)
			r.mask(ex)
			for j, h := range a.items {
				s := 0.
				for k, v := range h {
					s += v * u[k]
				}
				r.acc[j] = float32(s)
			}
			ranked := r.takeAll(o.K)
			col.Record(at, metrics.Measure(ranked, contains(c.Relevant), len(c.Relevant), o.K, d.CappedRecall), ranked)
		}
	})
	return col
}

// linear lists: w(i->j) = h_j' A^-1 h_i, A = alpha0 G + lam I + n * mean outer (popularity weighted)
func (a *als) lists(m *csr.Matrix, k int, o Options, withMean bool) *neighbours.Lists {
	d := a.d
	base := make([]float64, d*d)
	lam := a.reg * math.Pow(a.avg+a.alpha0*float64(len(a.items)), a.nu)
	pop := m.ColMass()
	tot := 0.
	for _, p := range pop {
		tot += p
	}
	for i := range base {
		base[i] = a.alpha0 * a.gram[i]
	}
	if withMean {
		for id, x := range a.items {
			f := pop[id] / tot * a.avg
			for i := 0; i < d; i++ {
				for j := 0; j <= i; j++ {
					base[i*d+j] += f * x[i] * x[j]
				}
			}
		}
	}
	for i := 0; i < d; i++ {
		base[i*d+i] += lam
	}
	l := neighbours.NewLists(len(a.items), k)
	ids := make([]int32, len(a.items))
	for i := range ids {
		ids[i] = int32(i)
	}
	neighbours.Blocks(len(a.items), neighbours.Options{Workers: o.Workers}, func() func(int) {
		mat, b, w := make([]float64, d*d), make([]float64, d), make([]float32, len(a.items))
		var sel neighbours.Selector
		return func(i int) {
			copy(mat, base)
			copy(b, a.items[i])
			cholSolve(mat, d, b)
			for j, h := range a.items {
				s := 0.
				for k, v := range h {
					s += v * b[k]
				}
				w[j] = float32(s)
			}
			sel.Select(l, int32(i), ids, w)
		}
	})
	return l
}

func say(name string, c *metrics.Collector) {
	var half [2][]metrics.Accuracy
	for at, a := range c.Cases() {
		half[at%2] = append(half[at%2], a)
	}
	name = fmt.Sprintf("%s [%.4f|%.4f]", name, metrics.Mean(half[0]).NDCG, metrics.Mean(half[1]).NDCG)
	s := c.Summary()
	fmt.Printf("%-60s recall %.4f ndcg %.4f hr %.4f mrr %.4f\n", name, s.Recall, s.NDCG, s.HR, s.MRR)
}

func TestProtoALS(t *testing.T) {
	d, o := protoData(t)
	s := newSearch(d, o)
	m := s.matrix("ones")
	dim, iters := int(envf("D", 32)), int(envf("IT", 8))
	for _, alpha := range strings.Fields(os.Getenv("ALPHA")) {
		for _, reg := range strings.Fields(os.Getenv("REG")) {
			a0, _ := strconv.ParseFloat(alpha, 64)
			rg, _ := strconv.ParseFloat(reg, 64)
			began := time.Now()
			a := trainALS(m, dim, iters, a0, rg, envf("NU", 1), 1, o.Workers)
			name := fmt.Sprintf("d=%d a0=%s reg=%s (%.0fs)", dim, alpha, reg, time.Since(began).Seconds())
			say("ials fold-in "+name, a.foldIn(d, m, o))
			if os.Getenv("LISTS") != "" {
				for _, mean := range []bool{false, true} {
					c, err := s.test(&Trained{Lists: a.lists(m, 200, o, mean), Values: "ones", SeedHalfLife: envf("SHL", 0)})
					if err != nil {
						t.Fatal(err)
					}
					say(fmt.Sprintf("  lists mean=%v", mean), c)
				}
			}
		}
	}
}

func TestProtoBase(t *testing.T) {
	d, o := protoData(t)
	s := newSearch(d, o)
	var err error
	if s.held, err = newValidation(d, 1, 8000); err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Fields(os.Getenv("RECIPES")) {
		r := &Recipe{}
		if err := r.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		m, err := s.member(r)
		if err != nil {
			t.Fatal(err)
		}
		model, err := m.build(s)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.test(model)
		if err != nil {
			t.Fatal(err)
		}
		say(r.Algorithm, c)
		if os.Getenv("VAL") != "" {
			cases, err := m.validate(s, s.held.shared())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("   own-out %.4f\n", metrics.Mean(cases).NDCG)
			rows, apart := s.apart(m.(interface{ rows() weighing }).rows())
			own := *s
			own.held = apart
			sub := []metrics.Accuracy{}
			for n, c := range s.held.cases {
				if c.row%heldUsers == 0 && n < len(cases) {
					sub = append(sub, cases[n])
				}
			}
			fmt.Printf("   own-out of the tenth %.4f (%d)\n", metrics.Mean(sub).NDCG, len(sub))
			w := m.(interface{ rows() weighing }).rows()
			g, err := s.graphOf(rows, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, refit := range []bool{false, true} {
				var lists *neighbours.Lists
				switch p := m.(type) {
				case ease:
					p.Refit = refit
					lists, err = easeLists(g, p, s.o.build())
				case twoHop:
					lists, err = neighbours.Build(g, p.similarity(g), s.o.build())
				case ridge:
					h := p.twoHop()
					if lists, err = neighbours.Build(g, h.similarity(g), s.o.build()); err == nil {
						lists, err = s.ridgeLists(g, lists, p)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				ranked, err := s.rankHeld(lists, w, apart)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Printf("   left out whole, refit %v: %.4f (%d)\n", refit, metrics.Mean(ranked).NDCG, len(ranked))
			}
		}
	}
}
