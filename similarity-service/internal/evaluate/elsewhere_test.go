package evaluate_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// away does parts of a run as another process does: everything that goes there and comes back is encoded.
type away struct {
	t       *testing.T
	data    *dataset.Data
	options evaluate.Options
	ranges  int // of items, whose lists are built one after the other
	chains  int // that were asked for
	ahead   int // points of sessions that were prepared and asked for
}

// sent is a copy of v that went over the wire.
func sent[T any](t *testing.T, v T) (copied T) {
	t.Helper()
	var wire bytes.Buffer
	if err := gob.NewEncoder(&wire).Encode(v); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&wire).Decode(&copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

func copied(t *testing.T, d *dataset.Data) *dataset.Data {
	t.Helper()
	var wire bytes.Buffer
	if err := dataset.Write(&wire, d); err != nil {
		t.Fatal(err)
	}
	out, err := dataset.Read(&wire)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (a *away) Search(chains []evaluate.Chain) ([][]evaluate.Found, error) {
	answers := make([][]evaluate.Found, len(chains))
	for n, c := range chains {
		a.chains++
		found, err := evaluate.SearchChain(copied(a.t, a.data), sent(a.t, c), a.options)
		if err != nil {
			return nil, err
		}
		answers[n] = sent(a.t, found)
	}
	return answers, nil
}

// ahead measures points as soon as they are prepared, and forgets those that are not asked for.
type ahead struct {
	*sessions.Trials
	t        *testing.T
	prepared map[sessions.Params]sessions.Trial
	asked    *int
}

func (a *away) Ahead() sessions.Ahead {
	trials, err := evaluate.SessionTrials(copied(a.t, a.data), a.options)
	if err != nil {
		a.t.Fatal(err)
	}
	return &ahead{trials, a.t, nil, &a.ahead}
}

func (a *ahead) Width() int { return 3 }

func (a *ahead) Prepare(points []sessions.Params, against sessions.Trial) (int, error) {
	a.prepared = map[sessions.Params]sessions.Trial{}
	for _, p := range points {
		a.prepared[p] = a.Trial(p, against)
	}
	return len(points), nil
}

func (a *ahead) Result(p sessions.Params) (sessions.Trial, bool, error) {
	*a.asked++
	trial, ok := a.prepared[p]
	if !ok {
		a.t.Error("a point is asked for that was not prepared")
	}
	return trial, *a.asked%5 > 0, nil // one in five was not measured
}

func (a *away) Build(d *dataset.Data, r *evaluate.Recipe) (*rank.Model, error) {
	n := d.Items.Len()
	whole := neighbours.NewLists(n, a.options.Neighbours)
	ranges := a.ranges
	if !r.Divisible(d.Relation) {
		ranges = 1
	}
	for at := range ranges {
		from, to := n*at/ranges, n*(at+1)/ranges
		lists, err := evaluate.BuildLists(copied(a.t, d), r, from, to, a.options)
		if err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			items, weights := lists.Of(int32(i))
			whole.Len[i] = lists.Len[i]
			copy(whole.Items[i*whole.K:], items)
			copy(whole.Weight[i*whole.K:], weights)
		}
	}
	return r.Model(whole)
}

// TestARunElsewhereIsTheSame compares runs whose searches and builds are done elsewhere with one that does all itself.
func TestARunElsewhereIsTheSame(t *testing.T) {
	t.Parallel()
	aged := modeltest.Grouped(t, 450, dataset.BoughtTogether)
	for u := range aged.Train.Rows {
		aged.RowTimes = append(aged.RowTimes, int64(u)*86400/4)
	}
	aged.Until = 113 * 86400
	lists := cmp.Options{cmpopts.IgnoreUnexported(evaluate.Leaderboard{}), cmpopts.IgnoreFields(rank.Model{}, "Sessions")}
	ordered := valued(modeltest.Grouped(t, 450, dataset.Similar))
	ordered.Ordered = true
	for name, c := range map[string]struct {
		data   *dataset.Data
		change func(*evaluate.Options)
		chains int
	}{
		"users":                   {modeltest.Grouped(t, 450, dataset.Similar), func(*evaluate.Options) {}, 2},
		"values, oldest first":    {ordered, func(*evaluate.Options) {}, 2},
		"baskets that age":        {aged, func(*evaluate.Options) {}, 2},
		"sessions":                {modeltest.Grouped(t, 300, dataset.ViewedNext), func(*evaluate.Options) {}, 0},
		"two families":            {ordered, func(o *evaluate.Options) { o.Algorithms = []string{evaluate.TwoHop, evaluate.EASE} }, 2},
		"one family":              {ordered, func(o *evaluate.Options) { o.Algorithms = []string{evaluate.EASE} }, 0},
		"one that must be chosen": {ordered, func(o *evaluate.Options) { o.Select = evaluate.EASE }, 2},
		"two hops chosen":         {ordered, func(o *evaluate.Options) { o.Select = evaluate.TwoHop }, 2},
		"given parameters": {ordered, func(o *evaluate.Options) {
			o.Pinned = evaluate.Pinned{evaluate.TwoHop: {evaluate.TargetExponent: .2}}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options()
			c.change(&o)
			want, err := evaluate.Run(c.data, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, ranges := range []int{1, 3, 7} {
				apart := o
				other := &away{t: t, data: c.data, options: o, ranges: ranges}
				apart.Elsewhere = other
				got, err := evaluate.Run(c.data, apart)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, lists); diff != "" {
					t.Errorf("%d ranges: %s", ranges, diff)
				}
				if fmt.Sprint(want.Recipe) != fmt.Sprint(got.Recipe) || other.chains != c.chains {
					t.Errorf("recipes %s and %s, %d chains", want.Recipe.Member, got.Recipe.Member, other.chains)
				}
				if points := len(got.Winner().Path); c.data.Relation == dataset.ViewedNext && other.ahead < points/2 {
					t.Errorf("of %d points %d were prepared", points, other.ahead)
				}
				final, err := want.Train(copied(t, c.data), o)
				if err != nil {
					t.Fatal(err)
				}
				finalApart, err := got.Train(copied(t, c.data), apart)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(final, finalApart, lists); diff != "" {
					t.Errorf("the final model in %d ranges: %s", ranges, diff)
				}
			}
		})
	}
}
