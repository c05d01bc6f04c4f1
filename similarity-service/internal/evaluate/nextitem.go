package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// NextItem is the algorithm that competes on sessions beside popularity and cosine.
const NextItem = "next_item"

const (
	// heldSessions is the share of newest training sessions that validate.
	heldSessions = .1
	// searchSeconds is the nominal cost of one evaluation of the session search per million clicks.
	searchSeconds = 4.
)

// nextRanker ranks the next items after a prefix; a fresh one is made for every goroutine.
type nextRanker func() func(prefix []int32, k int) []int32

// nextAlgorithm builds a ranker from training sessions. The search, where there is one, saw the training sessions only.
type nextAlgorithm struct {
	name       string
	parameters map[string]any
	build      func(train [][]int32) (nextRanker, error)
	train      func(d *dataset.Data, o Options) (*Trained, error) // nil for what cannot be served
	recipe     *Recipe                                            // nil for what cannot be served
	cpu        float64
	peak       int64
	cases      []metrics.Accuracy
}

// nextSearch is the state of a run on sessions.
type nextSearch struct {
	data *dataset.Data
	o    Options
}

// runSessions is Run for data sets of sessions: all algorithms are validated on the newest tenth of the training
// sessions, where the items of the prefix may be the answer.
func runSessions(d *dataset.Data, o Options) (*Leaderboard, error) {
	if len(d.Sessions) < 2 {
		return nil, fmt.Errorf("%w: there are fewer than two training sessions", ErrNothingToValidate)
	}
	s := &nextSearch{d, o}
	cut := len(d.Sessions) - max(int(float64(len(d.Sessions))*heldSessions), 1)
	held := heldPrefixes(d.Sessions[cut:], rand.New(rand.NewPCG(o.Seed, 0x7a11d)))
	if len(held) == 0 {
		return nil, fmt.Errorf("%w: the newest training sessions have no two clicks", ErrNothingToValidate)
	}
	all, err := s.algorithms()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		before := o.CPUSeconds()
		rank, err := a.build(d.Sessions[:cut])
		if err != nil {
			return nil, fmt.Errorf("build %s: %w", a.name, err)
		}
		collector, err := s.measure(rank, held, "validate "+a.name)
		if err != nil {
			return nil, err
		}
		a.cases = collector.Cases()
		a.cpu += o.CPUSeconds() - before
		a.peak = o.PeakBytes()
	}
	return s.leaderboard(all)
}

// algorithms lists the competitors, with the parameters of the session model searched.
func (s *nextSearch) algorithms() ([]*nextAlgorithm, error) {
	all := []*nextAlgorithm{
		{name: Popular, parameters: map[string]any{}, build: s.popular},
		{name: Cosine, parameters: map[string]any{}, build: s.cosine, train: trainCosine, recipe: &Recipe{Algorithm: Cosine}},
	}
	if r := s.o.Recipe; r != nil {
		switch r.Algorithm {
		case Cosine:
			return all, nil
		case NextItem:
			return append(all, s.nextItem(*r.Session, map[string]any{"session": *r.Session})), nil
		}
		return nil, fmt.Errorf("%s is not for sessions", r.Algorithm)
	}
	if s.o.Algorithms != nil && !slices.Contains(s.o.Algorithms, NextItem) {
		return all, nil
	}
	before := s.o.CPUSeconds()
	millions := float64(s.data.Interactions()) / 1e6
	p, report, err := sessions.Search(sessions.SearchOptions{
		Train: s.data.Sessions, Items: s.data.Items.Len(), Seed: s.o.Seed, Workers: s.o.Workers, Pinned: s.o.Pinned[NextItem],
		Evaluations: int(min(max(s.o.BudgetSeconds/(searchSeconds*millions+.2), 40), 400)),
		Progress:    s.o.progress("search " + NextItem), Cancelled: s.o.Stop,
	})
	if errors.Is(err, sessions.ErrCancelled) {
		return nil, neighbours.ErrStopped
	}
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", NextItem, err)
	}
	a := s.nextItem(p, map[string]any{"session": p, "search": report})
	a.cpu = s.o.CPUSeconds() - before
	return append(all, a), nil
}

