package tune

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/standalone/internal/app"
	"github.com/aisle-rec/aisle/standalone/internal/feed"
)

const (
	// trialID begins the names of the scenarios that carry weights under trial.
	trialID = "tune.trial"
	// deadlineMS leaves an answer time enough, so that load on the machine does not change lists.
	deadlineMS = 5000
	// readyDeadline bounds the wait until what was imported and computed is served.
	readyDeadline = 2 * time.Minute
	readyPoll     = 100 * time.Millisecond
	// maxTries bounds how often a question is asked whose answer lacked a peer; triesPause lies between.
	maxTries   = 20
	triesPause = time.Second
	// popularItems are asked about to see that models are served.
	popularItems = 10
)

// World is a private Aisle in a temporary folder that knows a shop as it was at the cut. It serves no port.
type World struct {
	Clients app.Clients
	dir     string
	app     *app.App
	stop    context.CancelFunc
	done    chan error
}

// NewWorld starts a throw-away instance, fills it with what came before the cut and computes its models. The caller closes it.
func NewWorld(ctx context.Context, s *Split, o *Options, logger *slog.Logger) (*World, error) {
	w, err := begin(ctx, o, logger)
	if err != nil {
		return nil, err
	}
	if err := w.fill(ctx, s, o); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// begin starts an instance that knows nothing yet; NewWorld and Run fill it.
func begin(ctx context.Context, o *Options, logger *slog.Logger) (_ *World, err error) {
	dir, err := os.MkdirTemp(o.TempDir, "aisle-tune-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	w := &World{dir: dir, done: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if o.clock == nil {
		o.clock = time.Now
	}
	if w.app, err = app.New(ctx, app.Config{DataDir: dir, SearchSeconds: o.SearchSeconds, Now: o.clock}, logger); err != nil {
		return nil, fmt.Errorf("start a throw-away instance: %w", err)
	}
	w.Clients = w.app.Clients()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	go func() { w.done <- w.app.Run(background) }()
	return w, nil
}

// Close stops the instance and removes its folder.
func (w *World) Close() error {
	var errs []error
	if w.stop != nil {
		w.stop()
		if err := <-w.done; !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	if w.app != nil {
		errs = append(errs, w.app.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// fill imports catalogue and events, recomputes and waits until all of it serves. Models are
// published whatever the gate says, unless Gate is set: the weights are to fit the models that
// there are.
func (w *World) fill(ctx context.Context, s *Split, o *Options) error {
	o.Progress("import the catalogue", 0, 1)
	if _, err := feed.Items(ctx, w.Clients.Profile, s.Items); err != nil {
		return err
	}
	posted, err := feed.Events(ctx, w.Clients.Profile, s.Past,
		func(done, total int) { o.Progress("import events before the cut", done, total) })
	if err != nil {
		return err
	}
	if posted.Accepted == 0 {
		return fmt.Errorf("none of the %d events before the cut was accepted", len(s.Past))
	}
	imported := o.clock() // the end of the recompute has popularity counted
	request := similarityapi.JobRequest{
		Publish: "always", Reason: "weights are fitted to the models that there are", Seed: o.Seed, BudgetSeconds: o.SearchSeconds,
	}
	if o.Gate {
		request = similarityapi.JobRequest{}
	}
	job, err := w.Clients.Similarity.StartJob(ctx, request)
	if err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	_, err = w.Clients.Similarity.WaitForJob(ctx, job.JobID,
		func(j similarityapi.Job) { o.Progress("recompute: "+j.Stage, int(j.Progress*100), 100) })
	if err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	return w.await(ctx, s, imported)
}

// await waits until popularity was counted after the import, and the recommender, a moment behind, has the last item of the catalogue and
// the new models.
func (w *World) await(ctx context.Context, s *Split, imported time.Time) error {
	live, err := w.Clients.Similarity.Live(ctx)
	if err != nil {
		return fmt.Errorf("ask for the models: %w", err)
	}
	probe := &api.Scenario{ScenarioID: trialID, Limit: 1, Sources: []api.Source{
		{Kind: api.SourceContextSimilar, Weight: 1}, {Kind: api.SourceContextTogether, Weight: 1}, {Kind: api.SourceContextNext, Weight: 1},
		{Kind: api.SourceSession, Weight: 1}, // has the sessions of the next-item model loaded
	}}
	if err := w.put(ctx, probe); err != nil {
		return err
	}
	items := frequent(s.Past)
	request := api.Request{
		Scenario: trialID, ContextItems: items, DeadlineMS: deadlineMS,
		Events: []profileapi.Event{{Type: "view_item", ItemID: items[0], OccurredAt: wire.TimeOf(s.Now)}},
	}
	last := s.Items[len(s.Items)-1].ItemID
	deadline := time.NewTimer(readyDeadline)
	defer deadline.Stop()
	for {
		answer, err := w.Clients.Recommender.Recommend(ctx, request)
		if err != nil {
			return fmt.Errorf("ask the throw-away instance: %w", err)
		}
		why, err := w.Clients.Recommender.Explain(ctx, api.ExplainRequest{Request: request, ItemID: last})
		if err != nil && !apierror.Is(err, http.StatusNotFound) {
			return fmt.Errorf("ask the throw-away instance: %w", err)
		}
		known := err == nil && why.Stage != "catalogue"
		popular, err := w.Clients.Similarity.Popular(ctx, similarityapi.PopularQuery{Limit: 1})
		if err != nil && !apierror.Is(err, http.StatusServiceUnavailable) {
			return fmt.Errorf("ask what is popular: %w", err)
		}
		counted := err == nil && !popular.AsOf.Before(imported)
		if known && counted && len(answer.Degraded) == 0 && serves(answer.ModelVersions, live.Live) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf(
				"the throw-away instance does not serve its models %v after %v: it has %v, popularity counted: %v", live.Live,
				readyDeadline, answer.ModelVersions, counted,
			)
		case <-time.After(readyPoll):
		}
	}
}

// serves tells whether every model that is live and was asked for was used; a relation without
// a live model must not have been.
func serves(used, live map[string]string) bool {
	for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
		if used[relation] != live[relation] {
			return false
		}
	}
	return true
}

// frequent returns the items that most events name, ties by id: models have lists for these if
// for any.
func frequent(events []profileapi.Event) []string {
	counts := map[string]int{}
	for n := range events {
		for _, id := range itemsOf(&events[n]) {
			counts[id]++
		}
	}
	items := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(items, func(a, b string) int { return counts[b] - counts[a] })
	return items[:min(len(items), popularItems)]
}

// Answers asks the questions with a scenario as it is but for its sources, and measures the lists: one row of figures per list of sources.
// All lists are asked for one question after the other, so that what a peer had to think about is remembered. The chance and the memory
// that a scenario may have (exploration, rotation) are off: a question must have the same answer however often it is asked.
func (w *World) Answers(ctx context.Context, scenario *api.Scenario, sources [][]api.Source, questions []Question) ([][]Figures, error) {
	trials := make([]api.Scenario, len(sources))
	figures := make([][]Figures, len(sources))
	for n := range sources {
		trials[n] = *scenario
		trials[n].ScenarioID, trials[n].Sources, trials[n].Exploration, trials[n].Rotation = trialID+"."+strconv.Itoa(n), sources[n], 0, 0
		if err := w.put(ctx, &trials[n]); err != nil {
			return nil, err
		}
		figures[n] = make([]Figures, len(questions))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for q := range questions {
		group.Go(func() error {
			for n := range trials {
				shown, err := w.shown(ctx, &trials[n], &questions[q])
				if err != nil {
					return err
				}
				figures[n][q] = score(shown, questions[q].Targets)
			}
			return nil
		})
	}
	return figures, group.Wait()
}

// put stores a scenario, which serves from the next request on, and notes its version.
func (w *World) put(ctx context.Context, s *api.Scenario) error {
	saved, err := w.Clients.Recommender.PutScenario(ctx, *s, 0)
	if err != nil {
		return fmt.Errorf("give the scenario to the throw-away instance: %w", err)
	}
	s.Version = saved.Version
	return nil
}

// shown returns the list that answers a question.
func (w *World) shown(ctx context.Context, trial *api.Scenario, q *Question) ([]string, error) {
	request := q.Request
	request.Scenario, request.Limit, request.Explain, request.DeadlineMS = trial.ScenarioID, K, "none", deadlineMS
	answer, err := w.Ask(ctx, request)
	if err != nil {
		return nil, err
	}
	if answer.ScenarioVersion != trial.Version {
		return nil, fmt.Errorf(
			"the throw-away instance answered with version %d of the scenario, not %d", answer.ScenarioVersion, trial.Version,
		)
	}
	ids := make([]string, len(answer.Items))
	for n := range answer.Items {
		ids[n] = answer.Items[n].ItemID
	}
	return ids, nil
}

// Ask returns the answer to a request. One that lacked a peer, which a loaded machine may have kept busy, is asked for again after a pause
// in which circuit breakers close.
func (w *World) Ask(ctx context.Context, request api.Request) (api.Answer, error) {
	for tries := 1; ; tries++ {
		answer, err := w.Clients.Recommender.Recommend(ctx, request)
		switch {
		case err != nil:
			return api.Answer{}, fmt.Errorf("ask the throw-away instance: %w", err)
		case len(answer.Degraded) == 0:
			return answer, nil
		case tries == maxTries:
			return api.Answer{}, fmt.Errorf("the throw-away instance could not answer fully: %v", answer.Degraded)
		}
		select {
		case <-ctx.Done():
			return api.Answer{}, ctx.Err()
		case <-time.After(triesPause):
		}
	}
}
