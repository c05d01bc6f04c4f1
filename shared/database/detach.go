package database

import (
	"context"
	"time"
)

// Detached runs f without the caller's cancellation, for at most limit, and returns its result, or the caller's error as soon as the caller
// leaves; f then ends in the background. A statement that is cancelled in mid-flight costs its connection, with all that the connection has
// prepared, at the very moment when the store is slow. f must not touch what the caller goes on to use.
func Detached[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	free, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	if ctx.Done() == nil {
		defer cancel()
		return f(free)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		value, err := f(free)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
