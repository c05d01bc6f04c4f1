package recommend

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// inputs are those of a past decision, for a replay.
type inputs struct {
	decision *decision.Decision
	sequence int64 // −1: the catalogue as it is now
	gone     []string
}

// Replay makes an answer again from its stored inputs. gone names the inputs that exist no longer or differ; it is empty exactly when the
// answer is the same bit for bit.
func (e *Engine) Replay(ctx context.Context, shop string, p Placement, d *decision.Decision) (answer api.Answer, gone []string, err error) {
	id, err := trackingid.Read(d.ID)
	if err != nil {
		return api.Answer{}, nil, err
	}
	in := &inputs{decision: d, sequence: -1}
	replica := e.Catalogue.Shop(shop)
	if d.CatalogueEpoch == e.epoch && replica.Knows(d.CatalogueSeq) {
		in.sequence = d.CatalogueSeq
	} else if replica.ChangedSince(d.At) {
		in.lose("the catalogue of then: it has changed since, and its earlier states are kept in memory only")
	}
	if d.Used != nil {
		p.Scenario = d.Used
	}
	if p.Scenario.Version != d.ScenarioVersion {
		in.lose(fmt.Sprintf("version %d of scenario %q", d.ScenarioVersion, d.Scenario))
	}
	if slices.Contains(d.Degraded, peers.Similarity) || slices.Contains(d.Degraded, Overload) {
		in.lose("what the similarity-service left out: it did not answer all questions then")
	}
	if slices.Contains(d.Degraded, Deadline) {
		in.lose("how far the time of then went")
	}
	p.Arm, p.Models = api.Arm{ExperimentID: d.Experiment, Arm: d.Arm}, nil
	v := e.visit(shop, d.At)
	v.past, v.taken, v.nonces, v.seeds = in, d.Elsewhere, func() uint64 { return id.Nonce }, cmp.Or(d.Seeds, seedLimit)
	if err := v.answerTo(ctx, p, &d.Request, func(_ *run, a *api.Answer) { answer = *a }); err != nil {
		return api.Answer{}, nil, err
	}
	answer.RecommendationID, answer.Degraded = d.ID, d.Degraded
	if len(in.gone) == 0 && decision.Digest(&answer) != d.Digest {
		in.lose("neighbour lists made from texts: they follow the catalogue")
	}
	if decision.Digest(&answer) == d.Digest {
		in.gone = nil
	}
	return answer, in.gone, nil
}

// lose notes an input that is gone, once, in words for people.
func (in *inputs) lose(what string) {
	if !slices.Contains(in.gone, what) {
		in.gone = append(in.gone, what)
	}
}

// pinned returns the model version that a relation must be asked for; "" for the live one.
func (r *run) pinned(relation string) string {
	if r.past == nil {
		return r.models[relation]
	}
	return r.past.decision.Models[relation]
}

// popularList returns a popularity list, or the one of then; in a replay nil for one that the decision did not use, or that is not
// remembered.
func (r *run) popularList(ctx context.Context, window similarityapi.PopularWindow, category string) (*peers.PopularList, error) {
	if r.past == nil {
		return r.engine.Peers.Popular(ctx, r.shop, window, category)
	}
	for _, p := range r.past.decision.Popular {
		if p.PopularWindow() != window || p.Category != category {
			continue
		}
		if list, ok := r.engine.Peers.PopularAt(r.shop.Name, window, category, p.AsOfMs); ok {
			return list, nil
		}
		r.past.lose("a popularity list of then: they are kept in memory only, for a while")
	}
	return nil, nil
}

// decision records what the answer was made from. It shares the request and the lists of the run, which nobody changes afterwards.
func (r *run) decision(a *api.Answer) *decision.Decision {
	d := &decision.Decision{
		ID: a.RecommendationID, At: r.now, Scenario: a.Scenario, ScenarioVersion: a.ScenarioVersion, Experiment: r.arm.ExperimentID,
		Arm:     r.arm.Arm,
		Request: *r.req, Models: a.ModelVersions, Popular: r.popular, Shown: r.shown, CatalogueEpoch: r.engine.epoch,
		CatalogueSeq: r.sequence,
		Degraded:     a.Degraded, Digest: decision.Digest(a), Watermark: r.visitor.Watermark, SharedRules: rules.SharedVersions(r.rules),
		Items:     r.shownItems(a),
		Elsewhere: slices.Clone(r.taken), Mean: r.mean, NewestSeq: r.newestSeq, Seeds: r.seeds,
	}
	d.Robot = r.req.Robot || r.visitor.Robot
	if r.derived {
		d.Used = r.scenario
	}
	if r.profiled {
		d.ProfileAsOf = r.visitor.AsOf
	}
	return d
}

// shownItems lists what the answer shows.
func (r *run) shownItems(a *api.Answer) []decision.ShownItem {
	list := make([]decision.ShownItem, len(a.Items))
	for n := range a.Items {
		list[n] = decision.ShownItem{Key: cmp.Or(a.Items[n].FamilyID, a.Items[n].ItemID), Tier: a.Items[n].Tier}
		if n < len(r.acted) {
			list[n].Rules = r.acted[n]
		}
	}
	return list
}
