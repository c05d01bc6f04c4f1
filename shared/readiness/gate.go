package readiness

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// namedShops is how many shops a message names.
const namedShops = 5

// Gate waits until something has been read once for every shop that there was at the start. It waits as long as the reading goes on, and
// when nothing has come for a while, because a peer is away, it opens all the same: a service that answers without its peers must not need
// them to start. It is safe for concurrent use.
type Gate struct {
	what, peer string
	patience   time.Duration
	now        func() time.Time

	mu      sync.Mutex
	pending map[string]time.Time // by shop: when something of it last came, at first the start
	last    error
	started chan struct{}
	open    bool
}

// NewGate returns a gate for shops; what and peer name, for messages, what is read and who is asked.
func NewGate(what, peer string, shops []string, patience time.Duration, now func() time.Time) *Gate {
	g := &Gate{what: what, peer: peer, patience: patience, now: now, pending: map[string]time.Time{}, started: make(chan struct{})}
	for _, shop := range shops {
		g.pending[shop] = now()
	}
	g.check()
	return g
}

// Progress notes that a part of a shop's has been read.
func (g *Gate) Progress(shop string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, waits := g.pending[shop]; waits {
		g.pending[shop] = g.now()
	}
}

// Synced notes that all of a shop's has been read.
func (g *Gate) Synced(shop string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pending, shop)
	if len(g.pending) == 0 && !g.open {
		g.open = true
		close(g.started)
	}
}

// Failed notes why a shop's cannot be read now.
func (g *Gate) Failed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = err
}

// Started returns a channel that is closed when the gate opens, once.
func (g *Gate) Started() <-chan struct{} { return g.started }

// check opens the gate when there is no use in waiting, and else looks again when there may be none.
func (g *Gate) check() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return
	}
	left := time.Duration(0)
	for _, at := range g.pending {
		left = max(left, g.patience-g.now().Sub(at))
	}
	if left > 0 {
		time.AfterFunc(left, g.check)
		return
	}
	g.open = true
	close(g.started)
}

// Part says for /readyz what is still being read.
func (g *Gate) Part() Part {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := Part{Name: g.what}
	if len(g.pending) == 0 {
		return p
	}
	shops := slices.Sorted(maps.Keys(g.pending))
	named := strings.Join(shops[:min(len(shops), namedShops)], ", ")
	if len(shops) > namedShops {
		named += fmt.Sprintf(" and %d more", len(shops)-namedShops)
	}
	if !g.open {
		p.Err = fmt.Errorf("that of %s is being read", named)
		return p
	}
	p.Note = []string{fmt.Sprintf("answers are made without that of %s: the %s does not answer", named, g.peer)}
	if g.last != nil {
		p.Note[0] += fmt.Sprintf(" (%v)", g.last)
	}
	return p
}
