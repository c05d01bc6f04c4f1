// Package store says what the profile-service needs of a database, as small ports, and holds the rows that cross them. Packages postgres and
// sqlite implement the ports; storetest holds the one suite that both must pass. It has no logic of its own.
//
// Rules that every implementation keeps: shop comes first in every key and no method sees another shop's rows; times are epoch milliseconds;
// the numbers of a stream (event seq, item position) become visible in the order in which they were given; a method that returns an error has
// changed nothing; an error is the driver's, wrapped, unless the method says otherwise.
package store

import (
	"context"
	"errors"
)

// ErrNotFound says that the asked row does not exist.
var ErrNotFound = errors.New("not found")

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
}

// NewEvent is an event to append. Subject is as posted; the store puts it under the canonical subject.
type NewEvent struct {
	Event
	EventHash   int64
	SubjectHash int64 // of the subject as posted
	Withheld    bool  // by the event itself
}

// Count is a number to add to the statistics of an hour.
type Count struct {
	HourMs int64
	Name   string
	N      int64
}

// Outcome is what became of an appended event.
type Outcome uint8

// The outcomes.
const (
	Accepted  Outcome = iota
	Duplicate         // of an event_id or of a purchase's order_id
)

// EventLog keeps events.
type EventLog interface {
	// Append stores events in their order in one transaction and returns an outcome for each. An event whose (SubjectHash, EventHash) is
	// stored already, or comes earlier in events, is a duplicate; so is a purchase whose order_id its canonical subject has bought. An event
	// with Withheld, or of a subject whose consent is withheld, is stored without subject and session. counts are added to the statistics
	// in the same transaction, and one is added per outcome.
	Append(ctx context.Context, shop string, events []NewEvent, counts []Count) ([]Outcome, error)
	// Scan calls f with each event in the range of q in ascending or descending order of seq until f returns false, an error occurs or
	// q.Limit events were read. The row that f gets is valid during the call.
	Scan(ctx context.Context, shop string, q ScanQuery, f func(*Event) bool) error
	// LastSeq returns the highest seq given out in the shop, 0 before the first.
	LastSeq(ctx context.Context, shop string) (int64, error)
	// KnownSeq is LastSeq where it is known without waiting for anything; else it returns false.
	KnownSeq(shop string) (int64, bool)
	// Changed calls f with the hash (event.Hash) of every subject that an event or a change of people with a seq in (after, upTo] concerns, and
	// with that of every session ("s" and its id) of those events, in no particular order.
	Changed(ctx context.Context, shop string, after, upTo int64, f func(seq, subjectHash int64)) error
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
	OnlySubjects bool     // leave out events without subject or with one whose consent is withheld now
	Descending   bool
	Limit        int
}

// Histories reads what recommending needs of a visitor.
type Histories interface {
	// History returns the visitor's record, consent and latest events in one consistent view.
	History(ctx context.Context, shop string, q HistoryQuery) (History, error)
	// Facts returns category, brand and price of those of the items that are in the catalogue and not deleted.
	Facts(ctx context.Context, shop string, itemIDs []string) (map[string]ItemFacts, error)
}

// HistoryQuery asks for the latest events of a user, a session or both.
type HistoryQuery struct {
	UserID, SessionID string
	Limit             int
	Watermark         int64 // 0: everything
	UntilMs           int64 // occurred at most then; 0: no bound
}

// History is what is held on a visitor.
type History struct {
	Events    []Event // newest first by (OccurredMs, Seq)
	User      *UserRow
	Withheld  bool
	Watermark int64    // last seq of the shop in this view
	Subjects  []string // the canonical subjects of those asked for
}

// ItemFacts are the parts of an item that a visitor can have a taste for.
type ItemFacts struct {
	Category string // path joined with CategorySeparator
	Brand    string
	Price    *float64 // what the item costs now
}

// CategorySeparator stands between the levels of a stored category path.
const CategorySeparator = "\x1f"

// ItemRow is one stored item.
type ItemRow struct {
	ItemID    string
	Position  int64
	Version   int64
	Deleted   bool
	Status    string
	Brand     string
	Category  string
	ParentID  string
	Price     *float64 // what it costs now: the sale price if there is one
	CreatedMs int64
	UpdatedMs int64
	Body      []byte // JSON; without the fields above that the service sets
}

// ItemFilter selects items of a listing; empty fields do not filter.
type ItemFilter struct {
	After    string // item_id
	Status   string
	Brand    string
	Category string // the path or one of its ancestors, joined with CategorySeparator
	ParentID string
	Limit    int
}

