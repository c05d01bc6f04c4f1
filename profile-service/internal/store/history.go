package store

import "slices"

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
