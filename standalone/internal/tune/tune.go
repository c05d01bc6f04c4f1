// Package tune fits the weights with which scenarios blend their sources, on what visitors did and no model has seen.
//
// What is tuned is what is served: a throw-away instance of Aisle is given the shop's catalogue and its events before a cut in time, all
// times moved so that the cut is now, so that ages, decay, popularity and models are what they were then. It computes its models and is
// asked, through POST /v1/recommendations, what it would have shown to the visitors who came after the cut. What those did is never posted.
// The questions are halved: on one half a search over the weights maximises NDCG@20, on the other the result is compared with the present
// weights, and it is proposed only when the paired bootstrap interval of the gain lies above zero.
//
// What it cannot know: stock and status of then (all items count as sellable), and what the present scenario made visitors do, who can only
// follow up what they were shown. An experiment answers that.
//
// The main type is Options, the entry is Run.
package tune

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// leastQuestions is how many questions a scenario needs: with fewer, half of them tells apart nothing but large differences.
const leastQuestions = 200

// Progress shows how far a stage is; total is −1 when it is not known.
type Progress func(stage string, done, total int)

// Options steer a run.
type Options struct {
	Only          []string      // ids of scenarios; all when empty
	Until         time.Time     // events from here on are left out; zero: none
	Holdout       time.Duration // before Until, asked about; 0: a fifth of the time, at most 28 days
	Questions     int           // at most, per scenario
	Seed          uint64
	SearchSeconds float64 // nominal CPU time of the recompute's search, per relation
	Gate          bool    // whether the gate decides if a model serves, as it does in a shop; else every model does
	TempDir       string  // where the throw-away instance lives; "" for the system's
	Now           time.Time
	Progress      Progress

	clock func() time.Time // of the throw-away instance; time.Now when nil
}

// Result is what a run found out.
type Result struct {
	Data      Data    `json:"data"`
	Scenarios []Tuned `json:"scenarios"`
}

// Data sums up what was tuned on.
type Data struct {
	Items    int       `json:"items"`
	Past     int       `json:"events_before_cut"`
	Held     int       `json:"events_held_out"`
	Visitors int       `json:"visitors"`
	Cut      time.Time `json:"cut"`
	Until    time.Time `json:"until"`
	Seed     uint64    `json:"seed"`
}

// The states of a scenario.
const (
	Better    = "better"     // other weights are significantly better: Proposed has them
	NoGain    = "no_gain"    // none were
	TooLittle = "too_little" // there are too few questions to tell
	Untunable = "untunable"  // there is nothing to weigh
)

// Tuned is what was found out about one scenario. Figures are those of the half of the questions that the search did not see.
type Tuned struct {
	ScenarioID string       `json:"scenario_id"`
	Version    int64        `json:"version"`
	State      string       `json:"state"`
	Reason     string       `json:"reason,omitempty"`
	Asked      string       `json:"asked,omitempty"` // kind of question
	Questions  int          `json:"questions"`
	Present    []api.Source `json:"present"`
	Found      []api.Source `json:"found,omitempty"`    // best of the search
	Proposed   []api.Source `json:"proposed,omitempty"` // Found, when better
	Before     Figures      `json:"before"`
	After      Figures      `json:"after"`
	Gain       *Interval    `json:"gain_ndcg@20,omitempty"`
	Alone      []Alone      `json:"alone,omitempty"`
	Trials     []Trial      `json:"trials,omitempty"` // on the half of the search
	Applied    int64        `json:"applied_version,omitempty"`

	scenario api.Scenario
}

// Alone is one source by itself.
type Alone struct {
	Kind    string  `json:"kind"`
	Figures Figures `json:"figures"`
}

// Run tunes scenarios on a shop. scenarios nil means those delivered with Aisle. It takes as
// long as importing the shop, a recompute, and tens of answers for each question; nothing
// outside of a temporary folder is changed. All draws follow from the seed.
func Run(ctx context.Context, shop *Shop, scenarios []api.Scenario, o Options, logger *slog.Logger) (_ *Result, err error) {
	split, err := shop.cut(o.Now, o.Until, o.Holdout)
	if err != nil {
		return nil, err
	}
	w, err := begin(ctx, &o, logger)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}()
	if scenarios == nil {
		all, err := w.Clients.Recommender.Scenarios(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the scenarios: %w", err)
		}
		scenarios = slices.DeleteFunc(all, func(s api.Scenario) bool { return strings.HasPrefix(s.ScenarioID, trialID) })
	}
	// A name that is none is told before the shop is learnt from, which takes minutes.
	if scenarios, err = selected(scenarios, o.Only); err != nil {
		return nil, err
	}
	if err := w.fill(ctx, split, &o); err != nil {
		return nil, err
	}
	visitors := people(split)
	r := &Result{Data: Data{
		Items: len(split.Items), Past: len(split.Past), Held: len(split.Held), Visitors: len(visitors), Cut: split.Cut.UTC(),
		Until: split.Until.UTC(), Seed: o.Seed,
	}}
	for n := range scenarios {
		t, err := w.tune(ctx, &scenarios[n], ask(split, visitors, &scenarios[n], o.Questions, o.Seed), &o)
		if err != nil {
			return nil, fmt.Errorf("tune %s: %w", scenarios[n].ScenarioID, err)
		}
		r.Scenarios = append(r.Scenarios, t)
	}
	return r, nil
}

