package peers

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/cacheclock"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const (
	// visitorTTL is how long a visitor is remembered, to be used when the profile-service does not answer in time.
	visitorTTL = time.Hour
	// visitorTimeout bounds a reading that nobody waits for any more: the next request finds its answer.
	visitorTimeout = 2 * time.Second
)

// visitors remembers the visitors that were just seen, by the version of their state. Each use asks the profile-service for what is newer,
// so that what a visitor does is seen at once, also when another replica of the profile-service took it.
type visitors struct {
	cache *otter.Cache[visitorKey, *knownVisitor]
}

type visitorKey struct{ shop, user, session string }

// knownVisitor is an answer as it was sent: decoded it would take seven times the memory, and reading it costs a fiftieth of an answer.
type knownVisitor struct {
	tag    string
	answer visitorstate.Answer
	asOf   time.Time // when it was read, or confirmed
}

func newVisitors(maxBytes uint64) *visitors {
	return &visitors{cache: otter.Must(&otter.Options[visitorKey, *knownVisitor]{
		MaximumWeight: maxBytes,
		Weigher: func(_ visitorKey, k *knownVisitor) uint32 {
			return uint32(300 + len(k.answer.State) + len(k.answer.Person))
		},
		Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[visitorKey, *knownVisitor](visitorTTL),
	})}
}

// Visitor returns the visitor of a query as of now. When the profile-service does not answer in time, the visitor is the one that was read
// last, if one is remembered, and err says why; Visitor.AsOf says of when it is. With q.Watermark the visitor is that of then.
func (p *Peers) Visitor(ctx context.Context, shop string, q profileapi.ProfileQuery, now time.Time) (*visitor.Visitor, error) {
	k := visitorKey{shop, q.UserID, q.SessionID}
	var known *knownVisitor
	if q.Watermark == 0 {
		var ok bool
		known, ok = p.visitors.cache.GetIfPresent(k)
		p.metrics.visitors.count(1, missing(ok))
	}
	type result struct {
		known *knownVisitor
		err   error
	}
	done := make(chan result, 1)
	go func() { // goes on when the caller cannot wait
		call, cancel := context.WithTimeout(httpclient.Staying(context.WithoutCancel(ctx)), visitorTimeout)
		defer cancel()
		read, err := p.readVisitor(call, k, q, known, now)
		done <- result{read, err}
	}()
	var err error
	select {
	case r := <-done:
		if r.err == nil {
			return p.decoded(k, r.known, now)
		}
		err = r.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if known == nil {
		return nil, err
	}
	v, damaged := p.decoded(k, known, known.asOf)
	if damaged != nil {
		return nil, damaged
	}
	return v, err
}

// decoded returns the visitor of an answer as of a moment, joined with the catalogue.
func (p *Peers) decoded(k visitorKey, known *knownVisitor, at time.Time) (*visitor.Visitor, error) {
	v, err := visitor.Of(&known.answer, k.user, k.session, at)
	if err != nil {
		return nil, err
	}
	p.options.Catalogue.Shop(k.shop).Read(func(c *catalogue.View) { v.Join(c.Find) })
	return v, nil
}

// Remembered returns the visitor of a query as it was read last; nil when it is not remembered.
func (p *Peers) Remembered(shop string, q profileapi.ProfileQuery) *visitor.Visitor {
	k := visitorKey{shop, q.UserID, q.SessionID}
	known, ok := p.visitors.cache.GetIfPresent(k)
	if !ok {
		return nil
	}
	v, err := p.decoded(k, known, known.asOf)
	if err != nil {
		return nil // it was decoded when it came; a new answer will be asked for
	}
	return v
}

// readVisitor asks the profile-service for what is newer than what is known, and remembers it.
func (p *Peers) readVisitor(
	ctx context.Context, k visitorKey, q profileapi.ProfileQuery, known *knownVisitor, now time.Time,
) (*knownVisitor, error) {
	tag := ""
	if known != nil {
		tag = known.tag
	}
	type answer struct {
		data []byte
		tag  string
	}
	a, err := guarded(p, guard{forState, k.shop}, func() (a answer, err error) {
		a.data, a.tag, err = p.options.Profile.ForShop(k.shop).State(ctx, q, tag)
		return a, err
	})
	if err != nil {
		return nil, err
	}
	next := &knownVisitor{tag: a.tag, asOf: now}
	if a.data == nil {
		next.answer = known.answer
	} else if next.answer, err = visitorstate.DecodeAnswer(a.data); err != nil {
		return nil, err
	}
	if q.Watermark == 0 {
		p.visitors.cache.Set(k, next)
	}
	return next, nil
}
