package httpapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// modelWait bounds the questions about the models of one experiment: a change must not wait for a peer that is away.
	modelWait = 3 * time.Second
	// modelNotFound is the similarity-service's code for a version that it does not have.
	modelNotFound = "model_not_found"
)

// checkModels asks the similarity-service about the model versions that an experiment names. Those that do not exist, or are of another
// relation, are refused, unless before, which may be nil, named them already: a model can have been removed since. Those that nobody can be
// asked about now are unchecked.
func (a *API) checkModels(
	ctx context.Context, shop string, x, before *recommenderapi.Experiment,
) (refused, unchecked []apierror.FieldError) {
	ctx, cancel := context.WithTimeout(ctx, modelWait)
	defer cancel()
	for n := range x.Arms {
		versions := x.Arms[n].ModelVersions
		for _, relation := range slices.Sorted(maps.Keys(versions)) {
			field := a.checkVersion(ctx, shop, "/arms/"+strconv.Itoa(n)+"/model_versions", relation, versions[relation])
			switch {
			case field.Code == "":
			case field.Code == notChecked || namedBy(before, relation, versions[relation]):
				unchecked = append(unchecked, field)
			default:
				refused = append(refused, field)
			}
		}
	}
	return refused, unchecked
}

// notChecked is the code of a version of which nobody says whether there is one.
const notChecked = "not_checked"

// checkVersion says what is wrong with a model version for a relation; a code of "" for nothing.
func (a *API) checkVersion(ctx context.Context, shop, pointer, relation, version string) apierror.FieldError {
	field := apierror.FieldError{Pointer: apierror.PointerTo(pointer, relation)}
	m, err := a.Model(ctx, shop, version)
	p := problemOf(err)
	switch {
	case err == nil && m.Relation == relation:
	case err == nil:
		field.Code, field.Detail = "wrong_relation", fmt.Sprintf(
			"%q is a model of %s, not of %s: take a version from GET /v1/models?relation=%s", version, m.Relation, relation, relation,
		)
	case p != nil && p.Code == modelNotFound:
		field.Code, field.Detail = modelNotFound, fmt.Sprintf(
			"there is no model version %q: take one from GET /v1/models?relation=%s", version, relation,
		)
	default:
		field.Code, field.Detail = notChecked, fmt.Sprintf(
			"whether there is a model version %q is not known: the similarity-service does not answer; without it the "+
				"arm's answers are degraded",
			version,
		)
	}
	return field
}

// problemOf is what a service answered; nil for no error.
func problemOf(err error) *apierror.Problem {
	if err == nil {
		return nil
	}
	return apierror.From(err)
}

// namedBy reports whether an arm of an experiment has a model version for a relation.
func namedBy(x *recommenderapi.Experiment, relation, version string) bool {
	return x != nil &&
		slices.ContainsFunc(x.Arms, func(arm recommenderapi.ExperimentArm) bool { return arm.ModelVersions[relation] == version })
}
