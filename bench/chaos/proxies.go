package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// proxies stand between the services and their stores, and between the services.
type proxies struct {
	server *toxiproxy.ApiServer // of which nothing listens
	byName map[string]*toxiproxy.Proxy
}

// newProxies returns none yet. Toxiproxy runs in this process; its own API is not served.
func newProxies() *proxies {
	toxics.Register(corruption, new(corruptToxic))
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics have a logger of their own
	return &proxies{toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), map[string]*toxiproxy.Proxy{}}
}

// add starts a proxy to an address, "host:port", and returns its own. name is how faults call
// it.
func (p *proxies) add(name, upstream string) (string, error) {
	proxy := toxiproxy.NewProxy(p.server, name, "127.0.0.1:0", upstream)
	if err := proxy.Start(); err != nil {
		return "", fmt.Errorf("start the proxy to %s: %w", name, err)
	}
	p.byName[name] = proxy
	return proxy.Listen, nil
}

// close ends the proxies and their connections.
func (p *proxies) close() {
	for _, proxy := range p.byName {
		proxy.Stop()
	}
}

// toxic is what is done to both directions of a connection.
type toxic struct {
	kind       string // latency, bandwidth, corrupt; "" cuts the connections and takes no new ones
	attributes map[string]any
}

// during does a toxic to proxies while f runs, in both directions, on connections that are open
// and on new ones.
func (p *proxies) during(ctx context.Context, t toxic, f func(), names ...string) error {
	for _, name := range names {
		proxy := p.byName[name]
		if t.kind == "" {
			proxy.Stop()
			continue
		}
		for _, direction := range []string{"upstream", "downstream"} {
			data, err := json.Marshal(map[string]any{"name": direction, "type": t.kind, "stream": direction, "attributes": t.attributes})
			if err != nil {
				return err
			}
			if _, err := proxy.Toxics.AddToxicJson(bytes.NewReader(data)); err != nil {
				return fmt.Errorf("add the toxic %s to %s: %w", t.kind, name, err)
			}
		}
	}
	f()
	for _, name := range names {
		proxy := p.byName[name]
		if t.kind == "" {
			if err := proxy.Start(); err != nil {
				return fmt.Errorf("start the proxy to %s again: %w", name, err)
			}
			continue
		}
		for _, direction := range []string{"upstream", "downstream"} {
			if err := proxy.Toxics.RemoveToxic(ctx, direction); err != nil {
				return fmt.Errorf("remove the toxic %s from %s: %w", t.kind, name, err)
			}
		}
	}
	return nil
}

// corruption is the kind of the toxic below, which toxiproxy does not have.
const corruption = "corrupt"

// corruptToxic flips a bit of what passes, once in so many bytes on average.
type corruptToxic struct {
	Every int    `json:"every"` // bytes
	Seed  uint64 `json:"seed"`
}

// Pipe is what toxiproxy calls for each connection.
func (t *corruptToxic) Pipe(stub *toxics.ToxicStub) {
	r := rand.New(rand.NewPCG(t.Seed, 0))
	left := r.IntN(2 * t.Every)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			stub.Output <- t.flip(c, r, &left)
		}
	}
}

// flip changes a chunk in place; left is how many bytes pass before the next flip.
func (t *corruptToxic) flip(c *stream.StreamChunk, r *rand.Rand, left *int) *stream.StreamChunk {
	for *left < len(c.Data) {
		c.Data[*left] ^= 1 << r.IntN(8)
		*left += 1 + r.IntN(2*t.Every)
	}
	*left -= len(c.Data)
	return c
}
