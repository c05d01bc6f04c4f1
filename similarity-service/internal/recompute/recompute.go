// Package recompute makes new models: it streams interactions from the profile-service, prepares them, lets the algorithms compete,
// passes the winner through the gate and stores it; those that may serve become live at the end, all relations in one step. A failure or
// cancel at any point leaves the live models as they are.
//
// Run is the whole job; relation, below it, is one relation in the order of its steps and the
// function to read first. compete.go searches and builds, judge.go measures against the live
// model, relations.go and parts.go say who does a relation: this process, one after the other,
// or several. elsewhere.go, ahead.go and workfiles.go are how pieces of one relation are handed
// to other processes. evaluation.go is the same competition without a model at the end.
package recompute

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/bundles"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/eventweights"
	"github.com/aisle-rec/aisle/similarity-service/internal/garbage"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// The ways to treat a new model; with any other, such as "never", it is stored only, for somebody to look at.
const (
	publishGate   = "gate"   // it becomes live if it passes
	publishAlways = "always" // it becomes live whatever the gate says, which is noted with the reason given
)

const (
	// neighboursKept is the length of served lists. A page that leaves out most of a list for a
	// shop's rules still finds enough.
	neighboursKept = 200
	// measuredAt is the cut-off of the stored figures.
	measuredAt = 20
	// maxTests bounds the held-out cases; beyond it the interval is narrower than any difference that matters.
	maxTests = 20_000
	// catalogueWait bounds the wait for the first full read of the catalogue. Without the
	// catalogue variants would not be joined to their products, so that a recompute waits
	// rather than go without.
	catalogueWait = 5 * time.Minute
	// casesPerSecond of the budget are validated, within minCases and maxCases: a short search is a coarse one.
	casesPerSecond = 100
	minCases       = 500
	maxCases       = 10_000
	// kept is the number of versions per relation that stay besides the live one.
	kept = 5
)

// Recomputer makes models. It is safe for concurrent use; package jobs sees to it that a shop
// has one recompute at a time.
type Recomputer struct {
	Profile  *profileapi.Client
	Registry *serving.Registry
	// Families returns what finds the family of an item of a shop's catalogue; it waits until the catalogue has been read once.
	Families func(ctx context.Context, shop string) (func(itemID string) (family string, known bool), error)
	Budget   float64 // nominal CPU seconds of the parameter search of one relation
	Logger   *slog.Logger
	Outcomes *prometheus.CounterVec // by relation and state
	// Jobs has parts of a recompute done by other processes where there are any, and Work is where the parts give each other data. Without
	// Jobs a recompute is done in one piece.
	Jobs      *jobs.Manager
	Work      *Work
	PartsFrom int // interactions from which a relation is done in parts, however quick they are; 0 means 20,000, and parts worth it
}

// outcome is what a recompute says of one relation.
type outcome struct {
	Relation    string                           `json:"relation"`
	State       string                           `json:"state"` // published, stored, refused, skipped or failed
	Version     string                           `json:"version,omitempty"`
	Detail      string                           `json:"detail,omitempty"`
	Touched     int                              `json:"touched,omitempty"` // items with new interactions, of a recompute of touched items
	Parts       int                              `json:"parts,omitempty"`   // in which it was searched and built, by several processes
	Leaderboard []leaderboardEntry               `json:"leaderboard,omitempty"`
	Gate        *similarityapi.Gate              `json:"gate,omitempty"`
	Preparation *similarityapi.PreparationReport `json:"preparation,omitempty"`

	publish bool // it is to become live with the others
}

// leaderboardEntry is one algorithm on the leaderboard of a recompute: figures on the validation part.
type leaderboardEntry struct {
	Algorithm string  `json:"algorithm"`
	NDCG      float64 `json:"validation_ndcg"`
	Recall    float64 `json:"validation_recall,omitempty"`
}

// Run is the jobs.Runner of the kind "recompute". It fails when no relation gave a model; one
// relation that has too little data, or failed, does not stop the others. Cancelled, it returns
// the cause. What ends it in mid-flight costs only time: nothing is live before publish, and
// whoever takes the job up discards what was stored.
func (r *Recomputer) Run(ctx context.Context, t *jobs.Task) error {
	relations := t.Request.Relations
	if len(relations) == 0 {
		relations = similarityapi.Relations()
	}
	if done, err := r.publishedBefore(ctx, t); done || err != nil {
		return err
	}
	defer r.removeWork(ctx, t)
	each := r.sequentially
	if len(relations) > 1 && r.Jobs != nil && r.Jobs.Others(ctx) > 0 {
		each = r.apart
	}
	outcomes, failures, err := each(ctx, t, relations)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	maps.Copy(failures, r.publish(ctx, t, outcomes))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t.SetResult("relations", slices.Clone(outcomes))
	t.Outcome(inWords(outcomes))
	for _, o := range outcomes {
		r.Outcomes.WithLabelValues(o.Relation, o.State).Inc()
	}
	if len(failures) == len(relations) {
		var all []error
		for _, relation := range relations {
			all = append(all, failures[relation])
		}
		return errors.Join(all...)
	}
	return nil
}