// nextItem is the session model with parameters p.
func (s *nextSearch) nextItem(p sessions.Params, parameters map[string]any) *nextAlgorithm {
	a := &nextAlgorithm{name: NextItem, parameters: parameters, recipe: &Recipe{Algorithm: NextItem, Session: &p}}
	a.build = func(train [][]int32) (nextRanker, error) {
		m, err := sessions.Build(train, s.data.Items.Len(), p)
		return sessionRanker(m), err
	}
	a.train = func(d *dataset.Data, _ Options) (*Trained, error) {
		m, err := sessions.Build(d.Sessions, d.Items.Len(), p)
		return &Trained{Sessions: m}, err
	}
	return a
}

// popular ranks by the number of sessions with the item.
func (s *nextSearch) popular(train [][]int32) (nextRanker, error) {
	m, err := csr.FromRows(train, s.data.Items.Len())
	if err != nil {
		return nil, err
	}
	model := &Model{Prior: make([]float32, m.Cols)}
	for j, v := range m.ColMass() {
		model.Prior[j] = float32(v)
	}
	return s.plain(model), nil
}

// cosine ranks by the summed cosine of the items' sessions.
func (s *nextSearch) cosine(train [][]int32) (nextRanker, error) {
	t, err := trainCosine(&dataset.Data{Items: s.data.Items, Sessions: train}, s.o)
	if err != nil {
		return nil, err
	}
	return s.plain(&Model{Lists: t.Lists}), nil
}

func trainCosine(d *dataset.Data, o Options) (*Trained, error) {
	m, err := csr.FromRows(d.Sessions, d.Items.Len())
	if err != nil {
		return nil, err
	}
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		return nil, err
	}
	lists, err := neighbours.Build(g, neighbours.Cosine().Similarity(g), neighbours.Options{K: o.Neighbours, Workers: o.Workers, Stop: o.Stop})
	return &Trained{Lists: lists}, err
}

func (s *nextSearch) plain(m *Model) nextRanker {
	return func() func([]int32, int) []int32 {
		r := NewRanker(s.data.Items.Len())
		return func(prefix []int32, k int) []int32 { return r.Rank(m, prefix, nil, nil, k) }
	}
}

// heldPrefixes lists every prefix of the sessions with its next click, at most maxCases of them.
func heldPrefixes(held [][]int32, rng *rand.Rand) []dataset.Case {
	cases := dataset.NextClicks(held)
	if len(cases) > maxCases {
		rng.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		cases = cases[:maxCases]
	}
	return cases
}

// measure ranks every case.
func (s *nextSearch) measure(rank nextRanker, cases []dataset.Case, stage string) (*metrics.Collector, error) {
	collector := metrics.NewCollector(len(cases), s.o.K, catalogue(s.data))
	blocks := neighbours.Options{Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress(stage)}
	return collector, neighbours.Blocks(len(cases), blocks, func() func(int) {
		next := rank()
		return func(at int) {
			c := cases[at]
			ranked := next(c.Seeds, s.o.K)
			collector.Record(at, metrics.Measure(ranked, contains(c.Relevant), len(c.Relevant), s.o.K, true), ranked)
		}
	})
}

// leaderboard scores the test part for the winner and the baselines, all built on every training session.
func (s *nextSearch) leaderboard(all []*nextAlgorithm) (*Leaderboard, error) {
	slices.SortStableFunc(all, func(x, y *nextAlgorithm) int {
		return cmp.Compare(metrics.Mean(y.cases).NDCG, metrics.Mean(x.cases).NDCG)
	})
	at, err := s.o.chosen(len(all), func(n int) string { return all[n].name })
	if err != nil {
		return nil, err
	}
	selected := all[at]
	board := &Leaderboard{Selected: selected.name, Recipe: selected.recipe}
	for _, a := range all {
		r := Result{Name: a.name, Parameters: a.parameters, Validation: metrics.Mean(a.cases), ValidationCases: a.cases, CPUSeconds: a.cpu, PeakBytes: a.peak}
		if a == selected || s.o.tests(a.name) {
			before := s.o.CPUSeconds()
			rank, err := a.build(s.data.Sessions)
			if err != nil {
				return nil, fmt.Errorf("build %s: %w", a.name, err)
			}
			collector, err := s.measure(rank, s.data.Tests, "test "+a.name)
			if err != nil {
				return nil, err
			}
			if a == selected {
				board.train = a.train
			}
			r.Tested, r.Test, r.TestCases, r.TestLists = true, collector.Summary(), collector.Cases(), collector.Lists()
			r.CPUSeconds += s.o.CPUSeconds() - before
			r.PeakBytes = s.o.PeakBytes()
		}
		board.Results = append(board.Results, r)
	}
	return board, nil
}
