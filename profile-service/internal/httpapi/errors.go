package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/database"
)

// storeProblem maps an error of a store to HTTP: a problem passes, anything else is told by what is wrong with the store, or is a bug of
// ours. Every handler that asks another package passes its error through here. A caller who has
// gone gets 503, which nobody reads: it is no failure of the service.
func storeProblem(err error) error {
	var p *apierror.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, context.Canceled):
		return apierror.Unavailable("The request was cancelled.", time.Second, nil)
	}
	return database.Problem(err)
}
