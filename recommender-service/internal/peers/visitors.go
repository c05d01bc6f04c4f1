package peers

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const (
	// visitorTTL is how long a visitor is remembered, to be used when the profile-service does not answer in time.
	visitorTTL = time.Hour
	// visitorFresh is how long the ages in a visitor that has not changed may be counted from when it was read.
	visitorFresh = 5 * time.Minute
	// visitorTimeout bounds a reading that nobody waits for any more: the next request finds its answer.
	visitorTimeout = 2 * time.Second
)

// visitors remembers the visitors that were just seen, by the version of their state. Each use asks the profile-service for what is newer, so that what a
// visitor does is seen at once, also when another replica of the profile-service took it.
type visitors struct {
	cache *otter.Cache[visitorKey, *knownVisitor]
}

type visitorKey struct{ shop, user, session string }

type knownVisitor struct {
	tag     string
	answer  visitorstate.Answer
	visitor *visitor.Visitor
}

func newVisitors(maxBytes uint64) *visitors {
	return &visitors{cache: otter.Must(&otter.Options[visitorKey, *knownVisitor]{
		MaximumWeight:    maxBytes,
		Weigher:          func(_ visitorKey, k *knownVisitor) uint32 { return uint32(k.visitor.Bytes() + len(k.answer.State)) },
		ExpiryCalculator: otter.ExpiryWriting[visitorKey, *knownVisitor](visitorTTL),
	})}
}

// Visitor returns the visitor of a query as of now. Its lists are shared and must not be changed. When the profile-service does not answer in time, the visitor is
// the one that was read last, if one is remembered, and err says why; Visitor.AsOf says of when it is. With q.Watermark the visitor is that of then.
func (p *Peers) Visitor(ctx context.Context, shop string, q profileapi.ProfileQuery, now time.Time) (*visitor.Visitor, error) {
	k := visitorKey{shop, q.UserID, q.SessionID}
	var known *knownVisitor
	if q.Watermark == 0 {
		known, _ = p.visitors.cache.GetIfPresent(k)
	}
	type result struct {
		known *knownVisitor
		err   error
	}
	done := make(chan result, 1)
	go func() { // goes on when the caller cannot wait
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), visitorTimeout)
		defer cancel()
		read, err := p.readVisitor(call, k, q, known, now)
		done <- result{read, err}
	}()
	var err error
	select {
	case r := <-done:
		if r.err == nil {
			return r.known.visitor, nil
		}
		err = r.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if known == nil {
		return nil, err
	}
	return known.visitor, err
}

// Remembered returns the visitor of a query as it was read last; nil when it is not remembered. Its lists must not be changed.
func (p *Peers) Remembered(shop string, q profileapi.ProfileQuery) *visitor.Visitor {
	if known, ok := p.visitors.cache.GetIfPresent(visitorKey{shop, q.UserID, q.SessionID}); ok {
		return known.visitor
	}
	return nil
}

// readVisitor asks the profile-service for what is newer than what is known, and remembers it.
func (p *Peers) readVisitor(ctx context.Context, k visitorKey, q profileapi.ProfileQuery, known *knownVisitor, now time.Time) (*knownVisitor, error) {
	tag := ""
	if known != nil {
		tag = known.tag
	}
	type answer struct {
		data []byte
		tag  string
	}
	a, err := guarded(p.profile, func() (a answer, err error) {
		a.data, a.tag, err = p.options.Profile.ForShop(k.shop).State(ctx, q, tag)
		return a, err
	})
	if err != nil {
		return nil, err
	}
	next := &knownVisitor{tag: a.tag}
	switch {
	case a.data != nil:
		if next.answer, err = visitorstate.DecodeAnswer(a.data); err != nil {
			return nil, err
		}
	case now.Sub(known.visitor.AsOf) < visitorFresh:
		return known, nil
	default:
		next.answer = known.answer
	}
	if next.visitor, err = visitor.Of(&next.answer, q.UserID, q.SessionID, now); err != nil {
		return nil, err
	}
	p.options.Catalogue.Shop(k.shop).Read(func(v *catalogue.View) { next.visitor.Join(v.Find) })
	if q.Watermark == 0 {
		p.visitors.cache.Set(k, next)
	}
	return next, nil
}