// inWords is what came of relations for the log, and whether one of them was refused or failed.
func inWords(outcomes []outcome) (words string, lesser bool) {
	parts := make([]string, len(outcomes))
	for n, o := range outcomes {
		parts[n] = o.Relation + " " + o.State
		if o.State == "refused" || o.State == "failed" {
			lesser = true
			parts[n] += " (" + o.Detail + ")"
		}
	}
	return strings.Join(parts, "; "), lesser
}

// publish makes the models that may serve live, all relations in one step, so that no page is
// ever made of half a recompute, and removes old ones. It says what became of them in outcomes,
// and returns the failures by relation. Of a publishing that fails all models stay stored, and
// those that were live stay live.
func (r *Recomputer) publish(ctx context.Context, t *jobs.Task, outcomes []outcome) map[string]error {
	var versions []string
	for _, o := range outcomes {
		if o.publish {
			versions = append(versions, o.Version)
		}
	}
	failures := map[string]error{}
	if len(versions) > 0 {
		t.Report("publishing", .97)
		_, err := r.Registry.Publish(ctx, t.Shop, versions, t.Request.Reason)
		for n := range outcomes {
			o := &outcomes[n]
			switch {
			case !o.publish:
			case err == nil:
				o.State = "published"
			default:
				o.State, o.Detail = "failed", "it could not be made live: "+err.Error()
				failures[o.Relation] = fmt.Errorf("%s: make %s live: %w", o.Relation, o.Version, err)
			}
		}
		if err != nil && ctx.Err() == nil {
			r.Logger.Error("new models could not be made live, those of before stay", "shop", t.Shop, "versions", versions, "error", err)
		}
	}
	for _, o := range outcomes {
		if o.Version == "" {
			continue
		}
		if err := r.Registry.Prune(ctx, t.Shop, o.Relation, kept); err != nil && ctx.Err() == nil {
			r.Logger.Warn("old models not removed", "shop", t.Shop, "error", err)
		}
	}
	return failures
}

// NewOutcomes registers and returns the counter of what became of relations.
func NewOutcomes(registry prometheus.Registerer) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_recompute_relations_total",
		Help: "Relations of recomputes, by what became of them: published, stored, refused, skipped or failed.",
	}, []string{"relation", "state"})
	for _, relation := range similarityapi.Relations() {
		for _, state := range []string{"published", "stored", "refused", "skipped", "failed"} {
			c.WithLabelValues(relation, state) // there from the start, so that the first one is seen as an increase
		}
	}
	registry.MustRegister(c)
	return c
}

// stage reports the progress of one relation within the whole job: relation takes up the part
// of it that begins at from and is width wide, both of 1.
type stage struct {
	task        *jobs.Task
	relation    string
	from, width float64
}

// report tells what is being done and which share of the relation, 0 to 1, is done.
func (s stage) report(what string, share float64) {
	s.task.Report(s.relation+": "+what, s.from+s.width*share)
}

