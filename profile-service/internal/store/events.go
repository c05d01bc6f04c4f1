package store

import (
	"context"
	"strconv"
	"strings"
)

// Event is one stored event.
type Event struct {
	Seq        int64
	Subject    string // "" when consent was withheld
	SessionID  string
	EventID    string
	Type       string
	OccurredMs int64
	ReceivedMs int64
	OrderID    string
	Value      *float64
	Lines      []byte // form of package event
	Rest       []byte // JSON object or nil
	FromPage   bool   // posted with a publishable key
	Undated    bool   // occurred_at was not given: OccurredMs is the time of arrival
	Robot      bool   // the visitor is judged to be a program now
}

// WholeOrder reports whether an event gives all of an order back without saying what was in it.
func (e *Event) WholeOrder() bool { return e.Type == "refund" && e.OrderID != "" && len(e.Lines) == 0 }

// NewEvent is an event to append. Subject and SessionID are as posted; the store puts it under the canonical subject. An event without an
// EventID gets one from its seq, unless it is a duplicate.
type NewEvent struct {
	Event
	Withheld bool   // by the event itself
	Import   string // id of the import that brought it; "" for none
	Call     int    // events of one call have the same number; see Append on orders

	Result Outcome // set by Append
}

// Outcome is what became of an appended event.
type Outcome struct {
	Duplicate bool  // of an event id, or of an order of which it tells nothing new
	LeftOut   []int // lines of an accepted purchase that its order has already, by their place
}

const madeID = "e-"

// MadeID is the id of an event that came without one.
func MadeID(seq int64) string { return madeID + strconv.FormatInt(seq, 10) }

// EventLog keeps events.
type EventLog interface {
	// Append stores events in their order in one transaction, moves the states of their visitors on, and sets the Result of each. An event
	// with Withheld, or of a subject whose consent is withheld, is stored without subject and session. counts are added to the statistics
	// in the same transaction, and one is added per outcome. These are duplicates:
	//   - an event whose id its person has used. The person is the canonical subject and, of an event that names a user and a session, also
	//     the session's: an event of a session that is sent again with the user is a repeat.
	//   - a purchase with an order id that tells nothing new. An order is a set of lines of a person; a line is there already when item,
	//     quantity, price and time (to the second; left out where either has none) are the same. Within one event, within the dated events
	//     of one call, and within one import equal lines are further ones. Lines that are there are taken out of an event that has others.
	Append(ctx context.Context, shop string, events []NewEvent, counts []Count) error
	// Scan calls f with each event in the range of q in ascending or descending order of seq until f returns false, an error occurs or
	// q.Limit events were read. The row that f gets is valid during the call.
	Scan(ctx context.Context, shop string, q ScanQuery, f func(*Event) bool) error
	// LastSeq returns the highest seq given out in the shop, 0 before the first.
	LastSeq(ctx context.Context, shop string) (int64, error)
	// AwaitStandby waits, for seconds at the most, until the database's standby has all that is acknowledged now, so that a ScanQuery with
	// Standby finds it. It is false where there is no standby, or none that got there.
	AwaitStandby(ctx context.Context) bool
	// Stats returns the counts of hours in [fromMs, toMs), ordered by hour and name.
	Stats(ctx context.Context, shop string, fromMs, toMs int64) ([]Count, error)
}

// ScanQuery selects events by seq in (After, UpTo].
type ScanQuery struct {
	After, UpTo  int64
	FromMs, ToMs int64    // occurred in [FromMs, ToMs); ToMs 0 means no bound
	Types        []string // nil: all
	Subjects     []string // nil: all
	SessionID    string   // "": all; else what was done in this session
	OnlyPeople   bool     // leave out events without subject, and of those whose consent is withheld or who are robots now
	Descending   bool
	Limit        int
	Standby      bool // may be read from the standby, which AwaitStandby has seen to; ascending, without Subjects and SessionID
}

// importKey is where a context carries the id of an import.
type importKey struct{}

// DuringImport returns a context for what an import stores: events, items and users changed with it can be taken back by UndoImport.
func DuringImport(ctx context.Context, importID string) context.Context {
	return context.WithValue(ctx, importKey{}, importID)
}

// ImportOf returns the id of the import that a context belongs to, "" for none.
func ImportOf(ctx context.Context) string {
	id, _ := ctx.Value(importKey{}).(string)
	return id
}

// RestoreSession fills in the session of an event that was read under the subject that is the session.
func (e *Event) RestoreSession() {
	if e.SessionID == "" && strings.HasPrefix(e.Subject, "s") {
		e.SessionID = e.Subject[1:]
	}
}
