// Package interactions turns stored events into the stream that models are computed from: one weighted line per item of an event. The main
// type is Stream. The binary form itself is package profileapi's.
package interactions

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// blockLines is the size of a block: big enough to compress well, small enough to need little memory on both sides.
const blockLines = 16 << 10

// Stream reads interactions.
type Stream struct {
	Log     store.EventLog
	Weights event.Weights
	// Without are the channels that models do not learn from.
	Without []string
	// RobotsAsOf returns the time of a shop's latest verdict on a robot.
	RobotsAsOf func(ctx context.Context, shop string) (int64, error)
}

// Range is a prepared query: which events it covers is settled, so that a stream and its resumption see one snapshot.
type Range struct {
	RobotsAsOf int64 // time of the latest verdict on a robot, whose events are left out; epoch milliseconds

	shop  string
	query store.ScanQuery
	weigh func(eventType string, value *float64) float64
}

// Prepare checks a query and fixes the snapshot: the events acknowledged now, those since the end of another stream, or those of the stream
// that is resumed.
func (s *Stream) Prepare(ctx context.Context, shop string, q profileapi.InteractionsQuery) (Range, error) {
	types, ok := event.LearnedBy(q.Relation)
	if !ok {
		return Range{}, apierror.Invalid("There is no such relation.", apierror.FieldError{Parameter: "relation", Code: "unknown_relation",
			Detail: "Use similar, bought_together or viewed_next, or leave it out for every interaction."})
	}
	r := Range{shop: shop, query: store.ScanQuery{Types: types, OnlyPeople: true, Limit: blockLines}, weigh: s.Weights.Of}
	if q.Relation != "" {
		r.weigh = s.Weights.Teaches
	}
	var err error
	if r.RobotsAsOf, err = s.RobotsAsOf(ctx, shop); err != nil {
		return Range{}, err
	}
	if !q.From.IsZero() {
		r.query.FromMs = q.From.UnixMilli()
	}
	if !q.To.IsZero() {
		r.query.ToMs = q.To.UnixMilli()
	}
	switch {
	case q.Resume != "" && q.After != "":
		return Range{}, apierror.Invalid("The stream cannot be begun.", apierror.FieldError{
			Parameter: "after", Code: "not_allowed", Detail: "resume goes on with a stream that was cut, after begins behind one that " +
				"ended: pass one of them.",
		})
	case q.Resume != "":
		if err := r.begin("resume", q.Resume); err != nil {
			return Range{}, err
		}
	case q.After != "":
		if err := r.begin("after", q.After); err != nil {
			return Range{}, err
		}
	}
	if q.Resume == "" {
		if r.query.UpTo, err = s.Log.LastSeq(ctx, shop); err != nil {
			return Range{}, err
		}
	}
	r.query.Standby = s.Log.AwaitStandby(ctx) // after all that the range goes by was read
	return r, nil
}

// begin takes the place of a stream from the cursor in a parameter: it begins behind the last event that the block has seen.
func (r *Range) begin(parameter, text string) error {
	if _, err := cursor.Decode(cursor.Interactions, text, &r.query.After, &r.query.UpTo); err != nil {
		return apierror.Malformed("The stream cannot be resumed.", apierror.FieldError{
			Parameter: parameter, Code: "invalid_cursor", Detail: err.Error(),
		})
	}
	return nil
}

// Sink takes interactions and the ends of blocks.
type Sink interface {
	// Add takes an interaction, which is valid during the call.
	Add(*profileapi.Interaction) error
	// Flush ends a block that can be resumed behind cursor.
	Flush(cursor string) error
	// Close ends the stream.
	Close() error
}

// Send writes every interaction of a range, oldest acknowledgement first, and then closes the sink. The store is not held while the sink
// writes.
func (s *Stream) Send(ctx context.Context, r Range, sink Sink) error {
	var (
		lines []event.Line
		line  profileapi.Interaction
	)
	for q := r.query; ; {
		read, pending := 0, 0
		var failed error
		err := s.Log.Scan(ctx, r.shop, q, func(e *store.Event) bool {
			read++
			q.After = e.Seq
			weight := r.weigh(e.Type, e.Value)
			if weight == 0 || len(s.Without) > 0 && slices.Contains(s.Without, event.Channel(e.Rest)) {
				return true
			}
			if lines, failed = event.DecodeLines(lines[:0], e.Lines); failed != nil {
				return false
			}
			fill(&line, e, weight)
			for i := range lines {
				line.ItemID, line.Quantity = lines[i].ItemID, float32(lines[i].Quantity)
				if failed = sink.Add(&line); failed != nil {
					return false
				}
			}
			pending += len(lines)
			return pending < blockLines
		})
		if err = cmp.Or(err, failed); err != nil {
			return fmt.Errorf("stream interactions behind event %d: %w", q.After, err)
		}
		if err := sink.Flush(cursor.Encode(cursor.Interactions, "", q.After, q.UpTo)); err != nil {
			return err
		}
		if read < q.Limit && pending < blockLines {
			return sink.Close()
		}
	}
}

func fill(line *profileapi.Interaction, e *store.Event, weight float64) {
	line.UserID, _ = event.SplitSubject(e.Subject)
	line.SessionID, line.Type, line.OrderID = e.SessionID, e.Type, e.OrderID
	if e.Type == event.TypePurchase && e.OrderID == "" {
		line.OrderID = e.EventID
	}
	line.Weight = float32(weight)
	line.OccurredAt = wire.Time{Time: time.UnixMilli(e.OccurredMs)}
}

// Binary is a Sink of the compact form.
type Binary struct{ *profileapi.InteractionWriter }

// Add implements Sink.
func (b Binary) Add(i *profileapi.Interaction) error {
	b.InteractionWriter.Add(i)
	return nil
}

// NDJSON is a Sink of one JSON object per line, for people.
type NDJSON struct{ encoder *json.Encoder }

// NewNDJSON returns an NDJSON sink on w.
func NewNDJSON(w io.Writer) NDJSON {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return NDJSON{encoder}
}

// Add implements Sink.
func (n NDJSON) Add(i *profileapi.Interaction) error { return n.encoder.Encode(i) }

// Flush implements Sink.
func (n NDJSON) Flush(string) error { return nil }

// Close implements Sink.
func (n NDJSON) Close() error { return nil }