// Catalogue keeps items and the feed of their changes.
type Catalogue interface {
	// UpdateItems hands change the present rows of ids (tombstones included), with no other writer of the shop's items until it ends, and
	// stores the rows it returns, giving each the next position. An error of change is returned as it is.
	UpdateItems(ctx context.Context, shop string, ids []string, change func(present map[string]ItemRow) ([]ItemRow, error)) error
	// Items returns the rows of those ids that exist, tombstones included.
	Items(ctx context.Context, shop string, ids []string) (map[string]ItemRow, error)
	// ListItems returns rows that are not tombstones in ascending order of item_id.
	ListItems(ctx context.Context, shop string, f ItemFilter) ([]ItemRow, error)
	// ItemChanges returns rows, tombstones included, with a position above after, in order of position.
	ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]ItemRow, error)
	// LastPosition returns the highest position given out in the shop.
	LastPosition(ctx context.Context, shop string) (int64, error)
}

// UserRow is one stored user.
type UserRow struct {
	UserID    string
	Version   int64
	CreatedMs int64
	UpdatedMs int64
	Withheld  bool   // consent to personalisation
	Body      []byte // JSON
}

// People keeps user records.
type People interface {
	// UpdateUsers is UpdateItems for users, and like Merge and Erase it takes a seq of the event log for EventLog.Changed. A row with Version 0 deletes its record. The consent of a row holds for every subject merged
	// into the user and for events appended after it.
	UpdateUsers(ctx context.Context, shop string, ids []string, change func(present map[string]UserRow) ([]UserRow, error)) error
	// Users returns the rows of those ids that exist.
	Users(ctx context.Context, shop string, ids []string) (map[string]UserRow, error)
	// ListUsers returns rows with an id above after, in ascending order.
	ListUsers(ctx context.Context, shop string, after string, limit int) ([]UserRow, error)
}

// ErrCycle says that a merge would make a subject its own alias.
var ErrCycle = errors.New("merge would form a cycle")

// ErrMerged says that an alias is merged into another user already.
var ErrMerged = errors.New("alias is merged into another user")

// Removed says how many rows an erasure took away or rewrote.
type Removed struct {
	Events, Aliases, Orders, Users int64
}

// Identities joins, erases and anonymises people.
type Identities interface {
	// Merge makes alias (a subject) another name of user: its events, orders and own aliases move to the user, and later events follow. A
	// repeat does nothing. It returns the number of events moved, ErrMerged when alias belongs to another user, and ErrCycle when the
	// user's own canonical subject is alias.
	Merge(ctx context.Context, shop, alias, userID string) (moved int64, err error)
	// Aliases returns the subjects merged into a user, in ascending order.
	Aliases(ctx context.Context, shop, userID string) ([]string, error)
	// Canonical returns the subject that events of subject are stored under.
	Canonical(ctx context.Context, shop, subject string) (string, error)
	// Erase removes the user's record and aliases, and its events and orders too, or, with a pseudonym, leaves the events under
	// that subject without session, order, properties and event ids that lead back. receipt is kept.
	Erase(ctx context.Context, shop, userID, pseudonym string, receipt Receipt) (Removed, error)
}

// Receipt proves an erasure without naming the person.
type Receipt struct {
	ID   string
	Mode string // "erase" or "anonymize"
	AtMs int64
}

// Upkeep is what runs in the background.
type Upkeep interface {
	// Prepare makes room for events of the months from fromMs to toMs.
	Prepare(ctx context.Context, fromMs, toMs int64) error
	// Retain removes events of a shop that occurred before beforeMs, what was remembered to recognise their repeats, and the reports of
	// imports from before then; it returns the number of events removed.
	Retain(ctx context.Context, shop string, beforeMs int64) (int64, error)
	// ForgetChanges removes what Changed needs of changes of people made before then.
	ForgetChanges(ctx context.Context, beforeMs int64) error
	// DropBefore removes what every shop is done with; a store without partitions leaves it to Retain.
	DropBefore(ctx context.Context, beforeMs int64) error
	// Shops returns every shop that has data, in ascending order.
	Shops(ctx context.Context) ([]string, error)
	// Ping reports why the store cannot answer now.
	Ping(ctx context.Context) error
}

// ImportRow is the stored state of an import.
type ImportRow struct {
	ImportID  string
	CreatedMs int64
	UpdatedMs int64
	Cancelled bool
	Body      []byte // JSON
}

// ImportError is one entry of an error report.
type ImportError struct {
	Number int64 // from 1
	Body   []byte
}

// Imports keeps the states and error reports of imports.
type Imports interface {
	// PutImport stores a state; Cancelled stays true once it was.
	PutImport(ctx context.Context, shop string, row ImportRow) error
	// Import returns a state, or ErrNotFound.
	Import(ctx context.Context, shop, id string) (ImportRow, error)
	// ListImports returns states with an id below before ("" for all) in descending order of id.
	ListImports(ctx context.Context, shop, before string, limit int) ([]ImportRow, error)
	// AddImportErrors stores entries of a report.
	AddImportErrors(ctx context.Context, shop, id string, entries []ImportError) error
	// ImportErrors returns entries with a number above after in ascending order.
	ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]ImportError, error)
}

// Store is every port; the service opens one and hands each package the port it needs.
type Store interface {
	EventLog
	Histories
	Catalogue
	People
	Identities
	Imports
	Upkeep
	Close() error
}
