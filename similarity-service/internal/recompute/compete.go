package recompute

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
	"github.com/aisle-rec/aisle/similarity-service/internal/gate"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

// competition is the outcome of the search: who won, and the winner built twice.
type competition struct {
	board     *evaluate.Leaderboard
	trainOnly *rank.Model // without the held-out part: what was measured
	final     *rank.Model // with everything: what would serve
	cases     []metrics.Accuracy
	parts     int // that other processes could take
	// report is made before what it is made of is given up.
	report similarityapi.Report
}

// options are those of the competition: what the job asks for, and the bounds above. A budget
// buys validation cases as well as points, so that a short search is a coarse one and not a
// narrow one.
func (r *Recomputer) options(ctx context.Context, s stage) evaluate.Options {
	budget := s.task.Request.BudgetSeconds
	if budget == 0 {
		budget = r.Budget
	}
	algorithms, pinned := competing(s)
	return evaluate.Options{
		Algorithms: algorithms, Pinned: pinned, Select: selected(algorithms),
		K: measuredAt, Neighbours: neighboursKept, Seed: s.task.Request.Seed, BudgetSeconds: budget,
		MaxCases: min(max(int(budget*casesPerSecond), minCases), maxCases),
		Stop:     func() bool { return ctx.Err() != nil },
		Progress: func(what string, done, total int) {
			s.report(what, .1+.7*float64(done)/float64(max(total, 1)))
		},
	}
}

// competing are the algorithms and parameters that a request names, as far as they suit the relation: one request covers relations that
// have no algorithm in common. Where it names none that suits, all compete. A name that is no longer known, of a schedule or a job that an
// older version took, stays, so that the run says what to name instead of choosing on its own.
func competing(s stage) ([]string, evaluate.Pinned) {
	request := s.task.Request
	var algorithms []string
	for _, name := range request.Algorithms {
		suits := evaluate.Suits(name, s.relation) && (!evaluate.IsBaseline(name) || len(request.Algorithms) == 1 && name == evaluate.Cosine)
		if suits || evaluate.Known(name) != nil {
			algorithms = append(algorithms, name)
		}
	}
	pinned := evaluate.Pinned{}
	for name, given := range request.Parameters {
		if evaluate.Suits(name, s.relation) && (algorithms == nil || evaluate.Uses(algorithms, name)) {
			pinned[name] = given
		}
	}
	return algorithms, pinned
}

// selected is the algorithm that a shop pinned by naming it alone.
func selected(algorithms []string) string {
	if len(algorithms) == 1 {
		return algorithms[0]
	}
	return ""
}

// compete searches on the part before the cut, builds the winner of it (the train-only model),
// and then the winner of everything (the final model). With a base b the recipe is that of the
// live model and nothing is searched. Where too little is held out to measure on, everything is
// learnt from and the validation of the search decides. The order saves memory: the report is
// made, and the training rows that no test needs are given up, before all the rows are made for
// the final model.
func (r *Recomputer) compete(ctx context.Context, s stage, p *prepare.Prepared, b *base, touched []int32) (*competition, error) {
	o := r.options(ctx, s)
	p.Split.Tests = thin(p.Split.Tests)
	if len(p.Split.Tests) < gate.MinCases {
		if err := p.Complete(); err != nil {
			return nil, err
		}
		p.Split, o.Untested = untested(p.Full), true
	}
	if b != nil {
		o.Recipe = b.recipe
	}
	c := &competition{}
	if e := r.spread(ctx, s, p, b, o); e != nil {
		o.Elsewhere = e
		defer func() {
			c.parts = e.parts
			e.end()
		}()
	}
	board, err := evaluate.Run(p.Split, o)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	c.board, c.cases = board, board.Winner().TestCases
	if len(p.Split.Tests) == 0 {
		r.Logger.Info(
			"too little is held out to measure on, the validation of the search decides", "shop", s.task.Shop, "relation", s.relation,
		)
	}
	s.report("building", .8)
	if c.trainOnly, err = board.Train(p.Split, o); err != nil {
		return nil, err
	}
	c.report = report.Of(study.OfRun(board, p.Split), p.Split, o)
	if p.Large() {
		onlyTested(p.Split)
	}
	if err := p.Complete(); err != nil {
		return nil, err
	}
	c.final, err = r.final(p, c, b, touched, o)
	return c, err
}

// untested is a data set to learn from without tests; it shares everything else with full.
func untested(full *dataset.Data) *dataset.Data {
	d := *full
	d.Tests = nil
	return &d
}

// onlyTested gives up the training rows that no test is about: what is left is measured on, and taught no more. What is popular is then
// counted over those rows, which matters to visitors without a seed only.
func onlyTested(d *dataset.Data) {
	var rows []int32
	for _, c := range d.Tests {
		if c.Row >= 0 {
			rows = append(rows, c.Row)
		}
	}
	if d.Train != nil && len(rows) > 0 {
		d.Train = d.Train.Only(rows)
	}
}

// thin keeps evenly spaced cases when there are more than maxTests, in their order. It writes
// into cases.
func thin[T any](cases []T) []T {
	step := (len(cases) + maxTests - 1) / maxTests
	if step <= 1 {
		return cases
	}
	kept := cases[:0]
	for p := 0; p < len(cases); p += step {
		kept = append(kept, cases[p])
	}
	return kept
}
