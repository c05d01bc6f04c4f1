package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"gocloud.dev/gcerrors"
)

// PutDocument stores v as JSON, replacing what was there.
func (a *Archive) PutDocument(ctx context.Context, at string, v any) error {
	return a.putDocument(ctx, at, v, false)
}

// PutNewDocument stores v as JSON where nothing is yet, or returns ErrExists: of several who try at once one succeeds.
func (a *Archive) PutNewDocument(ctx context.Context, at string, v any) error {
	return a.putDocument(ctx, at, v, true)
}

func (a *Archive) putDocument(ctx context.Context, at string, v any, fresh bool) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", at, err)
	}
	err = a.put(ctx, at, "application/json", fresh, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err == nil {
		a.sound(at)
	}
	return err
}

// Document reads JSON into v, or returns ErrNotFound or ErrDamaged. A damaged document is logged once.
func (a *Archive) Document(ctx context.Context, at string, v any) error {
	data, err := a.bucket.ReadAll(ctx, at)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%s: %w", at, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", at, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return a.damage(at, err)
	}
	a.sound(at)
	return nil
}

// damage notes a document that cannot be read.
func (a *Archive) damage(at string, cause error) error {
	a.mu.Lock()
	_, known := a.damaged[at]
	a.damaged[at] = cause
	a.mu.Unlock()
	if !known {
		a.logger.Error("a document of the archive is damaged and passed over: restore it from a backup or delete it", "path", at, "error", cause)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, at, cause)
}

func (a *Archive) sound(at string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.damaged, at)
}

// Damaged returns the paths of the documents that could not be read the last time, sorted.
func (a *Archive) Damaged() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.damaged))
}
