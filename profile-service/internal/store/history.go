package store

import (
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
)

// Subjects returns the subjects asked for, the user's first.
func (q *HistoryQuery) Subjects() []string {
	var asked []string
	if q.UserID != "" {
		asked = append(asked, event.UserSubject(q.UserID))
	}
	if q.SessionID != "" {
		asked = append(asked, event.SessionSubject(q.SessionID))
	}
	return asked
}

// Canonical maps the asked subjects to canonical ones, in order and without repeats; lookup returns "" for a subject that is not merged.
func Canonical(asked []string, lookup func(string) string) []string {
	var out []string
	for _, subject := range asked {
		if c := lookup(subject); c != "" {
			subject = c
		}
		out = AddDistinct(out, subject)
	}
	return out
}

// AddDistinct appends text unless it is there.
func AddDistinct(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// SessionColumn returns what is stored as the session of an event: nothing where its subject is that session.
func (e *Event) SessionColumn() string {
	if e.Subject != "" && e.Subject[0] == 's' && e.Subject[1:] == e.SessionID {
		return ""
	}
	return e.SessionID
}

// RestoreSession is the inverse of SessionColumn for an event that was read.
func (e *Event) RestoreSession() {
	if e.SessionID == "" && e.Subject != "" && e.Subject[0] == 's' {
		e.SessionID = e.Subject[1:]
	}
}
