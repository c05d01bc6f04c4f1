package peers

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// visitorTTL is how long a visitor is remembered: the profile-service confirms no older profile.
const visitorTTL = 5 * time.Minute

// visitors remembers the visitors that were just seen. Each use asks the profile-service whether the profile still holds, which costs it far less than
// making it again; so what a visitor does is seen at once, also when another replica of the profile-service took it.
type visitors struct {
	cache *otter.Cache[visitorKey, *knownVisitor]
	types visitor.Types
}

type visitorKey struct{ shop, user, session string }

type knownVisitor struct {
	tag     string
	visitor *visitor.Visitor
}

func newVisitors(maxBytes uint64) *visitors {
	return &visitors{cache: otter.Must(&otter.Options[visitorKey, *knownVisitor]{
		MaximumWeight:    maxBytes,
		Weigher:          func(_ visitorKey, k *knownVisitor) uint32 { return uint32(k.visitor.Bytes()) },
		ExpiryCalculator: otter.ExpiryWriting[visitorKey, *knownVisitor](visitorTTL),
	})}
}

// Visitor returns the visitor of a query, and whether it is the same as the last time: then its lists are those of the last time. They are shared and
// must not be changed. A visitor of the past is read anew each time.
func (p *Peers) Visitor(ctx context.Context, shop string, q profileapi.ProfileQuery) (v visitor.Visitor, same bool, err error) {
	k := visitorKey{shop, q.UserID, q.SessionID}
	var known *knownVisitor
	tag, past := "", !q.At.IsZero()
	if !past {
		if have, ok := p.visitors.cache.GetIfPresent(k); ok {
			known, tag = have, have.tag
		}
	}
	type answer struct {
		profile profileapi.Profile
		tag     string
	}
	a, err := guarded(p.profile, func() (a answer, err error) {
		a.profile, a.tag, err = p.options.Profile.ForShop(shop).ProfileUnless(ctx, q, tag)
		return a, err
	})
	if err != nil {
		return visitor.Visitor{}, false, err
	}
	same = known != nil && a.tag == known.tag
	if !same {
		known = &knownVisitor{a.tag, visitor.Of(&a.profile)}
		p.options.Catalogue.Shop(shop).Read(func(v *catalogue.View) { known.visitor.Join(v, &p.visitors.types) })
		if !past && a.tag != "" {
			p.visitors.cache.Set(k, known)
		}
	}
	return *known.visitor, same, nil
}
