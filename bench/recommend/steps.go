package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// closedLoops loads both servers as fast as they answer. The most that the server answered is the peak.
func (m *measurement) closedLoops(context.Context) error {
	for n, connections := range closedConnections {
		j := job{Connections: connections, Duration: seconds(m.options.seconds), Turns: m.turns}
		bare, err := m.loadBare(j)
		if err != nil {
			return err
		}
		s, err := m.load(j)
		if err != nil {
			return err
		}
		m.peak = max(m.peak, s.perSecond())
		asked := ""
		if n == len(closedConnections)/2 {
			asked = fmt.Sprintf("≤ %.0f µs", cpuGoal)
		}
		name := fmt.Sprintf("connections: %d", connections)
		m.table.add("CPU per request, "+name, asked, s.cpu(), bare.cpu())
		m.table.add("throughput, "+name, "", fmt.Sprintf("%.0f/s", s.perSecond()), fmt.Sprintf("%.0f/s", bare.perSecond()))
		m.table.add("latency, "+name, "", s.latency(), bare.latency())
	}
	return nil
}

// openLoops sends half of the peak, and then the other rates, at fixed times.
func (m *measurement) openLoops(context.Context) error {
	if err := m.openLoop(fmt.Sprintf("half of the peak, %.0f/s", m.peak/2), fmt.Sprintf("p99 < %.0f ms", milliseconds(p99Goal)), m.peak/2); err != nil {
		return err
	}
	for _, rate := range m.options.rates {
		if err := m.openLoop(fmt.Sprintf("%d/s", rate), "", float64(rate)); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) openLoop(name, asked string, rate float64) error {
	j := job{Connections: openConnection, Duration: seconds(m.options.openSeconds), Rate: rate, Turns: m.turns}
	bare, err := m.loadBare(j)
	if err != nil {
		return err
	}
	s, err := m.load(j)
	if err != nil {
		return err
	}
	m.table.add("latency at "+name, asked, s.latency(), bare.latency())
	m.table.add("CPU per request at "+name, "", s.cpu(), bare.cpu())
	return nil
}

// profiled loads the server once more while a CPU profile is taken, which no figure is made of.
func (m *measurement) profiled(ctx context.Context) error {
	if m.options.profile == "" {
		return nil
	}
	type page struct {
		data []byte
		err  error
	}
	read := make(chan page, 1)
	go func() {
		data, err := m.server.fetch(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", max(1, m.options.seconds)))
		read <- page{data, err}
	}()
	if _, err := m.load(job{Connections: eventLoad, Duration: seconds(m.options.seconds), Turns: m.turns}); err != nil {
		return err
	}
	p := <-read
	if p.err != nil {
		return p.err
	}
	if err := os.WriteFile(m.options.profile, p.data, 0o600); err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	return nil
}

// withEvents posts an event of the user before each request, so that nothing kept about the user helps.
func (m *measurement) withEvents(context.Context) error {
	var turns []turn
	for n := range m.options.users * clicksPerUser {
		user := n % m.options.users
		body, err := json.Marshal(m.shop.click(n, user))
		if err != nil {
			return err
		}
		turns = append(turns, turn{render("/v1/events", body), m.turns[user][0]})
	}
	s, err := m.load(job{Connections: eventLoad, Duration: seconds(m.options.seconds), Turns: turns})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("event and request, %d connections", eventLoad)
	m.table.add("CPU of "+name, "", s.cpu(), "")
	m.table.add("latency of "+name, "", s.latency(), "")
	return nil
}

const (
	walkContext = 10 // items of a page whose lists one request takes
	walkStops   = 4  // memory is read so many times on the way through the catalogue
)

// bounded restarts the server with a small neighbour cache and asks for the lists of every item.
func (m *measurement) bounded(ctx context.Context) error {
	now, err := m.server.memory(ctx)
	if err != nil {
		return err
	}
	m.table.add("memory after the load", "", fmt.Sprintf("heap %.0f MB, resident %.0f MB, neighbour lists %.1f MB", now.heap, now.resident, now.lists), "")
	m.server.stop()
	m.server.cacheMB = m.options.cacheMB
	if err := m.server.start(ctx); err != nil {
		return err
	}
	c := m.server.clients()
	err = m.server.await(ctx, "complete answers", func() error {
		answer, err := c.recommender.Recommend(ctx, m.shop.request(0))
		return errors.Join(err, complete(&answer))
	})
	if err != nil {
		return err
	}
	return m.walk(ctx, c)
}

// walk asks for the lists of every item once and reads the memory on the way.
func (m *measurement) walk(ctx context.Context, c clients) error {
	began := time.Now()
	var heaps, residents, lists []string
	for stop := range walkStops {
		from, to := stop*m.options.items/walkStops, (stop+1)*m.options.items/walkStops
		err := inBatches(ctx, to-from, walkContext, func(ctx context.Context, low, high int) error {
			return m.askFor(ctx, c, from+low, from+high)
		})
		if err != nil {
			return err
		}
		now, err := m.server.memory(ctx)
		if err != nil {
			return err
		}
		heaps, residents = append(heaps, fmt.Sprintf("%.0f", now.heap)), append(residents, fmt.Sprintf("%.0f", now.resident))
		lists = append(lists, fmt.Sprintf("%.1f", now.lists))
	}
	note("the lists of %d items took %.0f s", m.options.items, time.Since(began).Seconds())
	series := func(values []string) string { return strings.Join(values, " → ") + " MB" }
	m.table.add("neighbour lists after a quarter, half, … of all items", fmt.Sprintf("≤ %d MB", m.options.cacheMB), series(lists), "")
	m.table.add("heap, the same", "level", series(heaps), "")
	m.table.add("resident, the same", "", series(residents), "")
	return nil
}

// askFor asks for something similar to a range of items, which brings the lists of all of them into the cache.
func (m *measurement) askFor(ctx context.Context, c clients, from, to int) error {
	r := recommenderapi.Request{Scenario: "product_detail.similar", Limit: 1, DeadlineMS: 5000}
	for n := from; n < to; n++ {
		r.ContextItems = append(r.ContextItems, itemID(n))
	}
	answer, err := c.recommender.Recommend(ctx, r)
	if err == nil && len(answer.Degraded) > 0 {
		err = fmt.Errorf("degraded %v", answer.Degraded)
	}
	return err
}
