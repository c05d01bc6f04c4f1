// Package experiment puts visitors into the arms of experiments and judges what came of it. A
// visitor's arm is a hash of the experiment's id and the visitor's: no state is kept, every
// replica agrees, and raising the traffic moves nobody. The main type is Assigner;
// statistics.go judges, and guardrails.go says when to stop.
package experiment

import (
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/config"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Kind names experiments in the store.
const Kind = "experiment"

// The states and kinds of an experiment.
const (
	Running = "running"
	Stopped = "stopped"
	holdout = "holdout"
)

// Collection holds the experiments of all shops.
type Collection = config.Collection[api.Experiment]

// NewCollection returns a collection without experiments; none is built in.
func NewCollection(d config.Documents, logger *slog.Logger, now func() time.Time) *Collection {
	return config.New(d, Kind, func(x *api.Experiment, m config.Meta) {
		x.ExperimentID, x.Version = m.ID, m.Version
		if m.UpdatedMs > 0 {
			x.UpdatedAt = wire.TimeOf(time.UnixMilli(m.UpdatedMs))
		}
	}, nil, logger, now)
}

// Assigner chooses arms.
type Assigner struct {
	Experiments *Collection
	Scenarios   *scenario.Collection
}

// Choose puts the visitor of a request into the first experiment that takes him, holdouts before others, each in order of id, and returns
// the placement as that arm has it.
func (b *Assigner) Choose(shop string, p recommend.Placement, r *api.Request) recommend.Placement {
	visitor := decision.VisitorID(r.UserID, r.SessionID)
	if visitor == "" {
		return p
	}
	for _, x := range b.running(shop, r.Scenario) {
		if arm, ok := Assign(x, visitor); ok {
			return b.apply(shop, p, x, arm)
		}
	}
	return p
}

// running lists the experiments that a scenario takes part in, holdouts first: they are to be
// compared with everything else together. One that names no scenario is about all.
func (b *Assigner) running(shop, scenarioID string) []*api.Experiment {
	var holdouts, others []*api.Experiment
	for _, e := range b.Experiments.List(shop) {
		x := e.Value
		if x.Status != Running || len(x.Scenarios) > 0 && !slices.Contains(x.Scenarios, scenarioID) {
			continue
		}
		if x.Kind == holdout {
			holdouts = append(holdouts, x)
		} else {
			others = append(others, x)
		}
	}
	return append(holdouts, others...)
}

// Assign returns the arm of a visitor and whether the visitor takes part. Two hashes decide,
// one about taking part and one about the arm, so that a change of the traffic leaves arms
// alone. Shadow arms and arms without a share get nobody.
func Assign(x *api.Experiment, visitor string) (*api.ExperimentArm, bool) {
	if unit(x.ExperimentID, "traffic", visitor) >= x.Traffic {
		return nil, false
	}
	at, from := unit(x.ExperimentID, "arm", visitor), 0.0
	var last *api.ExperimentArm
	for n := range x.Arms {
		arm := &x.Arms[n]
		if arm.Shadow || arm.Share == 0 {
			continue
		}
		last = arm
		if from += arm.Share; at < from {
			return arm, true
		}
	}
	return last, last != nil // rounding of the shares
}

// unit hashes to [0, 1).
func unit(experiment, purpose, visitor string) float64 {
	h := fnv.New64a()
	for _, s := range [...]string{experiment, purpose, visitor} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	x := h.Sum64() // FNV's high bits are weak for short texts: mix as in MurmurHash3
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// apply changes a placement to what an arm has: another scenario, a configuration, or model
// versions. Whatever it shows, it keeps id and version of the scenario that was asked for,
// under which it is counted.
func (b *Assigner) apply(shop string, p recommend.Placement, x *api.Experiment, arm *api.ExperimentArm) recommend.Placement {
	id, version := p.Scenario.ScenarioID, p.Scenario.Version
	p.Arm = api.Arm{ExperimentID: x.ExperimentID, Arm: arm.Name}
	p.Models = arm.ModelVersions
	if e, ok := b.Scenarios.Find(shop, arm.Scenario); ok && arm.Scenario != "" {
		p.Scenario = e.Value
	}
	if arm.Configuration != nil {
		p.Scenario = arm.Configuration
	}
	if p.Scenario.ScenarioID != id || p.Scenario.Version != version {
		changed := *p.Scenario
		changed.ScenarioID, changed.Version = id, version
		p.Scenario, p.Derived = &changed, true
	}
	return p
}

// Placement applies a named arm, as far as the experiment still has it.
func (b *Assigner) Placement(shop string, p recommend.Placement, arm api.Arm) recommend.Placement {
	e, ok := b.Experiments.Find(shop, arm.ExperimentID)
	if !ok {
		return p
	}
	for n := range e.Value.Arms {
		if e.Value.Arms[n].Name == arm.Arm {
			return b.apply(shop, p, e.Value, &e.Value.Arms[n])
		}
	}
	return p
}

// Shadows returns the placements that are to be computed beside the answer of the control arm.
func (b *Assigner) Shadows(shop string, plain recommend.Placement, arm api.Arm) []recommend.Placement {
	e, ok := b.Experiments.Find(shop, arm.ExperimentID)
	if !ok || arm.ExperimentID == "" || e.Value.Status != Running || e.Value.Arms[0].Name != arm.Arm {
		return nil
	}
	var list []recommend.Placement
	for n := range e.Value.Arms {
		if e.Value.Arms[n].Shadow {
			list = append(list, b.apply(shop, plain, e.Value, &e.Value.Arms[n]))
		}
	}
	return list
}

// shareTolerance is how far the sum of shares may be from 1: thirds are not exact.
const shareTolerance = 1e-6

// Check reports everything that is wrong with an experiment; types are the types of event that
// there are. It fills in what the configurations of arms leave out. Whether scenarios and
// models exist is not looked at.
func Check(x *api.Experiment, types profileapi.EventWeights) []apierror.FieldError {
	var list []apierror.FieldError
	add := func(pointer, code, detail string) {
		list = append(list, apierror.FieldError{Pointer: pointer, Code: code, Detail: detail})
	}
	sum, names := 0.0, map[string]bool{}
	for n := range x.Arms {
		arm, at := &x.Arms[n], "/arms/"+strconv.Itoa(n)
		if names[arm.Name] {
			add(at+"/name", "duplicate", "another arm has the same name")
		}
		names[arm.Name] = true
		if arm.Shadow {
			if n == 0 {
				add(at+"/shadow", "contradiction", "the first arm is the control, which is shown")
			}
			if arm.Share != 0 {
				add(at+"/share", "contradiction", "a shadow arm is never shown: its share is 0")
			}
		}
		if arm.Scenario != "" && arm.Configuration != nil {
			add(at+"/scenario", "contradiction", "an arm names another scenario or another configuration, not both")
		}
		if arm.Configuration != nil {
			scenario.Complete(arm.Configuration)
			list = append(list, scenario.Check(arm.Configuration, at+"/configuration", types)...)
		}
		sum += arm.Share
	}
	if math.Abs(sum-1) > shareTolerance {
		add("/arms", "shares", fmt.Sprintf("the shares of the arms sum to %.6g instead of 1", sum))
	}
	return list
}
