package profileapi

import "github.com/aisle-rec/aisle/shared/wire"

// Merge joins a session, an anonymous user id or both to a known user.
type Merge struct {
	SessionID   string `json:"session_id,omitempty" maxLength:"256" doc:"Session without a user"`
	AnonymousID string `json:"anonymous_id,omitempty" maxLength:"256" doc:"User id that was used before the visitor was known"`
}

// Merged is what a merge did. A repeat moves nothing.
type Merged struct {
	UserID      string `json:"user_id" doc:"The user that the events are under now; another one if this user is itself merged into it"`
	MovedEvents int64  `json:"moved_events"`
}

// The ways of deleting a person.
const (
	ModeErase     = "erase"
	ModeAnonymize = "anonymize"
)

// ErasureReceipt proves that a person was deleted. It does not name the person.
type ErasureReceipt struct {
	ReceiptID string     `json:"receipt_id"`
	Mode      string     `json:"mode" enum:"erase,anonymize"`
	At        wire.Time  `json:"at"`
	Rows      ErasedRows `json:"rows" doc:"Removed per kind; with anonymize the events stay, under a random name"`
	Models    string     `json:"models" doc:"When models stop counting the person"`
	Left      []Held     `json:"left" doc:"What is still there afterwards, where and until when"`
}

// Held says what is kept of a person, where and until when.
type Held struct {
	Where string    `json:"where" doc:"The service or place that keeps it" example:"profile-service"`
	What  string    `json:"what" example:"events"`
	Count int64     `json:"count" doc:"How many; 0 when this service cannot count them"`
	Until wire.Time `json:"until,omitempty" doc:"When the last of it is removed by itself; absent when no time is set, see ends"`
	Ends  string    `json:"ends,omitempty" doc:"What ends it where no time is set"`
}

// ErasedRows are the numbers of rows that a deletion removed or, for events that were anonymised, rewrote.
type ErasedRows struct {
	Users   int64 `json:"users"`
	Events  int64 `json:"events"`
	Aliases int64 `json:"aliases"`
	Orders  int64 `json:"orders"`

	ImportErrors   int64 `json:"import_errors" doc:"Entries of reports of imports that named the person, whole rows of the files"`
	ImportPreviews int64 `json:"import_previews" doc:"Rows and values that states of imports showed"`
	UndoCopies     int64 `json:"undo_copies" doc:"What the record was before imports changed it"`
}

// ExportEntry is one line of the export of a person: kind says which of the members are set. The last line is the end.
type ExportEntry struct {
	Kind   string        `json:"kind" enum:"alias,user,event,import_error,undo_copy,end"`
	Alias  *Alias        `json:"alias,omitempty"`
	User   *User         `json:"user,omitempty" doc:"The record; with undo_copy what it was before an import, absent when there was none"`
	Event  *StoredEvent  `json:"event,omitempty"`
	Import string        `json:"import_id,omitempty" doc:"Of import_error and undo_copy"`
	Error  *ImportError  `json:"import_error,omitempty" doc:"A row of a file that was rejected"`
	Counts *ExportCounts `json:"counts,omitempty"`
	Held   []Held        `json:"held,omitempty" doc:"With the end: what this service holds, and until when"`
}

// Alias is another name of a person.
type Alias struct {
	SessionID   string `json:"session_id,omitempty"`
	AnonymousID string `json:"anonymous_id,omitempty"`
}

// ExportCounts are the numbers of lines of an export.
type ExportCounts struct {
	Aliases int `json:"aliases"`
	Users   int `json:"users"`
	Events  int `json:"events"`

	ImportErrors int `json:"import_errors"`
	UndoCopies   int `json:"undo_copies"`
}

// StoredEvent is an event as it is kept.
type StoredEvent struct {
	Event
	Seq        int64     `json:"seq" doc:"Place in the order of acknowledgement"`
	ReceivedAt wire.Time `json:"received_at"`
	FromPage   bool      `json:"from_page,omitempty" doc:"Posted with a publishable key, which everybody can read"`
	Robot      bool      `json:"robot,omitempty" doc:"The visitor is judged to be a robot now: models and figures leave the event out"`
}

// EventStats sums up what was received.
type EventStats struct {
	From             wire.Time   `json:"from"`
	To               wire.Time   `json:"to"`
	Total            HourStats   `json:"total"`
	Hours            []HourStats `json:"hours"`
	UnknownItemShare float64     `json:"unknown_item_share" doc:"Share of the lines of the latest events whose item the catalogue lacks"`
	SampledLines     int         `json:"sampled_lines" doc:"Lines that share was measured on"`
}

// HourStats are the counts of one hour of receiving.
type HourStats struct {
	Hour           wire.Time        `json:"hour"`
	AcceptedTotal  int64            `json:"accepted_total"`
	Accepted       map[string]int64 `json:"accepted" doc:"Per type"`
	Duplicates     int64            `json:"duplicates"`
	Rejected       map[string]int64 `json:"rejected" doc:"Per code of the first bad field"`
	Warned         map[string]int64 `json:"warned" doc:"Warnings on accepted events, per code"`
	MeanLagSeconds float64          `json:"mean_lag_seconds" doc:"From occurred_at to acknowledgement"`
}
