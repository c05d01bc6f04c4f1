package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/database"
)

// problem maps an error to HTTP: a problem passes; the store's sentinels are 404 and 409;
// anything unknown is told by what is wrong with the store, or is a bug of ours. thing and id
// are for the text of a 404. It gives nil for nil, so that a handler can return its result and
// problem(err) in one line.
func problem(err error, thing, id string) error {
	var p *apierror.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, store.ErrNotFound):
		return apierror.NotFound(thing, id)
	case errors.Is(err, store.ErrVersion):
		return apierror.Conflict("concurrent_change", "Somebody else changed it at the same time. Read it again and repeat the change.")
	case errors.Is(err, context.Canceled):
		return apierror.Unavailable("The request was cancelled.", time.Second, nil)
	}
	return database.Problem(err)
}
