// Package ingest takes posted events from the decoder to the store: it numbers nothing and decides nothing about JSON, but
// shares commits among callers and turns outcomes into verdicts. The main type is Ingest.
package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/stages"
)

// Ingest accepts events.
type Ingest struct {
	group     *group
	rules     *event.Rules
	retention func(shop string) time.Duration
	now       func() time.Time
	metrics   *metrics

	// Saw is told of what was stored and who sent it; nil tells nobody. It must not block.
	Saw func(shop string, rows []store.NewEvent, from robots.Sender)

	verdictLog *verdictLog
}

// New returns an Ingest over log, with its metrics on registry. retention says how long a shop keeps events.
func New(
	log store.EventLog, rules *event.Rules, retention func(shop string) time.Duration, now func() time.Time, registry prometheus.Registerer,
) *Ingest {
	g := newGroup(log)
	m := newMetrics(registry, g.waiting)
	g.sizes = m.commits
	return &Ingest{group: g, rules: rules, retention: retention, now: now, metrics: m, verdictLog: newVerdictLog()}
}

// Decode reads a request body by the shop's rules; its errors are those of event.Rules.Decode. fromPage says that it came with a
// publishable key.
func (in *Ingest) Decode(shop string, data []byte, fromPage bool) (event.Body, error) {
	return in.decode(shop, data, event.Bounds{Most: event.MaxEvents, FromPage: fromPage})
}

// MaxRows is how many events of a file are stored in one commit: each visitor's state and pages are written once for all of them. It holds
// up the shop's other writers for less than half a second.
const MaxRows = 16000

// DecodeRows is Decode for up to MaxRows events of a file.
func (in *Ingest) DecodeRows(shop string, data []byte) (event.Body, error) {
	return in.decode(shop, data, event.Bounds{Most: MaxRows, FromFile: true})
}

// decode sets the times of the bounds.
func (in *Ingest) decode(shop string, data []byte, b event.Bounds) (event.Body, error) {
	b.Now = in.now()
	b.Earliest = b.Now.Add(-in.retention(shop))
	return in.rules.Decode(data, b)
}

// Validate returns the verdicts that Post would give, as far as they do not depend on what is stored; but a name that is nearly a field's,
// which Post warns of, is an error here: whoever asks for validation is still writing the sender.
func (in *Ingest) Validate(events []event.Judged) profileapi.EventsAnswer {
	for i := range events {
		j := &events[i]
		for _, w := range j.Warnings {
			if w.Code == event.CodeNearField {
				j.Errors = append(j.Errors, w)
			}
		}
		j.Warnings = slices.DeleteFunc(j.Warnings, func(w profileapi.FieldError) bool { return w.Code == event.CodeNearField })
	}
	answer, _ := in.verdicts(events)
	return answer
}

// Post stores the valid events of a sender and returns a verdict on each. It returns after the commit.
func (in *Ingest) Post(ctx context.Context, shop string, events []event.Judged, from robots.Sender) (profileapi.EventsAnswer, error) {
	received := in.now().UnixMilli()
	answer, counts := in.verdicts(events)
	for i := range counts {
		counts[i].HourMs = store.HourOf(received)
	}
	rows := make([]store.NewEvent, 0, answer.Accepted)
	for i := range events {
		if len(events[i].Errors) == 0 {
			rows = append(rows, rowOf(&events[i].Event, received))
			rows[len(rows)-1].Import = store.ImportOf(ctx)
		}
	}
	stored := stages.Of(ctx).Begin("store")
	err := in.group.append(ctx, shop, rows, counts)
	stored()
	if err != nil {
		return profileapi.EventsAnswer{}, fmt.Errorf("store events: %w", err)
	}
	next := 0
	for i := range answer.Results {
		r := &answer.Results[i]
		if r.Status == profileapi.StatusRejected {
			continue
		}
		r.ID = rows[next].EventID
		if rows[next].Result.Duplicate {
			r.Status = profileapi.StatusDuplicate
			answer.Accepted--
			answer.Duplicates++
		}
		warnOfLines(&answer, r, events[i].Pointer, rows[next].Result.LeftOut)
		next++
	}
	if store.ImportOf(ctx) == "" { // an import has a report of its own
		in.verdictLog.add(shop, in.now(), events, &answer)
	}
	in.metrics.count(&answer, rows)
	if in.Saw != nil {
		in.Saw(shop, rows, from)
	}
	return answer, nil
}

// warnOfLines names the lines of a purchase that its order has already.
func warnOfLines(answer *profileapi.EventsAnswer, r *profileapi.Result, pointer string, leftOut []int) {
	if len(leftOut) > 0 && len(r.Warnings) == 0 {
		answer.Warned++
	}
	for _, n := range leftOut {
		r.Warnings = append(r.Warnings, profileapi.FieldError{
			Pointer: fmt.Sprintf("%s/items/%d", pointer, n), Code: "duplicate_line",
			Detail: "The order has this line already; it is not counted again.",
		})
	}
}

// verdicts judges without the store and counts rejections and warnings by code.
func (in *Ingest) verdicts(events []event.Judged) (profileapi.EventsAnswer, []store.Count) {
	answer := profileapi.EventsAnswer{Results: make([]profileapi.Result, len(events))}
	var counts []store.Count
	for i := range events {
		j := &events[i]
		answer.Results[i] = profileapi.Result{Index: i, ID: j.Event.ID, Status: profileapi.StatusAccepted, Warnings: j.Warnings}
		if len(j.Errors) == 0 {
			answer.Accepted++
			if len(j.Warnings) > 0 {
				answer.Warned++
			}
			for _, w := range j.Warnings {
				counts = append(counts, store.Count{Name: store.StatWarned + w.Code, N: 1})
			}
			continue
		}
		answer.Rejected++
		answer.Results[i].Status, answer.Results[i].Errors = profileapi.StatusRejected, j.Errors
		counts = append(counts, store.Count{Name: store.StatRejected + j.Errors[0].Code, N: 1})
	}
	return answer, counts
}

// rowOf returns the stored form of a valid event.
func rowOf(e *event.Event, received int64) store.NewEvent {
	return store.NewEvent{
		Event: store.Event{
			Subject: e.Subject(), SessionID: e.SessionID, EventID: e.ID, Type: e.Type, OccurredMs: e.OccurredMs, ReceivedMs: received,
			OrderID: e.OrderID, Value: e.Value, Lines: event.AppendLines(nil, e.Lines), Rest: e.Rest, FromPage: e.FromPage,
			Undated: !e.Timed,
		},
		Withheld: e.Withheld,
	}
}
