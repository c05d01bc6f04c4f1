package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// storeProblem maps an error of a store to HTTP: a problem passes, anything else means that the store cannot answer now and the caller may try again.
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
	return apierror.Unavailable("The database did not answer. Send the request again.", 2*time.Second, err)
}
