package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSearchImprovesOnItsStart(t *testing.T) {
	t.Parallel()
	start := DefaultParams()
	start.EchoWeight, start.LastWeight = .8, 1.6 // a bad start for walks, which never stay
	_, report, err := Search(SearchOptions{Train: walks(20, 1500, 200), Items: 200, Start: &start, Evaluations: 60, Cases: 400})
	if err != nil {
		t.Fatal(err)
	}
	if report.Best.relative(report.Start) < 1.05 {
		t.Errorf("best %v is not 5 %% above the start %v", report.Best, report.Start)
	}
	if report.Evaluations != 60 || report.TrainSessions != 1350 || report.Cases != 400 {
		t.Errorf("report %+v", report)
	}
}

func TestSearchIsDeterministic(t *testing.T) {
	t.Parallel()
	find := func(workers int) Params {
		p, _, err := Search(SearchOptions{Train: walks(21, 600, 90), Items: 90, Seed: 7, Evaluations: 30, Cases: 150, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if diff := cmp.Diff(find(1), find(5)); diff != "" {
		t.Error(diff)
	}
}

// TestAMeasureInStagesIsThatOfAllCases measures a point at once and stage by stage, against one that is as good and one that is better.
func TestAMeasureInStagesIsThatOfAllCases(t *testing.T) {
	t.Parallel()
	trials, err := NewTrials(SearchOptions{Train: walks(22, 6000, 300), Items: 300})
	if err != nil {
		t.Fatal(err)
	}
	all := len(trials.cases)
	if diff := cmp.Diff([]int{all / 4, all}, trials.stages); diff != "" || all < 1600 || all >= 6400 {
		t.Fatalf("of %d cases: %s", all, diff)
	}
	p := DefaultParams()
	whole := trials.Trial(p, nil)
	once := newModel(trials.ix, trials.orderFor(p), p).Measure(trials.cases, 1)
	if diff := math.Abs(whole[1].MRR-once.MRR) + math.Abs(whole[1].HR-once.HR); len(whole) != 2 || diff > 1e-9 {
		t.Errorf("in stages %v, at once %v", whole, once)
	}
	if again := trials.Trial(p, whole); !slices.Equal(again, whole) {
		t.Errorf("against itself %v, want %v", again, whole)
	}
	better := Trial{{HR: 1.1 * whole[0].HR, MRR: 1.1 * whole[0].MRR}, {HR: 1, MRR: 1}}
	if cut := trials.Trial(p, better); len(cut) != 1 {
		t.Errorf("far behind after %d stages", len(cut))
	}
}

func TestSearchWithoutCasesKeepsItsStart(t *testing.T) {
	t.Parallel()
	for name, train := range map[string][][]int32{"no session": nil, "one session": {{0, 1, 2}}, "single clicks": {{0}, {1}, {2}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, report, err := Search(SearchOptions{Train: train, Items: 3})
			if err != nil || p != DefaultParams() || report.Evaluations != 0 {
				t.Errorf("got %+v, %+v, %v", p, report, err)
			}
		})
	}
}

func TestSearchStops(t *testing.T) {
	t.Parallel()
	o := SearchOptions{Train: walks(22, 300, 50), Items: 50, Cases: 100}
	t.Run("when cancelled", func(t *testing.T) {
		t.Parallel()
		o, done := o, 0
		o.Progress = func(n, total int) { done = n }
		o.Cancelled = func() bool { return done == 3 }
		if _, _, err := Search(o); !errors.Is(err, ErrCancelled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("at the ceiling, with what it has", func(t *testing.T) {
		t.Parallel()
		o, clock := o, time.Unix(0, 0)
		o.Ceiling = 10 * time.Second
		o.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
		_, report, err := Search(o)
		if err != nil || !report.Stopped || report.Evaluations != 10+1 {
			t.Errorf("got %+v, %v", report, err)
		}
	})
	t.Run("at times that do not fit", func(t *testing.T) {
		t.Parallel()
		o := o
		o.Times = make([]int64, 301)
		if _, _, err := Search(o); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("at bad parameters", func(t *testing.T) {
		t.Parallel()
		o, bad := o, Params{}
		o.Start = &bad
		if _, _, err := Search(o); err == nil {
			t.Error("accepted")
		}
	})
}

func TestEveryGridValueIsAValidParameter(t *testing.T) {
	t.Parallel()
	for _, a := range axes() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			if !slices.IsSorted(a.values) {
				t.Errorf("values %v are not sorted", a.values)
			}
			for _, v := range a.values {
				p := DefaultParams()
				*a.field(&p) = v
				if err := p.Validate(); err != nil {
					t.Error(err)
				}
				text, err := json.Marshal(p)
				if want := fmt.Sprintf("%q:%v", a.name, v); err != nil || !strings.Contains(string(text), want) {
					t.Errorf("%s is not in %s", want, text)
				}
			}
		})
	}
}
