package recommend

import (
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
)

// shownKey returns under what the request's visitor is remembered, and whether anything is to
// be: not without rotation, not for nobody, and not for somebody who withholds consent.
func (r *run) shownKey() (rotation.Key, bool) {
	k := rotation.Key{Shop: r.shop.Name, Visitor: decision.VisitorID(r.req.UserID, r.req.SessionID), Scenario: r.scenario.ScenarioID}
	return k, r.rotationStrength() > 0 && k.Visitor != "" && r.visitor.Personal
}

// Forget forgets what a user and a session were shown; "" for neither.
func (e *Engine) Forget(shop, userID, sessionID string) {
	for _, visitor := range []string{decision.VisitorID(userID, ""), decision.VisitorID("", sessionID)} {
		if visitor != "" {
			e.shown.Forget(shop, visitor)
		}
	}
}
