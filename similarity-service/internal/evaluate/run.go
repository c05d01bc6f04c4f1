// Package evaluate chooses a model for a data set and measures it.
//
// Parameters and families compete on a held-out part of the training data; the test part is scored once, for the model
// that won there and for the baselines, popularity and cosine. Users' histories are validated "leave-own-out": co-counts are
// built once from all training data, and for each sampled user a fifth of the history is hidden and the user's own share
// is subtracted from the counts it touched, so that nothing is thinned and nothing leaks. Baskets are validated on the
// last ones of the training part. The entry is [Run].
//
// Read run.go first: Run holds out, searches and scores; options.go says with what, and search.go
// has the state of a run. family.go has the table of families and what each has to know; a family
// is one file or two (twohop.go and twohopsearch.go, ease.go and refit.go, ridge*.go, lowrank.go,
// nextitem.go, popular.go) and shares weighing.go, how rows and seeds weigh. scout.go says where
// the budget goes, recipe.go is how a winner is stored and built again, elsewhere.go how other
// processes do parts. Beneath it package validation draws the cases, leaveownout takes a case's own
// share out of the counts, rank ranks and measures, and pattern is the search itself; above it
// package study runs a competition several times.
package evaluate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// Run chooses among the algorithms on validation data and scores the winner, popularity and cosine on the test part.
// The same data, options and seed give the same leaderboard.
func Run(d *dataset.Data, o Options) (*Leaderboard, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(d.Tests) == 0 && !o.Untested {
		return nil, fmt.Errorf("the test part has no case that can be measured: %s", d.WithoutTests())
	}
	o = o.withDefaults()
	if err := o.Pinned.fit(d, o); err != nil {
		return nil, err
	}
	heldOut, err := validation.New(d, o.Seed, o.MaxCases)
	if err != nil {
		return nil, err
	}
	s := newSearch(d, o)
	s.heldOut = heldOut
	if err := s.compete(); err != nil {
		return nil, err
	}
	return s.leaderboard()
}

// compete runs the search of every family, in the order of the table. A family that is out of
// reach takes no part; an error of one ends the run.
func (s *search) compete() error {
	competing := s.handedOut(s.families())
	for at, f := range competing {
		if s.o.Progress != nil {
			s.o.Progress("search", at, len(competing))
		}
		before := s.o.CPUSeconds()
		s.path = nil
		c, err := f.search(s)
		if err != nil {
			return fmt.Errorf("search %s: %w", f.name, err)
		}
		if c == nil {
			continue // out of reach for this data set and budget
		}
		c.path, c.cpu, c.peak = s.path, s.o.CPUSeconds()-before, s.o.PeakBytes()
		s.found = append(s.found, c)
	}
	return nil
}

// leaderboard orders the candidates and scores the test part for the winner and the baselines.
func (s *search) leaderboard() (*Leaderboard, error) {
	ranked := slices.Clone(s.found)
	slices.SortStableFunc(ranked, func(x, y *candidate) int { return cmp.Compare(y.ndcg(), x.ndcg()) })
	at, err := s.o.chosen(len(ranked), func(n int) string { return ranked[n].name })
	if err != nil {
		return nil, err
	}
	selected := ranked[at]
	board := &Leaderboard{Selected: selected.name, data: s.data}
	if board.Recipe, err = newRecipe(selected.name, selected.at); err != nil {
		return nil, err
	}
	selected.at = s.o.winner(selected.at, board.Recipe)
	board.winner = selected.at
	for _, c := range ranked {
		r := Result{
			Name: c.name, Parameters: c.at.parameters(s), Validation: metrics.Mean(c.cases), ValidationCases: c.cases, Path: c.path,
			CPUSeconds: c.cpu, PeakBytes: c.peak,
		}
		if c == selected || s.o.tests(c.name) {
			model, err := s.measure(c, &r)
			if err != nil {
				return nil, err
			}
			if c == selected {
				board.Model = model
			}
		}
		board.Results = append(board.Results, r)
	}
	if s.o.ScanTest && (selected.name == TwoHop || selected.name == TwoHopLowRank) {
		if board.Optimum, err = s.testOptimum(selected.at); err != nil {
			return nil, fmt.Errorf("scan the test part: %w", err)
		}
	}
	return board, nil
}

// measure builds the model of a candidate and notes in r what it reaches on the test part.
func (s *search) measure(c *candidate, r *Result) (*rank.Model, error) {
	before := s.o.CPUSeconds()
	model, err := c.at.build(s)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", c.name, err)
	}
	tested, err := s.test(model)
	if err != nil {
		return nil, fmt.Errorf("test %s: %w", c.name, err)
	}
	r.Tested, r.Test, r.TestCases, r.TestLists = true, tested.Summary(), tested.Cases(), tested.Lists()
	r.CPUSeconds += s.o.CPUSeconds() - before
	r.PeakBytes = s.o.PeakBytes()
	return model, nil
}

// test measures a model on the test part.
func (s *search) test(m *rank.Model) (*metrics.Collector, error) {
	o := s.o.ranking()
	o.Progress = s.o.progress("test")
	return rank.Measure(s.data, m, s.matrix(m.Values), o)
}
