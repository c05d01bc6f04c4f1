// Package auditlog keeps the audit log of the similarity-service in the archive: one document per entry, named by its id, which ascends with time. The main
// type is Log.
package auditlog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// Log is an audit.Log in the archive.
type Log struct{ Archive *archive.Archive }

func path(shop, id string) string { return archive.Path(shop, "audit", id+".json") }

// Append stores an entry.
func (l Log) Append(ctx context.Context, shop string, e *audit.Entry) error {
	return l.Archive.PutDocument(ctx, path(shop, e.ID), e)
}

// Finish stores the entry as it has become.
func (l Log) Finish(ctx context.Context, shop string, e *audit.Entry) error {
	return l.Archive.PutDocument(ctx, path(shop, e.ID), e)
}

// List returns the newest entries that a query selects, newest first. It reads entries until it has enough, so that one that selects few reads all.
func (l Log) List(ctx context.Context, shop string, q audit.Query) ([]audit.Entry, error) {
	ids, err := l.ids(ctx, shop)
	if err != nil {
		return nil, err
	}
	var list []audit.Entry
	for _, id := range slices.Backward(ids) {
		if len(list) >= q.Limit {
			break
		}
		if q.Below != "" && id >= q.Below || !q.To.IsZero() && made(id).After(q.To) {
			continue
		}
		if !q.From.IsZero() && made(id).Before(q.From.Add(-time.Second)) {
			break
		}
		var e audit.Entry
		switch err := l.Archive.Document(ctx, path(shop, id), &e); {
		case errors.Is(err, archive.ErrNotFound) || errors.Is(err, archive.ErrDamaged): // removed meanwhile, or reported by the archive
		case err != nil:
			return nil, err
		case q.Matches(&e):
			list = append(list, e)
		}
	}
	return list, nil
}

// Purge removes the entries of a shop from before a moment.
func (l Log) Purge(ctx context.Context, shop string, before time.Time) error {
	ids, err := l.ids(ctx, shop)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !made(id).Before(before) {
			break
		}
		if err := l.Archive.Delete(ctx, path(shop, id)); err != nil {
			return err
		}
	}
	return nil
}

// ids returns the ids of a shop's entries, oldest first.
func (l Log) ids(ctx context.Context, shop string) ([]string, error) {
	names, err := l.Archive.List(ctx, archive.Path(shop, "audit"))
	if err != nil {
		return nil, err
	}
	for n := range names {
		names[n] = strings.TrimSuffix(names[n], ".json")
	}
	slices.Sort(names)
	return names, nil
}

// made is when an entry was made, as its id says; now for a file that is no entry, which Document refuses.
func made(id string) time.Time {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return time.Now()
	}
	seconds, nanoseconds := parsed.Time().UnixTime()
	return time.Unix(seconds, nanoseconds)
}
