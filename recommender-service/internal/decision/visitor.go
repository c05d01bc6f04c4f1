package decision

import "strings"

// VisitorID returns the id by which a person is known to experiments, rotation and figures: a user, else a session; "" for nobody.
func VisitorID(userID, sessionID string) string {
	switch {
	case userID != "":
		return "u/" + userID
	case sessionID != "":
		return "s/" + sessionID
	}
	return ""
}

// OfVisitorID returns the user or the session that VisitorID made an id of.
func OfVisitorID(visitor string) (userID, sessionID string) {
	if session, ok := strings.CutPrefix(visitor, "s/"); ok {
		return "", session
	}
	return strings.TrimPrefix(visitor, "u/"), ""
}
