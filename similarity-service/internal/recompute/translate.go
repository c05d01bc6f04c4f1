package recompute

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// eachBlock reads a stream to its end; a stream that was cut gives its error.
func eachBlock(stream *profileapi.InteractionReader, f func(*profileapi.InteractionBlock)) error {
	for {
		block, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f(block)
	}
}

// translate reads a stored model in the item numbers of p: those of a snapshot are its own.
// Items that p lacks are left out, and items that the model lacks have no list.
func translate(s *snapshot.Snapshot, p *prepare.Prepared, relation string) (*rank.Model, error) {
	items := p.Full.Items
	if relation != similarityapi.ViewedNext || s.Meta.Entries > 0 {
		lists, err := translated(s, items.Index, items.Len())
		if err != nil {
			return nil, err
		}
		t := &rank.Model{Lists: lists, SeedHalfLife: s.Meta.SeedHalfLife}
		recipe, err := recipeOf(s)
		if recipe != nil {
			t.Values = recipe.Values
		}
		return t, err
	}
	data, err := s.Sessions()
	if err != nil {
		return nil, err
	}
	m, err := sessions.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read the session model: %w", err)
	}
	number := make([]int32, s.Len())
	for i, id := range s.IDs() {
		number[i] = -1
		if at, ok := items.Index(id); ok {
			number[i] = at
		}
	}
	renumbered, err := m.Renumber(number, items.Len())
	return &rank.Model{Sessions: renumbered}, err
}

// figures are the winner's metrics with their intervals: those of the test part, or, under names of their own, of the validation where
// nothing was held out to be tested on. The bootstrap has 1,000 rounds, 95 % intervals and a
// fixed seed, so that the same cases give the same interval.
func figures(r *evaluate.Result) map[string]similarityapi.Metric {
	cases, mean, prefix := r.TestCases, r.Test.Accuracy, ""
	if len(cases) == 0 {
		cases, mean, prefix = r.ValidationCases, r.Validation, "validation_"
	}
	var columns [6][]float64
	for _, a := range cases {
		for c, v := range a.Values() {
			columns[c] = append(columns[c], v)
		}
	}
	intervals := metrics.BootstrapColumns(columns[:], 1000, .95, rand.New(rand.NewPCG(1, 0xb007)))
	out := map[string]similarityapi.Metric{}
	for c, v := range mean.Values() {
		name := fmt.Sprintf("%s%s@%d", prefix, metrics.AccuracyNames()[c], measuredAt)
		out[name] = similarityapi.Metric{Value: v, Low: intervals[c].Low, High: intervals[c].High}
	}
	if len(r.TestCases) == 0 {
		return out
	}
	for name, v := range r.Test.Beyond() {
		out[name] = similarityapi.Metric{Value: v}
	}
	return out
}

// translated reads the lists of a snapshot in the item numbers of another data set with n items; items that it lacks go.
// Rows keep their order.
func translated(s *snapshot.Snapshot, index func(id string) (int32, bool), n int) (*neighbours.Lists, error) {
	number := make([]int32, s.Len())
	for i, id := range s.IDs() {
		number[i] = -1
		if at, ok := index(id); ok {
			number[i] = at
		}
	}
	lists := neighbours.NewLists(n, max(s.Meta.K, 1))
	for i := range int32(s.Len()) {
		to := number[i]
		if to < 0 {
			continue
		}
		row, err := s.Row(i)
		if err != nil {
			return nil, err
		}
		entries, err := snapshot.DecodeRow(row, s.Len())
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if j := number[e.Item]; j >= 0 {
				at := int(to)*lists.K + int(lists.Len[to])
				lists.Items[at], lists.Weight[at] = j, e.Weight
				lists.Len[to]++
			}
		}
	}
	return lists, nil
}
