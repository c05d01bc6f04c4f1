package recommend

import (
	"context"
	"errors"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// whoAsks finds out who asks. When the profile-service does not answer in time, the visitor is the one that was read last, and the answer
// says of when; one of whom nothing is remembered is known by the request alone, and so is one who withholds consent. Events of the request
// are added in any case.
func (r *run) whoAsks(ctx context.Context) *person {
	p := &person{visitor: visitor.Cold(r.req.UserID, r.req.SessionID, r.now)}
	switch {
	case !r.req.Consent.AllowsPersonalization():
		p.visitor.Personal = false
	case r.past != nil && r.past.decision.ProfileAsOf.IsZero():
	case r.req.UserID != "" || r.req.SessionID != "":
		v, err := r.readVisitor(ctx)
		switch {
		case v != nil:
			p.visitor, p.profiled, p.stale = v, true, err != nil
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errNotAdmitted) {
				p.missing = peers.Profile // it is ill, not just late
			}
		case r.past != nil:
			r.past.lose("the visitor's profile of then")
		case r.atHand:
			p.missing = Overload
		default:
			p.missing = peers.Profile
		}
	}
	p.visitor.Add(r.req.Events, r.engine.Peers.EventWeights(), r.now)
	return p
}

// readVisitor reads the visitor, or the one of then, or recalls who was read last when the answer is made from what is at hand. Somebody of
// whom nothing is remembered is read all the same: reading is a small part of an answer, and nobody is to see again what he has bought.
func (r *run) readVisitor(ctx context.Context) (*visitor.Visitor, error) {
	q, at := profileapi.ProfileQuery{UserID: r.req.UserID, SessionID: r.req.SessionID}, r.now
	if r.past != nil {
		q.Watermark, at = r.past.decision.Watermark, r.past.decision.ProfileAsOf
	}
	if r.atHand {
		if v := r.engine.Peers.Remembered(r.shop.Name, q); v != nil {
			return v, errNotAdmitted
		}
	}
	return r.engine.Peers.Visitor(ctx, r.shop.Name, q, at)
}

// errNotAdmitted says why a visitor is as he was read last.
var errNotAdmitted = errors.New("too many answers are being made at once")

// affinity is what the visitor likes, made when it is first asked for.
func (r *run) affinity() *affinity.Affinities {
	if r.likes == nil {
		r.read(func(v *catalogue.View) { r.likes = affinity.Of(v, r.visitor.History) })
	}
	return r.likes
}

// resolve derives what depends on visitor and request: the cart, what was shown before, the
// page's first item. A cart in the request takes the place of the one that events tell of.
func (r *run) resolve() {
	if r.missing != "" {
		r.degrade(r.missing)
	}
	r.cart = r.req.Cart
	if len(r.cart) == 0 {
		r.cart = r.visitor.Cart
	}
	if k, ok := r.shownKey(); r.past != nil {
		r.shown = r.past.decision.Shown
	} else if ok {
		r.shown = r.engine.shown.Of(k)
	}
	r.findSeed()
}
