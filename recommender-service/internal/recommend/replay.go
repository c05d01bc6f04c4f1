package recommend

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Decision is what an answer was made from: enough to make it again, without the answer itself.
// It is stored as JSON; a member that was added later is absent in older ones, and its zero
// value must mean what was so then.
type Decision struct {
	ID              string      `json:"recommendation_id"`
	At              time.Time   `json:"at"`
	Scenario        string      `json:"scenario"`
	ScenarioVersion int64       `json:"scenario_version"`
	Experiment      string      `json:"experiment,omitempty"`
	Arm             string      `json:"arm,omitempty"`
	Request         api.Request `json:"request"`
	ProfileAsOf     time.Time   `json:"profile_as_of"` // zero: no profile was read
	Watermark       int64       `json:"watermark"`
	// Versions by relation of the models whose lists were used; relations that said nothing are
	// absent.
	Models  map[string]string `json:"models"`
	Popular []PopularInput    `json:"popular,omitempty"`
	Shown   []rotation.List   `json:"shown,omitempty"`
	// Which life of which process answered, and how many changes its catalogue had seen:
	// earlier states are in its memory only.
	CatalogueEpoch string           `json:"catalogue_epoch"`
	CatalogueSeq   int64            `json:"catalogue_seq"`
	Degraded       []string         `json:"degraded,omitempty"`
	SharedRules    map[string]int64 `json:"shared_rules,omitempty"` // versions by id of the rules that held in all scenarios
	// Used is the scenario that was answered from where no stored version says it: a row, or an arm with a configuration of its own.
	Used      *api.Scenario `json:"used,omitempty"`
	Elsewhere []string      `json:"elsewhere,omitempty"` // what other placements of the page had shown
	// Mean is the price or margin that the objective compared with; 0 for no objective.
	Mean  float64 `json:"mean,omitempty"`
	Seeds int     `json:"seeds,omitempty"` // how many items of the visitor could be seeds; 0 for as many as usual
	// NewestSeq is the number of catalogue changes that the list of newest items had seen; 0 when it was not used.
	NewestSeq int64  `json:"newest_seq,omitempty"`
	Digest    string `json:"digest"`          // of items, scores and order
	Robot     bool   `json:"robot,omitempty"` // of a visitor or browser that is a program: it counts in no figure
	// Outline says that only what the answer showed to whom is kept, not what it was made from.
	Outline bool `json:"outline,omitempty"`
	// Items is nil in a decision that was stored before it was kept.
	Items []ShownItem `json:"items"`
}

// Outlined returns what the answer showed to whom.
func (d *Decision) Outlined() *Decision {
	return &Decision{
		ID: d.ID, At: d.At, Scenario: d.Scenario, ScenarioVersion: d.ScenarioVersion, Experiment: d.Experiment, Arm: d.Arm, Items: d.Items,
		Outline: true, Robot: d.Robot,
		Request: api.Request{UserID: d.Request.UserID, SessionID: d.Request.SessionID},
	}
}

// ShownItem is a product in an answer, and what brought it there.
type ShownItem struct {
	Key   string   `json:"k"` // of its family, or its own id
	Tier  string   `json:"t"`
	Rules []string `json:"r,omitempty"` // that pinned it or changed its score, as explanations name them
}

// PopularInput names a popularity list that was used.
type PopularInput struct {
	Window        string  `json:"window"`
	HalfLifeHours float64 `json:"half_life_hours,omitempty"`
	EventTypes    string  `json:"event_types,omitempty"` // joined by commas
	Category      string  `json:"category,omitempty"`
	AsOfMs        int64   `json:"as_of_ms"`
}

// popularInput names a list by its window, category ("" for the shop) and the moment that it is
// of.
func popularInput(w similarityapi.PopularWindow, category string, list *peers.PopularList) PopularInput {
	return PopularInput{
		Window: w.Name, HalfLifeHours: w.HalfLifeHours, EventTypes: w.EventTypes, Category: category, AsOfMs: list.AsOf.UnixMilli(),
	}
}

// of returns the window of the list.
func (p *PopularInput) of() similarityapi.PopularWindow {
	return similarityapi.PopularWindow{Name: p.Window, HalfLifeHours: p.HalfLifeHours, EventTypes: p.EventTypes}
}

// inputs are those of a past decision, for a replay.
type inputs struct {
	decision *Decision
	sequence int64 // −1: the catalogue as it is now
	gone     []string
}

// errGone says that an input of a past decision no longer exists.
var errGone = errors.New("the input is gone")

// Replay makes an answer again from its stored inputs. gone names the inputs that exist no longer or differ; it is empty exactly when the
// answer is the same bit for bit.
func (e *Engine) Replay(ctx context.Context, shop string, p Placement, d *Decision) (answer api.Answer, gone []string, err error) {
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
	if len(in.gone) == 0 && digest(&answer) != d.Digest {
		in.lose("neighbour lists made from texts: they follow the catalogue")
	}
	if digest(&answer) == d.Digest {
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

// popularList returns a popularity list, or the one of then; in a replay nil for one that the
// decision did not use, and errGone for one that is not remembered.
func (r *run) popularList(ctx context.Context, window similarityapi.PopularWindow, category string) (*peers.PopularList, error) {
	if r.past == nil {
		return r.engine.Peers.Popular(ctx, r.shop, window, category)
	}
	for _, p := range r.past.decision.Popular {
		if p.of() != window || p.Category != category {
			continue
		}
		if list, ok := r.engine.Peers.PopularAt(r.shop.Name, window, category, p.AsOfMs); ok {
			return list, nil
		}
		return nil, fmt.Errorf("popularity list %s %s: %w", window.Name, category, errGone)
	}
	return nil, nil
}

// decision records what the answer was made from. It shares the request and the lists of the
// run, which nobody changes afterwards.
func (r *run) decision(a *api.Answer) *Decision {
	d := &Decision{
		ID: a.RecommendationID, At: r.now, Scenario: a.Scenario, ScenarioVersion: a.ScenarioVersion, Experiment: r.arm.ExperimentID,
		Arm:     r.arm.Arm,
		Request: *r.req, Models: a.ModelVersions, Popular: r.popular, Shown: r.shown, CatalogueEpoch: r.engine.epoch,
		CatalogueSeq: r.sequence,
		Degraded:     a.Degraded, Digest: digest(a), Watermark: r.visitor.Watermark, SharedRules: rules.SharedVersions(r.rules),
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
func (r *run) shownItems(a *api.Answer) []ShownItem {
	list := make([]ShownItem, len(a.Items))
	for n := range a.Items {
		list[n] = ShownItem{Key: cmp.Or(a.Items[n].FamilyID, a.Items[n].ItemID), Tier: a.Items[n].Tier}
		if n < len(r.acted) {
			list[n].Rules = r.acted[n]
		}
	}
	return list
}

// digest is a fingerprint of the items, of those with variants by their family, their order and the bits of their scores.
func digest(a *api.Answer) string {
	h := fnv.New64a()
	var bits [8]byte
	for n := range a.Items {
		h.Write([]byte(cmp.Or(a.Items[n].FamilyID, a.Items[n].ItemID)))
		h.Write([]byte{0})
		h.Write([]byte(a.Items[n].Tier))
		binary.BigEndian.PutUint64(bits[:], math.Float64bits(a.Items[n].Score))
		h.Write(bits[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
