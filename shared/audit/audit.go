// Package audit is the log of what people do to an installation: who changed which configuration, model or key or asked for whose data,
// what it was before and after, and when. Every service keeps the entries of what it owns; none of its audited operations does anything
// before its entry is stored. The main types are Entry, Log and Recorder.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Keep is how long entries are kept.
const Keep = 366 * 24 * time.Hour

// maxValue bounds the JSON of what a subject was before and after, in bytes each; of a larger one the size is kept.
const maxValue = 64 << 10

// The outcomes of an action, beside the code of the problem that it was refused with.
const (
	unfinished = "unfinished" // it is under way, or the process ended before it said how it went
	Done       = "done"
)

// Entry is one action.
type Entry struct {
	ID        string          `json:"id" doc:"Ascends with time"`
	At        wire.Time       `json:"at"`
	Actor     string          `json:"actor" doc:"Id of the key; open without keys; else the part of Aisle or the account that acted"`
	ActorKind string          `json:"actor_kind" doc:"Kind of the key, or system, or command"`
	Action    string          `json:"action" example:"scenario.put"`
	Subject   string          `json:"subject" example:"home.for_you" doc:"What was acted on; a person as a digest, kept after erasure"`
	Outcome   string          `json:"outcome" doc:"done, unfinished, or the code of the problem that it was refused with"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
}

// Query selects entries; zero fields do not.
type Query struct {
	Below    string // only entries whose id is smaller
	Action   string // this action, or all that begin with it and a dot: "scenario"
	Actor    string
	Subject  string
	From, To time.Time
	Limit    int
}

// Matches reports whether the query selects an entry.
func (q *Query) Matches(e *Entry) bool {
	return (q.Below == "" || e.ID < q.Below) && (q.Action == "" || e.Action == q.Action || strings.HasPrefix(e.Action, q.Action+".")) &&
		(q.Actor == "" || e.Actor == q.Actor) && (q.Subject == "" || e.Subject == q.Subject) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

// Log keeps the entries of one service.
type Log interface {
	// Append stores an entry.
	Append(ctx context.Context, shop string, e *Entry) error
	// Finish stores the outcome of an entry, and what became of its subject.
	Finish(ctx context.Context, shop string, e *Entry) error
	// List returns the newest entries that a query selects, newest first.
	List(ctx context.Context, shop string, q Query) ([]Entry, error)
}

// Person names a person in the log.
func Person(shop, userID string) string {
	sum := sha256.Sum256([]byte(shop + "\x00" + userID))
	return "person-" + hex.EncodeToString(sum[:8])
}

// New returns an unfinished entry of now.
func New(actor, kind, action, subject string, now time.Time) *Entry {
	return &Entry{
		ID: uuid.Must(uuid.NewV7()).String(), At: wire.TimeOf(now), Actor: actor, ActorKind: kind, Action: action, Subject: subject,
		Outcome: unfinished,
	}
}

// Value encodes what a subject is; nil for nothing.
func Value(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		data, _ = json.Marshal("not shown: " + err.Error())
	}
	if string(data) == "null" {
		return nil
	}
	if len(data) > maxValue {
		data, _ = json.Marshal(fmt.Sprintf("not kept: %d bytes", len(data)))
	}
	return data
}

// Recorder records actions.
type Recorder struct {
	Log    Log
	Logger *slog.Logger
	Now    func() time.Time
}

// finishLimit bounds how long the outcome of an action is tried to be stored.
const finishLimit = 10 * time.Second

// Do records an action around f, which returns what its subject is afterwards. Without an entry f is not called; a failure to store the
// outcome is logged, and the entry stays unfinished.
func (r *Recorder) Do(ctx context.Context, shop string, e *Entry, f func() (after any, err error)) error {
	if err := r.Log.Append(ctx, shop, e); err != nil {
		if database.FaultOf(err) == database.DiskFull { // what mends it is room, not patience
			return database.Problem(err)
		}
		return apierror.Unavailable("The audit log cannot be written, so nothing was done.", time.Second, err)
	}
	after, err := f()
	e.Outcome = Done
	if err != nil {
		e.Outcome = apierror.From(err).Code
	} else {
		e.After = Value(after)
	}
	free, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if err := r.Log.Finish(free, shop, e); err != nil {
		r.Logger.Warn(
			"the outcome of an action is missing in the audit log", "shop", shop, "entry", e.ID, "action", e.Action, "outcome", e.Outcome,
			"error", err,
		)
	}
	return err
}

// What describes an audited operation of the API.
type What[I any] struct {
	Action  string
	Subject func(shop string, in *I) string
	// State returns what the subject is; it is asked before and after. nil when After says enough.
	State func(ctx context.Context, shop string, in *I) any
	After func(in *I) any
}

// Handler records an operation of the API, whose handler is given the shop of its caller; a refusal is an outcome too.
func Handler[I, O any](
	r *Recorder, w What[I], handler func(ctx context.Context, shop string, in *I) (*O, error),
) func(context.Context, string, *I) (*O, error) {
	return func(ctx context.Context, shop string, in *I) (out *O, err error) {
		p := auth.FromContext(ctx)
		e := New(p.KeyID, string(p.Kind), w.Action, w.Subject(shop, in), r.Now())
		e.RequestID = p.RequestID
		if w.State != nil {
			e.Before = Value(w.State(ctx, shop, in))
		}
		err = r.Do(ctx, shop, e, func() (any, error) {
			out, err = handler(ctx, shop, in)
			switch {
			case err != nil:
				return nil, err
			case w.State != nil:
				return w.State(ctx, shop, in), nil
			case w.After != nil:
				return w.After(in), nil
			}
			return nil, nil
		})
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// OfKey returns the entry of a change of the keys file.
func OfKey(c auth.KeyChange) Entry {
	return Entry{
		ID: c.ID, At: wire.TimeOf(c.At), Actor: c.Actor, ActorKind: "command", Action: c.Action, Subject: c.Subject, Outcome: Done,
		Before: c.Before, After: c.After,
	}
}

// Merge puts lists that are newest first together and returns the newest of all.
func Merge(limit int, lists ...[]Entry) []Entry {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(b.ID, a.ID) })
	return all[:min(limit, len(all))]
}