// selected returns the scenarios of these ids, in the order of the ids; all when there are
// none. An unknown id is an error that names the known.
func selected(all []api.Scenario, only []string) ([]api.Scenario, error) {
	if len(only) == 0 {
		return all, nil
	}
	var list []api.Scenario
	for _, id := range only {
		at := slices.IndexFunc(all, func(s api.Scenario) bool { return s.ScenarioID == id })
		if at < 0 {
			names := make([]string, len(all))
			for n := range all {
				names[n] = all[n].ScenarioID
			}
			return nil, fmt.Errorf("there is no scenario %q: use %s", id, strings.Join(names, ", "))
		}
		list = append(list, all[at])
	}
	return list, nil
}

// untunable says why there is nothing to weigh in a scenario; "" when there is.
func untunable(s *api.Scenario) string {
	switch {
	case len(s.Rows) > 0:
		return "its page is made of rows"
	case len(s.Sources) < 2:
		return "it has fewer than two sources"
	case s.Sources[0].Weight == 0:
		return "its first source has the weight 0, and the others are weighed against it: put another first"
	}
	return ""
}

// tune fits the weights of one scenario: it searches on the first half of the questions and
// compares on the second.
func (w *World) tune(ctx context.Context, s *api.Scenario, questions []Question, o *Options) (Tuned, error) {
	t := Tuned{ScenarioID: s.ScenarioID, Version: s.Version, Present: s.Sources, scenario: *s}
	if t.Reason = untunable(s); t.Reason != "" {
		t.State = Untunable
		return t, nil
	}
	t.Asked, t.Questions = kindOf(s), len(questions)
	if len(questions) < leastQuestions {
		t.State, t.Reason = TooLittle, fmt.Sprintf(
			"%d visitors after the cut can be asked about, at least %d are needed: hold out more or wait", len(questions), leastQuestions,
		)
		return t, nil
	}
	fit, check := questions[:len(questions)/2], questions[len(questions)/2:]
	best, trials, err := search(relative(s.Sources), w.valuesOn(ctx, s, fit, o))
	if err != nil {
		return t, err
	}
	t.Found, t.Trials = weighted(s.Sources, best.Weights), trials
	return t, w.compare(ctx, s, &t, check, o)
}

// valuesOn returns the function that the search maximises: the mean NDCG@20 of the questions.
func (w *World) valuesOn(ctx context.Context, s *api.Scenario, questions []Question, o *Options) func([][]float64) ([]float64, error) {
	tried := 0
	return func(weights [][]float64) ([]float64, error) {
		o.Progress("weigh the sources of "+s.ScenarioID, tried, -1)
		sources := make([][]api.Source, len(weights))
		for n := range weights {
			sources[n] = weighted(s.Sources, weights[n])
		}
		figures, err := w.Answers(ctx, s, sources, questions)
		values := make([]float64, len(figures))
		for n := range figures {
			values[n] = mean(figures[n]).NDCG
		}
		tried += len(weights)
		return values, err
	}
}

// compare puts what was found beside the present weights and beside each source alone, on
// questions that the search did not see, and sets the state: only an interval that lies above
// zero makes a proposal.
func (w *World) compare(ctx context.Context, s *api.Scenario, t *Tuned, questions []Question, o *Options) error {
	o.Progress("check "+s.ScenarioID, 0, 1)
	sources := [][]api.Source{s.Sources, t.Found}
	for _, source := range s.Sources {
		sources = append(sources, []api.Source{{Kind: source.Kind, Weight: 1}})
	}
	figures, err := w.Answers(ctx, s, sources, questions)
	if err != nil {
		return err
	}
	before, after := figures[0], figures[1]
	for n, source := range s.Sources {
		t.Alone = append(t.Alone, Alone{source.Kind, mean(figures[2+n])})
	}
	interval := gain(before, after, rand.New(rand.NewPCG(o.Seed, 0xb007)))
	t.Before, t.After, t.Gain = mean(before), mean(after), &interval
	switch {
	case interval.Low > 0:
		t.State, t.Proposed = Better, t.Found
	case reflect.DeepEqual(t.Found, s.Sources):
		t.State, t.Reason = NoGain, "its weights are the best that were tried"
	default:
		t.State, t.Reason = NoGain, "no other weights are significantly better"
	}
	return nil
}

// Apply writes the proposed weights to the scenarios that they were found for. A scenario that was changed since it was read is refused by
// the service with 412 and left as it is; those after it are not written either.
func Apply(ctx context.Context, client *api.Client, r *Result) error {
	for n := range r.Scenarios {
		t := &r.Scenarios[n]
		if t.State != Better {
			continue
		}
		changed := t.scenario
		changed.Sources = t.Proposed
		saved, err := client.PutScenario(ctx, changed, t.Version)
		if err != nil {
			return fmt.Errorf("write the weights of %s: %w", t.ScenarioID, err)
		}
		t.Applied = saved.Version
	}
	return nil
}
