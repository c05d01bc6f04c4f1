package recompute

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
)

const (
	// partsFrom is the number of interactions from which a relation is searched and built in parts: what is smaller is done sooner than
	// handed out.
	partsFrom = 20_000
	// itemsPerPart and maxRanges say in how many ranges lists are built: so many that a slow
	// process does not keep the others waiting for long.
	itemsPerPart = 500
	maxRanges    = 12
)

// elsewhere is evaluate.Elsewhere through parts of a job. Its parts and files have names of its
// own, so that a process that was taken for dead and goes on gets in nobody's way. Whoever does
// a part gets the options of this run, so that the result is the same bytes as without parts.
type elsewhere struct {
	recomputer *Recomputer
	ctx        context.Context // of the run
	stage      stage
	steering   steering
	prepared   *prepare.Prepared
	run        string
	others     int  // processes beside this one
	final      bool // the final model is built from scratch, too

	stored map[string]string   // paths of the data sets in work files, by name
	builds map[string][]string // names of the parts that build, by data set
	ranges map[string][]string // and the paths of what they build
	parts  int                 // posted so far
}

// spread has other processes do parts of a run where there are any and the run is worth it; nil otherwise.
func (r *Recomputer) spread(ctx context.Context, s stage, p *prepare.Prepared, b *base, o evaluate.Options) *elsewhere {
	from := partsFrom
	if r.PartsFrom > 0 {
		from = r.PartsFrom
	}
	if r.Jobs == nil || p.Split.Interactions() < from {
		return nil
	}
	others := r.Jobs.Others(ctx)
	if others == 0 {
		return nil
	}
	return &elsewhere{
		recomputer: r, ctx: ctx, stage: s, steering: steeringOf(o), prepared: p, run: uuid.NewString()[:8], others: others,
		final:  b == nil || !b.recipe.Refreshable(p.Full.Relation),
		stored: map[string]string{}, builds: map[string][]string{}, ranges: map[string][]string{},
	}
}

// end removes the files of the run.
func (e *elsewhere) end() {
	e.recomputer.Work.forget()
	if err := e.recomputer.Work.remove(context.WithoutCancel(e.ctx), e.stage.task, e.run+"."); err != nil {
		e.recomputer.Logger.Warn(
			"work files are left until the job ends", "shop", e.stage.task.Shop, "job_id", e.stage.task.JobID, "error", err,
		)
	}
}

// path is where a work file of this run is.
func (e *elsewhere) path(name string) string {
	return workFolder(e.stage.task) + "/" + e.run + "." + name
}

// data stores a data set once and returns its path.
func (e *elsewhere) data(name string, d *dataset.Data) (string, error) {
	if path, ok := e.stored[name]; ok {
		return path, nil
	}
	path := e.path(name)
	if err := e.recomputer.Work.putData(e.ctx, path, d); err != nil {
		return "", err
	}
	e.stored[name] = path
	return path, nil
}

// Search implements evaluate.Elsewhere: a part for each chain, all posted before the first is
// waited for. This process does parts, too, while it waits. found has the answers in the order
// of the chains.
func (e *elsewhere) Search(chains []evaluate.Chain) ([][]evaluate.Found, error) {
	data, err := e.data("split", e.prepared.Split)
	if err != nil {
		return nil, err
	}
	var parts []jobs.Part
	var names, answers []string
	for n, c := range chains {
		name := fmt.Sprint("search-", n)
		spec := searchSpec{e.stage.relation, e.steering, data, e.path(name + "-in"), e.path(name)}
		if err := e.recomputer.Work.put(e.ctx, spec.Chain, c); err != nil {
			return nil, err
		}
		names, answers = append(names, e.run+"-"+name), append(answers, spec.Answer)
		parts = append(parts, jobs.Part{Name: names[n], Kind: kindSearch, Spec: spec})
	}
	if err := e.post(parts); err != nil {
		return nil, err
	}
	if err := e.await(names, .1, .5); err != nil {
		return nil, err
	}
	found := make([][]evaluate.Found, len(chains))
	for n, path := range answers {
		if err := e.recomputer.Work.get(e.ctx, path, &found[n]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Build implements evaluate.Elsewhere. The first time it also has the final model built, which
// will be asked for next, so that no process stands idle between the two.
func (e *elsewhere) Build(d *dataset.Data, r *evaluate.Recipe) (*rank.Model, error) {
	if len(e.builds) == 0 {
		if err := e.postBuilds(r); err != nil {
			return nil, err
		}
	}
	name := "full"
	if d == e.prepared.Split {
		name = "split"
	}
	if err := e.await(e.builds[name], .6, .2); err != nil {
		return nil, err
	}
	lists := neighbours.NewLists(d.Items.Len(), e.steering.Neighbours)
	for _, path := range e.ranges[name] {
		var part listRange
		if err := e.recomputer.Work.get(e.ctx, path, &part); err != nil {
			return nil, err
		}
		if err := part.into(lists); err != nil {
			return nil, err
		}
	}
	return r.Model(lists)
}

// postBuilds leaves the builds of both models to whoever takes them. A recipe that cannot be
// divided is one part. With a live model whose lists are refreshed the final model is not among
// them.
func (e *elsewhere) postBuilds(r *evaluate.Recipe) error {
	sets := map[string]*dataset.Data{"split": e.prepared.Split}
	if e.final {
		if err := e.prepared.Complete(); err != nil {
			return err
		}
		sets["full"] = e.prepared.Full
	}
	var parts []jobs.Part
	for _, name := range []string{"split", "full"} {
		d := sets[name]
		if d == nil {
			continue
		}
		path, err := e.data(name, d)
		if err != nil {
			return err
		}
		n, ranges := d.Items.Len(), 1
		if r.Divisible(e.stage.relation) {
			ranges = min(max(n/itemsPerPart, 1), maxRanges)
		}
		for at := range ranges {
			part := fmt.Sprint("build-", name, "-", at)
			spec := buildSpec{e.stage.relation, e.steering, r, n * at / ranges, n * (at + 1) / ranges, path, e.path(part)}
			parts = append(parts, jobs.Part{Name: e.run + "-" + part, Kind: kindBuild, Spec: spec})
			e.builds[name] = append(e.builds[name], e.run+"-"+part)
			e.ranges[name] = append(e.ranges[name], spec.Answer)
		}
	}
	return e.post(parts)
}

// post counts parts and leaves them to whoever takes them.
func (e *elsewhere) post(parts []jobs.Part) error {
	e.parts += len(parts)
	return e.recomputer.Jobs.Post(e.ctx, e.stage.task, parts)
}

// await waits until parts of some names have succeeded, and reports their progress within a
// part of the relation's that begins at from and is width wide. The first one that failed is
// the error.
func (e *elsewhere) await(names []string, from, width float64) error {
	ended, err := e.recomputer.Jobs.Await(e.ctx, e.stage.task, names, func(all []similarityapi.Job) {
		done := 0
		for _, p := range all {
			if p.Done() {
				done++
			}
		}
		e.stage.report(fmt.Sprintf("%d of %d parts are done", done, len(all)), from+width*float64(done)/float64(max(len(all), 1)))
	})
	if err != nil {
		return err
	}
	for _, p := range ended {
		if err := jobs.Failed(p); err != nil {
			return fmt.Errorf("a part of it: %w", err)
		}
	}
	return nil
}
