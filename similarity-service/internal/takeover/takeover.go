// Package takeover brings what earlier versions kept as JSON documents in object storage into the store, once per shop. The documents stay
// where they are.
package takeover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/schedule"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// newestLive is the newest form of the documents that say what is live.
//
// 1: one document per relation, live/<relation>.json
// 2: one document per shop and change, live/<number>.json; the highest number counts
const newestLive = 2

// Takeover reads documents.
type Takeover struct {
	Bucket blob.Bucket
	Store  *store.Store
	Logger *slog.Logger
	Now    func() time.Time
}

// Run takes over every shop of the bucket that has not been taken over. Processes that still run an earlier version must have been stopped:
// what they write afterwards is not seen.
func (t *Takeover) Run(ctx context.Context) error {
	shops, err := t.Bucket.List(ctx, "shops")
	if err != nil {
		return fmt.Errorf("look for documents of an earlier version: %w", err)
	}
	for _, shop := range shops {
		done, err := t.Store.TakenOver(ctx, shop)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		d, err := t.read(ctx, shop)
		if err != nil {
			return fmt.Errorf("take over the documents of shop %s: %w", shop, err)
		}
		if err := t.Store.TakeOver(ctx, shop, d, t.Now()); err != nil {
			return err
		}
		if n := len(d.Models) + len(d.Jobs) + len(d.Schedules) + len(d.Audit); n > 0 {
			t.Logger.Info("documents of an earlier version taken over into the database", "shop", shop,
				"models", len(d.Models), "live", len(d.Live), "jobs", len(d.Jobs), "schedules", len(d.Schedules), "audit", len(d.Audit))
		}
	}
	return nil
}

// read reads all documents of a shop.
func (t *Takeover) read(ctx context.Context, shop string) (d store.Documents, err error) {
	if d.Models, err = all[similarityapi.Model](ctx, t, shop, "models"); err != nil {
		return d, err
	}
	if d.Schedules, err = all[similarityapi.Schedule](ctx, t, shop, "schedules"); err != nil {
		return d, err
	}
	for n := range d.Schedules {
		if v := &d.Schedules[n]; !v.Paused {
			next, err := schedule.Next(shop, *v, t.Now())
			if err != nil {
				return d, err
			}
			v.NextAt = wire.TimeOf(next)
		}
	}
	if d.Jobs, err = all[similarityapi.Job](ctx, t, shop, "jobs"); err != nil {
		return d, err
	}
	for n := range d.Jobs {
		if j := &d.Jobs[n]; !j.Done() {
			j.State, j.FinishedAt = similarityapi.JobFailed, wire.TimeOf(t.Now())
			j.Error = "given up: the process that ran it ended; the live models are as before, start it again"
		}
	}
	if d.Audit, err = all[audit.Entry](ctx, t, shop, "audit"); err != nil {
		return d, err
	}
	d.Live, err = t.live(ctx, shop)
	return d, err
}

// live reads what is live: the newest sound document of form 2, else those of form 1.
func (t *Takeover) live(ctx context.Context, shop string) (map[string]store.Pointer, error) {
	names, err := t.Bucket.List(ctx, path(shop, "live"))
	if err != nil {
		return nil, err
	}
	first := map[string]store.Pointer{}
	for _, name := range slices.Backward(names) { // numbers have leading zeros, and come before relations
		at := path(shop, "live", name)
		relation := strings.TrimSuffix(name, ".json")
		if _, err := strconv.ParseUint(relation, 10, 64); err != nil {
			var p store.Pointer
			if sound, err := t.document(ctx, at, &p); err != nil {
				return nil, err
			} else if sound {
				first[relation] = p
			}
			continue
		}
		var set struct {
			Format    int                      `json:"format"`
			Relations map[string]store.Pointer `json:"relations"`
		}
		sound, err := t.document(ctx, at, &set)
		if err != nil {
			return nil, err
		}
		if !sound {
			continue
		}
		if set.Format > newestLive {
			return nil, fmt.Errorf("%s was written by a newer program: run that one", at)
		}
		return set.Relations, nil
	}
	return first, nil
}

func path(shop string, parts ...string) string {
	return strings.Join(append([]string{"shops", shop}, parts...), "/")
}

// all reads the documents of a folder of a shop, in order of name.
func all[T any](ctx context.Context, t *Takeover, shop, folder string) ([]T, error) {
	names, err := t.Bucket.List(ctx, path(shop, folder))
	if err != nil {
		return nil, err
	}
	var list []T
	for _, name := range names {
		var v T
		sound, err := t.document(ctx, path(shop, folder, name), &v)
		if err != nil {
			return nil, err
		}
		if sound {
			list = append(list, v)
		}
	}
	return list, nil
}

// document reads a document, and reports false for one that is damaged, as on the full disk of an early version: it is logged and stays
// where it is.
func (t *Takeover) document(ctx context.Context, at string, v any) (sound bool, err error) {
	r, err := t.Bucket.Open(ctx, at)
	if errors.Is(err, blob.ErrNotFound) { // removed meanwhile
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", at, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Logger.Error("a document is damaged and was not taken over: it stays where it is", "path", at, "error", err)
		return false, nil
	}
	return true, nil
}
