// Package history lists stored events in the form of the API, filtered and page by page, and sums up the statistics of ingestion. The main
// type is Reader.
package history

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Reader reads stored events. All exported fields are set, and it is safe for concurrent use.
type Reader struct {
	Log        store.EventLog
	Identities store.Identities
	Visitors   store.Visitors
	Now        func() time.Time

	shares    sync.Map // by shop: share
	measuring singleflight.Group
}

// Read returns the events of a scan in the form of the API, leaving out those that keep
// refuses. An event that cannot be decoded ends it with an error.
func Read(
	ctx context.Context, log store.EventLog, shop string, q store.ScanQuery, keep func(*profileapi.StoredEvent) bool,
) ([]profileapi.StoredEvent, error) {
	var page []profileapi.StoredEvent
	var failed error
	err := log.Scan(ctx, shop, q, func(row *store.Event) bool {
		var e profileapi.StoredEvent
		if e, failed = storedEvent(row); failed != nil {
			return false
		}
		if keep(&e) {
			page = append(page, e)
		}
		return true
	})
	if err == nil {
		err = failed
	}
	return page, err
}

// storedEvent is a row in the form of the API. The user is the one that the event is stored
// under, who may be another than it was posted for.
func storedEvent(row *store.Event) (profileapi.StoredEvent, error) {
	lines, err := event.DecodeLines(nil, row.Lines)
	if err != nil {
		return profileapi.StoredEvent{}, fmt.Errorf("event %s: %w", row.EventID, err)
	}
	userID, _ := event.SplitSubject(row.Subject)
	e := event.Event{ID: row.EventID, Type: row.Type, UserID: userID, SessionID: row.SessionID, OrderID: row.OrderID,
		OccurredMs: row.OccurredMs,
		Value:      row.Value, Lines: lines, Rest: row.Rest}
	out, err := e.Wire()
	return profileapi.StoredEvent{
		Event: out, Seq: row.Seq, ReceivedAt: wire.TimeOf(time.UnixMilli(row.ReceivedMs)), FromPage: row.FromPage, Robot: row.Robot,
	}, err
}

// Query selects events of a listing; empty fields do not. Limit is that of a page and at least
// 1.
type Query struct {
	UserID, SessionID, Type, ItemID, RecommendationID string
	From, To                                          wire.Time // occurred in [From, To)
	Ascending                                         bool
	Limit                                             int
	After, UpTo                                       int64 // seq in (After, UpTo]; UpTo 0 means the last
}

// scanBudget bounds the events that one page of a filtered listing looks at: items and
// recommendations have no index, and a page shall be answered in a moment however rare they
// are.
const scanBudget = 20_000

// Page is a page of events. Next continues it, nil at the end.
type Page struct {
	Events []profileapi.StoredEvent
	Next   *Query
}

// Events returns a page of events. A filter that few events pass may give a short page before the end.
// The first page fixes UpTo, so that events which come later do not shift the pages behind it.
func (r *Reader) Events(ctx context.Context, shop string, q Query) (Page, error) {
	if q.UpTo == 0 {
		last, err := r.Log.LastSeq(ctx, shop)
		if err != nil {
			return Page{}, err
		}
		q.UpTo = last
	}
	sq, err := r.scanQuery(ctx, shop, q)
	if err != nil {
		return Page{}, err
	}
	var page Page
	next, seen := q, 0
	var failed error
	err = r.Log.Scan(ctx, shop, sq, func(row *store.Event) bool {
		seen++
		next.passed(row.Seq)
		var e profileapi.StoredEvent
		if e, failed = storedEvent(row); failed != nil {
			return false
		}
		if q.matches(&e) {
			page.Events = append(page.Events, e)
		}
		return len(page.Events) < q.Limit
	})
	if err == nil {
		err = failed
	}
	full := seen == sq.Limit || len(page.Events) == q.Limit
	if full && (q.Ascending || next.UpTo > 0) { // nothing is older than the first event of all
		page.Next = &next
	}
	return page, err
}

// passed continues the query behind an event.
func (q *Query) passed(seq int64) {
	if q.Ascending {
		q.After = seq
	} else {
		q.UpTo = seq - 1
	}
}

// scanQuery is the part of a query that the store can answer.
func (r *Reader) scanQuery(ctx context.Context, shop string, q Query) (store.ScanQuery, error) {
	sq := store.ScanQuery{After: q.After, UpTo: q.UpTo, SessionID: q.SessionID, Descending: !q.Ascending, Limit: scanBudget}
	if q.UserID != "" {
		subject, err := r.Identities.Canonical(ctx, shop, event.UserSubject(q.UserID))
		if err != nil {
			return sq, err
		}
		sq.Subjects = []string{subject}
	}
	if q.Type != "" {
		sq.Types = []string{q.Type}
	}
	if !q.From.IsZero() {
		sq.FromMs = q.From.UnixMilli()
	}
	if !q.To.IsZero() {
		sq.ToMs = q.To.UnixMilli()
	}
	if q.ItemID == "" && q.RecommendationID == "" {
		sq.Limit = q.Limit
	}
	return sq, nil
}

// matches tells whether an event has the item and the recommendation that are asked for, on itself or on a line.
func (q *Query) matches(e *profileapi.StoredEvent) bool {
	item := q.ItemID == "" || e.ItemID == q.ItemID
	recommendation := q.RecommendationID == "" || e.RecommendationID == q.RecommendationID
	for i := range e.Items {
		item = item || e.Items[i].ItemID == q.ItemID
		recommendation = recommendation || e.Items[i].RecommendationID == q.RecommendationID
	}
	return item && recommendation
}
