package serving

import (
	"context"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// MadeBy returns the models of a job, newest first, and the versions of them that are or were live.
func (r *Registry) MadeBy(ctx context.Context, shop, jobID string) (published []string, models []similarityapi.Model, err error) {
	live, err := r.store.Live(ctx, shop)
	if err != nil {
		return nil, nil, err
	}
	all, err := r.store.Models(ctx, shop, "")
	if err != nil {
		return nil, nil, err
	}
	for _, m := range all {
		if m.JobID != jobID {
			continue
		}
		models = append(models, m)
		if p := live.Relations[m.Relation]; p.Version == m.Version || slices.Contains(p.Previous, m.Version) {
			published = append(published, m.Version)
		}
	}
	return published, models, nil
}

// Discard removes what a job that is begun again has made of a relation and not made live. A
// version that is or was live stays: people may look back at it.
func (r *Registry) Discard(ctx context.Context, shop, jobID, relation string) error {
	published, models, err := r.MadeBy(ctx, shop, jobID)
	if err != nil {
		return err
	}
	for _, m := range models {
		if m.Relation == relation && !slices.Contains(published, m.Version) {
			if err := r.Delete(ctx, shop, m.Version); err != nil {
				return err
			}
		}
	}
	return nil
}
