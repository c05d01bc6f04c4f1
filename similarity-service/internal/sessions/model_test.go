package sessions

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// walks makes sessions in which item i is mostly followed by i+1 within its group of ten, and sometimes by an earlier
// item of the session or any other.
func walks(seed uint64, sessions, items int) [][]int32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([][]int32, sessions)
	for s := range out {
		at := int32(r.IntN(items))
		session := []int32{at}
		for range 1 + r.IntN(7) {
			switch r.IntN(10) {
			case 0:
				at = int32(r.IntN(items))
			case 1:
				at = session[r.IntN(len(session))]
			default:
				at = at/10*10 + (at+1)%10
			}
			session = append(session, at)
		}
		out[s] = session
	}
	return out
}

func mustBuild(tb testing.TB, train [][]int32, items int, p Params) *Model {
	tb.Helper()
	m, err := Build(train, items, p)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// variants are parameters that switch each part of the model on and off.
func variants() map[string]Params {
	all := map[string]Params{"default": DefaultParams()}
	with := func(name string, change func(*Params)) {
		p := DefaultParams()
		change(&p)
		all[name] = p
	}
	with("neighbours only", func(p *Params) { p.OrderShare = 0 })
	with("order only", func(p *Params) { p.OrderShare = 1 })
	with("order in one step", func(p *Params) { p.OrderShare, p.OrderSecond = 1, 0 })
	with("tight caps", func(p *Params) { p.Postings, p.Neighbours, p.OrderKeep, p.MaxPrefix = 7, 5, 6, 3 })
	with("no return", func(p *Params) {
		p.RepeatFactor, p.LastFactor, p.RepeatWeight, p.LastWeight, p.EchoWeight = 0, 0, 0, 0, 0
	})
	with("strong factors", func(p *Params) { p.TrendPower, p.IDFPower, p.SimilarityPower, p.LengthPower = .4, .3, 3, 1 })
	return all
}

func TestRecommendLearnsTheOrder(t *testing.T) {
	t.Parallel()
	var train [][]int32
	for range 20 {
		train = append(train, []int32{0, 1, 2}, []int32{3, 1, 4})
	}
	m := mustBuild(t, train, 5, DefaultParams())

	t.Run("the click before decides between two successors", func(t *testing.T) {
		t.Parallel()
		if got := m.Recommend([]int32{0, 1}, 1)[0].Item; got != 2 {
			t.Errorf("after 0, 1 the answer is %d, want 2", got)
		}
		if got := m.Recommend([]int32{3, 1}, 1)[0].Item; got != 4 {
			t.Errorf("after 3, 1 the answer is %d, want 4", got)
		}
	})
	t.Run("successors come before predecessors", func(t *testing.T) {
		t.Parallel()
		p := DefaultParams()
		p.EchoWeight, p.LastWeight, p.RepeatWeight = 0, 0, 0
		chain := mustBuild(t, slices.Repeat([][]int32{{0, 1, 2}}, 10), 3, p)
		got := chain.Recommend([]int32{1}, 3)
		if got[0].Item != 2 {
			t.Errorf("after 1 comes %v, want 2 first", got)
		}
	})
}

func TestNewerSessionsCountMore(t *testing.T) {
	t.Parallel()
	train := slices.Concat(slices.Repeat([][]int32{{0, 1}}, 10), slices.Repeat([][]int32{{0, 2}}, 10))
	p := DefaultParams()
	p.Recency, p.OrderRecency = 4, 4
	if got := mustBuild(t, train, 3, p).Recommend([]int32{0}, 1)[0].Item; got != 2 {
		t.Errorf("got %d, want the newer successor 2", got)
	}
}

func TestTimesReplaceRanksAsAge(t *testing.T) {
	t.Parallel()
	train := [][]int32{{0, 1}, {0, 2}, {0, 1}}
	m, err := buildAt(train, []int64{0, 90, 100}, 3, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{1, .1, 0}, m.ix.age); diff != "" {
		t.Error(diff)
	}
}

func TestSmallAndOddInput(t *testing.T) {
	t.Parallel()
	empty := mustBuild(t, nil, 0, DefaultParams())
	if got := empty.Recommend([]int32{0, 1}, 5); len(got) != 0 {
		t.Errorf("empty model answers %v", got)
	}
	one := mustBuild(t, [][]int32{{2, 0, 1}}, 4, DefaultParams())
	for name, prefix := range map[string][]int32{
		"empty prefix": nil, "unknown items": {3, -7, 99}, "item without session": {3},
	} {
		t.Run(name+" falls back to popular items", func(t *testing.T) {
			t.Parallel()
			got := one.Recommend(prefix, 10)
			if len(got) != 3 || got[0].Item != 0 || got[2].Item != 2 {
				t.Errorf("got %v, want 0, 1, 2 by lower item", got)
			}
			if why := one.Explain(prefix, 0); len(why) != 1 || why[0].Seed != noSeed || why[0].Weight != got[0].Score {
				t.Errorf("explained by %v", why)
			}
		})
	}
	t.Run("unknown items change nothing", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(one.Recommend([]int32{2, 0}, 5), one.Recommend([]int32{99, 2, -1, 0, 3}, 5)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("no item is listed twice", func(t *testing.T) {
		t.Parallel()
		seen := map[int32]bool{}
		for _, s := range one.Recommend([]int32{2, 2, 2, 0, 2}, 10) {
			if seen[s.Item] {
				t.Errorf("item %d twice", s.Item)
			}
			seen[s.Item] = true
		}
	})
	t.Run("k of 0 answers nothing", func(t *testing.T) {
		t.Parallel()
		if got := one.Recommend([]int32{2}, 0); got != nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("item out of range is not explained", func(t *testing.T) {
		t.Parallel()
		if got := one.Explain([]int32{2}, 4); got != nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a long session keeps its latest clicks", func(t *testing.T) {
		t.Parallel()
		p := DefaultParams()
		p.MaxSession = 2
		m := mustBuild(t, [][]int32{{0, 1, 2, 3}}, 4, p)
		if m.ix.support(1) != 0 || m.ix.support(3) != 1 {
			t.Error("kept other clicks than the two latest")
		}
	})
}

func TestBuildRefusesBadInput(t *testing.T) {
	t.Parallel()
	bad := DefaultParams()
	bad.Recency, bad.MaxPrefix = math.NaN(), 65
	for name, build := range map[string]func() (*Model, error){
		"item out of range":   func() (*Model, error) { return Build([][]int32{{5}}, 5, DefaultParams()) },
		"negative item":       func() (*Model, error) { return Build([][]int32{{-1}}, 5, DefaultParams()) },
		"negative item space": func() (*Model, error) { return Build(nil, -1, DefaultParams()) },
		"parameters":          func() (*Model, error) { return Build(nil, 5, bad) },
		"too few times":       func() (*Model, error) { return buildAt([][]int32{{0}}, []int64{}, 5, DefaultParams()) },
		"times backwards":     func() (*Model, error) { return buildAt([][]int32{{0}, {1}}, []int64{2, 1}, 5, DefaultParams()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := build(); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestExplainSumsToTheScoreBitForBit(t *testing.T) {
	t.Parallel()
	train := walks(3, 800, 120)
	for name, p := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mustBuild(t, train, 120, p)
			for _, prefix := range walks(4, 60, 120) {
				for _, it := range m.Recommend(prefix, 20) {
					var sum float64
					for _, c := range m.Explain(prefix, it.Item) {
						sum += c.Weight
					}
					if sum != it.Score {
						t.Fatalf("prefix %v item %d: contributions sum to %v, score is %v", prefix, it.Item, sum, it.Score)
					}
				}
				var want []Explained
				for _, it := range m.Recommend(prefix, 120) { // more than a session can speak for: the rest is popular
					if why := m.Explain(prefix, it.Item); why[0].Seed != noSeed {
						want = append(want, Explained{it, why})
					}
				}
				if diff := cmp.Diff(want, m.RecommendExplained(prefix, 120), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("prefix %v explained at once: %s", prefix, diff)
				}
			}
		})
	}
}

func TestSameAnswersAtAnyNumberOfProcessors(t *testing.T) {
	train := walks(5, 3000, 700)
	answer := func(processors int) [][]Scored {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		m := mustBuild(t, train, 700, DefaultParams())
		var out [][]Scored
		for _, prefix := range walks(6, 50, 700) {
			out = append(out, m.Recommend(prefix, 20))
		}
		return out
	}
	if diff := cmp.Diff(answer(1), answer(4)); diff != "" {
		t.Error(diff)
	}
}

func TestRecommendIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	m := mustBuild(t, walks(7, 500, 100), 100, DefaultParams())
	var cases []Case
	for _, s := range walks(8, 400, 100) {
		cases = append(cases, Case{s[:len(s)-1], s[len(s)-1]})
	}
	if one, many := m.Measure(cases, 1), m.Measure(cases, 8); one != many {
		t.Errorf("one goroutine measures %v, eight %v", one, many)
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	t.Parallel()
	train := walks(9, 300, 80)
	times := make([]int64, len(train))
	for n := range times {
		times[n] = 1_700_000_000 + int64(n*n)
	}
	for name, times := range map[string][]int64{"with times": times, "without times": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := buildAt(train, times, 80, DefaultParams())
			if err != nil {
				t.Fatal(err)
			}
			var file, again bytes.Buffer
			if _, err := m.WriteTo(&file); err != nil {
				t.Fatal(err)
			}
			written := bytes.Clone(file.Bytes())
			back, err := Read(&file)
			if err != nil {
				t.Fatal(err)
			}
			for _, prefix := range walks(10, 30, 80) {
				if diff := cmp.Diff(m.Recommend(prefix, 20), back.Recommend(prefix, 20)); diff != "" {
					t.Fatal(diff)
				}
			}
			if _, err := back.WriteTo(&again); err != nil || !bytes.Equal(written, again.Bytes()) {
				t.Errorf("writing again differs (%v)", err)
			}
		})
	}
}

func TestReadRefusesEveryDamage(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if _, err := mustBuild(t, walks(11, 20, 20), 20, DefaultParams()).WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	for n := range file.Len() {
		if _, err := Read(bytes.NewReader(file.Bytes()[:n])); err == nil {
			t.Fatalf("accepted the first %d bytes", n)
		}
		flipped := bytes.Clone(file.Bytes())
		flipped[n] ^= 0x10
		if _, err := Read(bytes.NewReader(flipped)); err == nil {
			t.Fatalf("accepted with byte %d changed", n)
		}
	}
}
