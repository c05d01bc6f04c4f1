package figures

import (
	"context"
	"log/slog"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/rounds"
)

const (
	// guardEvery is how often guardrails are looked at.
	guardEvery = 15 * time.Second
	// guardAtOnce is in how many shops at once.
	guardAtOnce = 4
)

// Guard stops experiments whose guardrails are broken. Several replicas may do so: the version
// of the experiment lets one of them win.
type Guard struct {
	Reporter    *Reporter
	Experiments *experiment.Collection
	Audit       *audit.Recorder
	Logger      *slog.Logger
	Now         func() time.Time
}

// Run looks at the running experiments of all shops until ctx ends.
func (g *Guard) Run(ctx context.Context, shops func() []string) {
	r := rounds.Rounds{Every: guardEvery, AtOnce: guardAtOnce, Visit: func(ctx context.Context, shop string) (busy bool) {
		g.Check(ctx, shop)
		return true
	}}
	r.Run(ctx, shops)
}

// Check stops those experiments of a shop whose guardrails are broken now, with an entry in the
// audit log and the reason in the experiment. A failure is left for the next round.
func (g *Guard) Check(ctx context.Context, shop string) {
	for _, e := range g.Experiments.List(shop) {
		if e.Value.Status != experiment.Running {
			continue
		}
		results, err := g.Reporter.Experiment(ctx, shop, e.Value, g.Now())
		if err != nil {
			g.Logger.Debug("guardrails not checked", "shop", shop, "experiment", e.ID, "error", err)
			continue
		}
		reason := experiment.Breached(e.Value, &results)
		if reason == "" {
			continue
		}
		stopped := *e.Value
		stopped.Status, stopped.StopReason = experiment.Stopped, reason
		// Somebody may have changed the experiment in between: then it is judged again next time, as it is then.
		entry := audit.New("guardrail", "system", "experiment.stop", e.ID, g.Now())
		entry.Before = audit.Value(e.Value)
		err = g.Audit.Do(ctx, shop, entry, func() (any, error) {
			_, _, err := g.Experiments.Put(ctx, shop, e.ID, "guardrail", &stopped, func(version int64) error {
				if version != e.Version {
					return store.ErrVersion
				}
				return nil
			})
			return &stopped, err
		})
		if err == nil {
			g.Logger.Warn("experiment stopped by a guardrail", "shop", shop, "experiment", e.ID, "reason", reason)
		}
	}
}
