// Package store says what the profile-service needs of a database, as small ports, and holds the rows that cross them. Package sqlstore
// implements the ports for Postgres and SQLite; storetest holds the one suite that it must pass on both. It has no logic of its own.
//
// Rules that every implementation keeps: shop comes first in every key and no method sees another shop's rows; times are epoch
// milliseconds; the numbers of a stream (event seq, item position) become visible in the order in which they were given; a method that
// returns an error has changed nothing; an error is the driver's, wrapped, unless the method says otherwise.
package store

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound says that the asked row does not exist.
var ErrNotFound = errors.New("not found")

// Count is a number to add to the statistics of an hour.
type Count struct {
	HourMs int64
	Name   string
	N      int64
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
	Words    []string // each in lower case and somewhere in id, title, brand, category, GTIN or aliases
	Limit    int
}

// Catalogue keeps items and the feed of their changes.
type Catalogue interface {
	// UpdateItems hands change the present rows of ids (tombstones included), with no other writer of the shop's items until it ends, and
	// stores the rows it returns, giving each the next position. With a context of DuringImport what they were is kept for UndoImport. An
	// error of change is returned as it is.
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
	// UpdateUsers is UpdateItems for users. A row with Version 0 deletes its record. The consent of a row holds for every subject merged
	// into the user and for events appended after it. Like Merge and Erase it raises the versions of those concerned.
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

// The kinds of traces.
const (
	TraceError  = "error"  // an entry of the report of an import
	TraceChange = "change" // what a user was before an import, null when there was none
)

// Trace is what an import has left of a person beside what it stored.
type Trace struct {
	Kind      string
	ImportID  string
	CreatedMs int64 // of the import
	Number    int64 // of the entry, or of the import whose change it is
	UserID    string
	Body      []byte
}

// Traces finds and removes what imports have left of people.
type Traces interface {
	// Subjects returns every subject that events of a canonical subject were posted under: itself, what was merged into it and the sessions
	// in which it was seen, in ascending order; one of whom nothing is stored is only itself.
	Subjects(ctx context.Context, shop, subject string) ([]string, error)
	// Traces calls see with every entry of the shop's reports, in the order of imports and numbers, and with every change to the records of
	// users. What see is given is valid during the call. The error of see ends it and is returned as it is.
	Traces(ctx context.Context, shop string, userIDs []string, see func(*Trace) error) error
	// EraseTraces removes traces by their kind, import, number and user in bounded transactions; after an error a repeat goes on.
	EraseTraces(ctx context.Context, shop string, traces []Trace) error
}

// Receipt proves an erasure without naming the person.
type Receipt struct {
	ID   string
	Mode string // "erase" or "anonymize"
	AtMs int64
}

// Maintenance is what runs in the background.
type Maintenance interface {
	// PurgeAudit removes entries of the audit log that are older than a moment.
	PurgeAudit(ctx context.Context, before time.Time) error
	// Retain removes events of a shop that occurred before beforeMs with what they left in states and orders, and the reports of imports
	// from before then; it returns the number of events removed. It works in bounded transactions: after an error some are removed, and a
	// repeat goes on.
	Retain(ctx context.Context, shop string, beforeMs int64) (int64, error)
	// ForgetChanges gives up the possibility to undo imports that were started before then.
	ForgetChanges(ctx context.Context, shop string, beforeMs int64) error
	// Shops returns every shop that has data, in ascending order.
	Shops(ctx context.Context) ([]string, error)
	// Ping reports why the store cannot answer now.
	Ping(ctx context.Context) error
	// Check looks through everything that is stored, where the database does not do so by itself, and reports damage and what it had no
	// time for.
	Check(ctx context.Context) error
	// Sound reports the first damage that Check or any reading or writing has met; nil when
	// there was none. Where the database looks through its data by itself, a Check forgets what
	// was met before.
	Sound() error
}

// ImportRow is the stored state of an import.
type ImportRow struct {
	ImportID  string
	CreatedMs int64
	UpdatedMs int64
	Cancelled bool
	Body      []byte // JSON
}

// UndoFor is how long what an import has changed is remembered.
const UndoFor = 30 * 24 * time.Hour

// Undone counts what UndoImport did.
type Undone struct {
	Events, Items, Users int64 // taken out, or put back to what they were
	Kept                 int64 // items and users that somebody has changed since
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
	// CancelImport notes that an import is to stop and leaves its state as it is; one that does not exist is none.
	CancelImport(ctx context.Context, shop, id string) error
	// TouchImport says that the process of an import was there at updatedMs, and leaves its state as it is.
	TouchImport(ctx context.Context, shop, id string, updatedMs int64) error
	// Import returns a state, or ErrNotFound.
	Import(ctx context.Context, shop, id string) (ImportRow, error)
	// ListImports returns states with an id below before ("" for all) in descending order of id.
	ListImports(ctx context.Context, shop, before string, limit int) ([]ImportRow, error)
	// AddImportErrors stores entries of a report.
	AddImportErrors(ctx context.Context, shop, id string, entries []ImportError) error
	// UndoImport takes out the events that were appended with the import's id and gives items and users that were changed with it back what
	// they were, but for those that were changed since. It returns ErrNotFound when there is no such import, works in bounded transactions,
	// and can be repeated: it goes on where it ended.
	UndoImport(ctx context.Context, shop, id string) (Undone, error)
	// ImportErrors returns entries with a number above after in ascending order.
	ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]ImportError, error)
}

// Store is every port; the service opens one and hands each package the port it needs.
type Store interface {
	EventLog
	Visitors
	Catalogue
	People
	Identities
	Traces
	Imports
	Robots
	Maintenance
	Close() error
}
