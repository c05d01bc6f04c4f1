// Package event is the domain of what visitors did: reading posted events, judging them, what each type weighs, and the compact form
// in which an event's lines are stored. It knows neither HTTP nor a database; the main type is Event.
//
// decode.go reads a body event by event, with the JSON reader of scanner.go and the fields of
// fields.go (what everything turns on) and rest.go (what is kept as it came). What is no field
// is told by names.go; types.go says what types there are. lines.go is the stored form of
// lines, wire.go the way back to the API's form.
package event

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// Event is one valid event, with the name of its type brought to GA4's. It has a user or a
// session, unless it withholds consent.
type Event struct {
	ID         string // the sender's; "" when there was none
	Type       string // canonical, such as "view_item"
	UserID     string
	SessionID  string
	OrderID    string   // of a purchase or refund; "" for none
	OccurredMs int64    // epoch milliseconds
	Timed      bool     // the event says when; else OccurredMs is when it was read
	Value      *float64 // the rating of a rate or review event, else the worth of what was done; nil when not given
	Lines      []Line   // the items; an event about one item has one line
	Withheld   bool     // the event itself says that the visitor did not consent to personalisation
	Rest       []byte   // JSON object of the remaining fields, verbatim; nil when there are none
	FromPage   bool     // posted with a publishable key
}

// Line is one item of an event.
type Line struct {
	ItemID           string
	Quantity         float64 // 1 when absent
	Price            float64 // of one unit, in the event's currency
	HasPrice         bool    // false: not given, which is not 0
	RecommendationID string  // of the answer that showed the item; "" for none
}

// UserSubject returns the subject of a known or anonymous user id. The letter before the id
// keeps a user and a session of the same id apart.
func UserSubject(userID string) string { return "u" + userID }

// SessionSubject returns the subject of a session without a user.
func SessionSubject(sessionID string) string { return "s" + sessionID }

// SplitSubject is the inverse of UserSubject and SessionSubject: exactly one of the results is set, none for "".
func SplitSubject(subject string) (userID, sessionID string) {
	if id, ok := strings.CutPrefix(subject, "u"); ok {
		return id, ""
	}
	return "", strings.TrimPrefix(subject, "s")
}

// Subject returns whose history the event belongs to as it was posted, before identity merge: the user, else the session.
func (e *Event) Subject() string {
	switch {
	case e.UserID != "":
		return UserSubject(e.UserID)
	case e.SessionID != "":
		return SessionSubject(e.SessionID)
	}
	return ""
}

// Hash returns the first 64 bits of the SHA-256 digest of text: the form in which ids are kept for telling repeats.
// Two texts of one visitor have the same hash by chance once in 2^64: he then loses an event.
func Hash(text string) int64 {
	sum := sha256.Sum256([]byte(text))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
