package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialTime bounds the wait for a connection to a replica.
	dialTime = time.Second
	// probeInterval is how often a replica that failed is asked whether it is there again, and probeTime how long it may take to say so.
	probeInterval = 200 * time.Millisecond
	probeTime     = time.Second
)

// pool is the replicas of one service. It is an http.RoundTripper that takes them in turn, leaves out those that failed until they answer a
// probe, and sends a request a second time, to another, when nobody got it or it may be repeated. Nothing is asked of replicas that work.
// It is safe for concurrent use.
type pool struct {
	name      string
	replicas  []*replica
	next      atomic.Uint64
	repeats   atomic.Int64 // requests sent once more
	transport *http.Transport
	logger    *slog.Logger
	ctx       context.Context // ends the probes
	cancel    context.CancelFunc
	probes    sync.WaitGroup
}

// replica is one process of a service; down means that it failed and has not answered a probe
// since.
type replica struct {
	address *url.URL
	down    atomic.Bool
}

// newPool returns the replicas of a service at addresses like http://host:8081. Close ends its probes.
func newPool(name string, addresses []string, logger *slog.Logger) (*pool, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.DisableCompression = nil, true
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 256
	transport.DialContext = (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext
	p := &pool{name: name, transport: transport, logger: logger}
	for _, text := range addresses {
		address, err := url.Parse(text)
		if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" || address.Path != "" &&
			address.Path != "/" {
			return nil, fmt.Errorf("the address %q of the %s is not like http://host:8081", text, name)
		}
		p.replicas = append(p.replicas, &replica{address: address})
	}
	if len(p.replicas) == 0 {
		return nil, fmt.Errorf("there is no address of the %s: name one like http://host:8081, or several with commas", name)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Close ends the probes and drops idle connections.
func (p *pool) Close() {
	p.cancel()
	p.probes.Wait()
	p.transport.CloseIdleConnections()
}

// Up returns how many replicas have not failed.
func (p *pool) Up() int {
	up := 0
	for _, r := range p.replicas {
		if !r.down.Load() {
			up++
		}
	}
	return up
}

// RoundTrip implements http.RoundTripper. A request is sent twice at most: when the second
// replica fails as well, the caller is told.
func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := keep(r)
	if err != nil {
		return nil, err
	}
	first := p.pick(nil)
	resp, err := p.send(r, body, first)
	if err == nil || r.Context().Err() != nil || !body.again() || !undone(err) && !repeatable(r) {
		return resp, err
	}
	p.repeats.Add(1)
	return p.send(r, body, p.pick(first))
}

// pick takes the replicas in turn: one that works, else any; but not the one to leave out, unless it is the only one.
func (p *pool) pick(leave *replica) *replica {
	from := int(p.next.Add(1) % uint64(len(p.replicas)))
	order := slices.Concat(p.replicas[from:], p.replicas[:from])
	choice := order[0]
	for _, r := range order {
		if r != leave {
			choice = r
			if !r.down.Load() {
				break
			}
		}
	}
	return choice
}

// send sends a request to one replica. A failure that is not the caller's leaving takes the
// replica out; an answer with any status is none.
func (p *pool) send(r *http.Request, body *kept, to *replica) (*http.Response, error) {
	attempt := r.Clone(r.Context())
	attempt.URL.Scheme, attempt.URL.Host = to.address.Scheme, to.address.Host
	attempt.Body = body.body()
	resp, err := p.transport.RoundTrip(attempt)
	if err != nil && r.Context().Err() == nil {
		p.failed(to, err)
	}
	return resp, err
}

// failed leaves a replica out until it answers.
func (p *pool) failed(r *replica, err error) {
	if !r.down.CompareAndSwap(false, true) {
		return
	}
	p.logger.Warn("a replica does not answer", "service", p.name, "replica", r.address.Host, "error", err)
	p.probes.Go(func() {
		tick := time.NewTicker(probeInterval)
		defer tick.Stop()
		for !p.answers(r) {
			select {
			case <-p.ctx.Done():
				return
			case <-tick.C:
			}
		}
		r.down.Store(false)
		p.logger.Info("a replica answers again", "service", p.name, "replica", r.address.Host)
	})
}

// answers asks a replica for anything: a service accepts connections when it can answer, and what it says of a path that nobody has shows
// that it does.
func (p *pool) answers(r *replica) bool {
	ctx, cancel := context.WithTimeout(p.ctx, probeTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address.JoinPath("/").String(), nil)
	if err != nil {
		return false
	}
	resp, err := p.transport.RoundTrip(request)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode < http.StatusInternalServerError
}