// relation makes the model of one relation: read and prepare the interactions, let the
// algorithms compete and build the winner, judge it, and store it with the verdict. What it
// returns besides an error says how far it came. Memory is that of the counted interactions;
// large ones are in temporary files, which it removes.
func (r *Recomputer) relation(ctx context.Context, s stage) (outcome, error) {
	s.report("reading", 0)
	b, err := r.base(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	sample := eventweights.NewSample()
	p, err := r.read(ctx, s, b.since(), sample)
	if err != nil {
		return outcome{}, err
	}
	defer r.giveUp(p, s)
	if p.Large() {
		defer garbage.Return(math.MaxInt) // all of this is garbage before the new models are opened
		defer garbage.CollectEarly()()
	}
	o := outcome{Preparation: p.Report}
	var touched []int32
	if b != nil {
		touched = b.touched(p)
		o.Touched = len(touched)
		if len(touched) == 0 {
			o.State, o.Detail = "skipped", "no item has interactions that "+b.version+" has not seen"
			return o, nil
		}
	}
	c, err := r.compete(ctx, s, p, b, touched)
	if err != nil {
		return o, err
	}
	o.Parts = c.parts
	for _, result := range c.board.Results {
		o.Leaderboard = append(o.Leaderboard, leaderboardEntry{result.Name, result.Validation.NDCG, result.Validation.Recall})
	}
	s.report("gate", .9)
	verdict, err := r.judge(ctx, s, p, c)
	if err != nil {
		return o, err
	}
	o.Gate = &verdict
	s.report("storing", .93)
	c.report.EventWeights = r.eventWeights(ctx, s, p, c, sample)
	return r.store(ctx, s, p, c, o)
}

// read streams the interactions of a relation, some of them into sample, and notes the items
// with any since a Unix second; 0 notes none. A stream that was cut is an error: a model of
// half the interactions would pass for a whole one.
func (r *Recomputer) read(ctx context.Context, s stage, since int64, sample *eventweights.Sample) (*prepare.Prepared, error) {
	wait, cancel := context.WithTimeout(ctx, catalogueWait)
	family, err := r.Families(wait, s.task.Shop)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	stream, err := r.Profile.ForShop(s.task.Shop).Interactions(ctx, profileapi.InteractionsQuery{Relation: s.relation})
	if err != nil {
		return nil, fmt.Errorf("read interactions: %w", err)
	}
	defer stream.Close()
	warn := func(err error) {
		r.Logger.Warn("a recompute needs more memory than it should", "shop", s.task.Shop, "relation", s.relation, "error", err)
	}
	collector := prepare.NewCollector(prepare.Options{
		Relation: s.relation, Family: family, Since: since, MaxTests: 2 * maxTests, Warn: warn,
	})
	add := func(b *profileapi.InteractionBlock) {
		collector.Add(b)
		if s.relation == similarityapi.Similar {
			sample.Add(b)
		}
	}
	if err := eachBlock(stream, add); err != nil {
		return nil, errors.Join(fmt.Errorf("read interactions: %w", err), collector.Close())
	}
	s.report("preparing", .1)
	return collector.Finish()
}

// giveUp releases what a recompute holds on disk.
func (r *Recomputer) giveUp(p *prepare.Prepared, s stage) {
	if err := p.Close(); err != nil {
		r.Logger.Warn("a temporary file was not removed", "shop", s.task.Shop, "relation", s.relation, "error", err)
	}
}

// store keeps the model with its verdict, and notes whether request and verdict want it to
// become live. Both builds are stored: the final one is served, the train-only one is what a
// later recompute compares with. Bundles are mined here because they need the orders, which
// bought_together has read.
func (r *Recomputer) store(ctx context.Context, s stage, p *prepare.Prepared, c *competition, o outcome) (outcome, error) {
	request := s.task.Request
	winner := c.board.Winner()
	m := similarityapi.Model{
		Relation: s.relation, Algorithm: winner.Name, Parameters: winner.Parameters, State: serving.StateReady,
		Metrics: figures(winner), Gate: o.Gate, Preparation: o.Preparation, JobID: s.task.Root(),
	}
	publish := request.Publish == publishAlways || request.Publish == publishGate && o.Gate.Passed
	if !o.Gate.Passed {
		m.State = serving.StateRejected
		if publish {
			m.State, o.Gate.Forced, o.Gate.Reason = serving.StateReady, true, request.Reason
		}
	}
	recipe, err := json.Marshal(c.board.Recipe)
	if err != nil {
		return o, fmt.Errorf("encode the recipe: %w", err)
	}
	meta := snapshot.Meta{Relation: s.relation, Algorithm: winner.Name, Parameters: winner.Parameters, Recipe: recipe}
	trainOnly, err := contentOf(meta, p, c.trainOnly)
	if err != nil {
		return o, err
	}
	meta.Until = p.Until
	content, err := contentOf(meta, p, c.final)
	if err != nil {
		return o, err
	}
	extras := store.Extras{Report: &c.report}
	if s.relation == similarityapi.BoughtTogether {
		found, orders, err := bundles.Mine(ctx, p.Full.Train)
		if err != nil {
			return o, err
		}
		extras.Bundles = bundles.Named(found, orders, p.Full.Items.ID)
	}
	if m, err = r.Registry.Store(ctx, s.task.Shop,
		serving.New{Model: m, Content: content, TrainOnly: trainOnly, Extras: extras}); err != nil {
		return o, err
	}
	s.task.AddModel(m.Version)
	o.Version, o.State = m.Version, "stored"
	if !o.Gate.Passed && !publish {
		o.State, o.Detail = "refused", refusal(o.Gate)
	}
	o.publish = publish
	return o, nil
}

// refusal names the first check that did not pass, for the log and the job.
func refusal(g *similarityapi.Gate) string {
	i := slices.IndexFunc(g.Checks, func(c similarityapi.GateCheck) bool { return !c.Passed })
	return "the gate refused it: " + g.Checks[i].Name + ": " + g.Checks[i].Detail
}

// contentOf lays a trained model out as a snapshot. It has neighbour lists or a session model.
func contentOf(meta snapshot.Meta, p *prepare.Prepared, t *rank.Model) (*snapshot.Content, error) {
	meta.SeedHalfLife = t.SeedHalfLife
	c := &snapshot.Content{Meta: meta, Items: p.Full.Items.IDs(), Support: p.Support, Lists: t.Lists}
	if t.Sessions != nil {
		var buffer bytes.Buffer
		if _, err := t.Sessions.WriteTo(&buffer); err != nil {
			return nil, fmt.Errorf("encode the session model: %w", err)
		}
		c.Sessions = buffer.Bytes()
	}
	return c, nil
}
