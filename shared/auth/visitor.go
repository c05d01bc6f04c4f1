package auth

import (
	"net/http"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Visitors judges who a request is about. A secret or service key may name anybody. A publishable key, which everybody can read, names the
// user of its token, and the session that its page drew at random: whoever can guess a name could read and change another visitor. Where a
// shop does not require tokens, a page without one may still name anybody.
type Visitors struct {
	p       Principal
	refused []apierror.FieldError
}

// Visitors returns a judge of the visitors that a request of p names.
func (p Principal) Visitors() *Visitors { return &Visitors{p: p} }

// Name judges a user and a session, "" for none, that stand below pointer.
func (v *Visitors) Name(pointer, userID, sessionID string) {
	if v.p.Kind != KindPublishable || !v.p.needsToken && v.p.User == "" {
		return
	}
	if userID != "" && userID != v.p.User {
		code, detail := "user_token_needed", "A publishable key names a user only with a token of that user: send it as "+UserTokenHeader+
			" (as user_token in a beacon), or leave user_id out."
		if v.p.User != "" {
			code, detail = "user_token_mismatch", "The user token is another user's."
		}
		v.refused = append(v.refused, apierror.FieldError{Pointer: pointer + "/user_id", Code: code, Detail: detail})
	}
	if sessionID != "" && v.p.needsToken && guessable(sessionID) {
		v.refused = append(v.refused, apierror.FieldError{Pointer: pointer + "/session_id", Code: "guessable_session",
			Detail: "A session of a page needs an id that nobody can guess: at least 16 random characters, such as of " +
				"crypto.randomUUID()."})
	}
}

// Err is the refusal, 403; nil when there is none.
func (v *Visitors) Err() error {
	if len(v.refused) == 0 {
		return nil
	}
	return apierror.New(
		http.StatusForbidden, "visitor_not_allowed", "The key may not act for this visitor. See docs/security.md.", v.refused...,
	)
}

const (
	minSession         = 16 // characters
	minSessionDistinct = 6  // different ones: a random id of 16 decimal digits has fewer once in a thousand times, a UUID never
	maxSessionRun      = 6  // equal ones in a row
)

// guessable reports whether a session's id is plainly not random: too short, of too few characters, a number with leading zeros, or an
// e-mail address. It cannot tell a random id from one that only looks so.
func guessable(id string) bool {
	if len(id) < minSession || strings.ContainsAny(id, "@ ") {
		return true
	}
	var seen [256]bool
	distinct, run := 0, 0
	for n := range len(id) {
		if !seen[id[n]] {
			seen[id[n]] = true
			distinct++
		}
		if n == 0 || id[n] != id[n-1] {
			run = 0
		}
		if run++; run > maxSessionRun {
			return true
		}
	}
	return distinct < minSessionDistinct
}
