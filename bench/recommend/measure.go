package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	cpuGoal        = 300.0 // µs per request in all
	p99Goal        = 10 * time.Millisecond
	checked        = 50 // users whose first answers are looked at
	personalShare  = .9
	settledPolls   = 40              // without a change of texts
	warmTime       = 2 * time.Minute // at most
	openConnection = 64
	eventLoad      = 8 // connections while events are posted, and while the CPU profile is taken
	clicksPerUser  = 4
)

// closedConnections are the closed loops; the bar stands at the middle one.
var closedConnections = [...]int{1, 8, 32}

// measurement is a run of the benchmark.
type measurement struct {
	options *options
	server  *server
	shop    *shop
	table   table
	turns   []turn
	peak    float64 // requests per second

	loader   *loader
	bare     *exec.Cmd
	bareIn   io.Closer
	bareAddr string
}

// prepare looks at the first answers, starts the other processes and fills the caches.
func (m *measurement) prepare(ctx context.Context) error {
	where := "SQLite and the Redis inside the process"
	if m.options.stores {
		where = "Postgres and Redis"
	}
	m.table.heading = []string{
		fmt.Sprintf("home.for_you, %d items, %d users with %d recent items each; filter, diversity, reasons, 2 fields, 20 items; %s", m.options.items, m.options.users, recent, where),
		fmt.Sprintf("server, bare handler and client share the %d processors of this machine: latencies hold the client's work too", runtime.NumCPU()),
	}
	c := m.server.clients()
	answer, err := m.check(ctx, c)
	if err != nil {
		return err
	}
	if m.loader, err = startLoader(); err != nil {
		return err
	}
	if err := m.startBare(answer); err != nil {
		return err
	}
	for n := range m.options.users {
		body, err := json.Marshal(m.shop.request(n))
		if err != nil {
			return err
		}
		m.turns = append(m.turns, turn{render("/v1/recommendations", body)})
	}
	for _, addr := range []string{m.bareAddr, m.server.addr} { // two rounds over the users fill the caches
		warm, err := m.loader.do(job{Addr: addr, Connections: 8, Duration: warmTime, Limit: 2 * len(m.turns), Turns: m.turns})
		if err != nil {
			return err
		}
		note("warmed up with %d requests in %.0f s", warm.Done, warm.Wall.Seconds())
	}
	return nil
}

// settle waits until the server, just started, has read the texts of the catalogue: lists made before are made again behind later answers.
func (m *measurement) settle(ctx context.Context, c clients) error {
	texts, same := "", 0
	return m.server.await(ctx, "the texts of the catalogue", func() error {
		live, err := c.similarity.Live(ctx)
		if err != nil {
			return err
		}
		if live.Texts != texts {
			texts, same = live.Texts, 0
		}
		if same++; same < settledPolls {
			return errors.New("they are still being read")
		}
		return nil
	})
}

// check looks at the first answers: full, personal, with reasons, and made with every peer's help. It returns one of them.
func (m *measurement) check(ctx context.Context, c clients) (*recommenderapi.Answer, error) {
	var answer recommenderapi.Answer
	if err := m.settle(ctx, c); err != nil {
		return nil, err
	}
	err := m.server.await(ctx, "complete answers", func() (err error) {
		answer, err = c.recommender.Recommend(ctx, m.shop.request(0))
		return errors.Join(err, complete(&answer))
	})
	if err != nil {
		return nil, err
	}
	personal, items := 0, 0
	var history []string
	for n := range min(checked, m.options.users) {
		if answer, err = c.recommender.Recommend(ctx, m.shop.request(n)); err != nil {
			return nil, err
		}
		if err := complete(&answer); err != nil {
			return nil, fmt.Errorf("answer to %s: %w", userID(n), err)
		}
		for _, item := range answer.Items {
			items++
			if (item.Tier == "personal" || item.Tier == "session") && len(item.Reasons) > 0 {
				personal++
			}
		}
		profile, err := c.profile.Profile(ctx, profileapi.ProfileQuery{UserID: userID(n), Limit: recent})
		if err != nil {
			return nil, err
		}
		if len(profile.Recent) != recent {
			return nil, fmt.Errorf("%s has %d recent items instead of %d", userID(n), len(profile.Recent), recent)
		}
		for _, item := range profile.Recent {
			history = append(history, item.ItemID)
		}
	}
	if share := float64(personal) / float64(items); share < personalShare {
		return nil, fmt.Errorf("only %.0f %% of the items of the first answers are personal with a reason", 100*share)
	}
	note("checked %d answers: 20 items each, none degraded, %.0f %% of the items personal with a reason", min(checked, m.options.users), 100*float64(personal)/float64(items))
	return &answer, m.describe(ctx, c, history)
}

// describe says what the neighbour lists of the users' items are made of.
func (m *measurement) describe(ctx context.Context, c clients, history []string) error {
	const asked = 200 // items per lookup
	sources, neighbours := map[string]int{}, 0
	for from := 0; from < len(history); from += asked {
		answer, err := c.similarity.Lookup(ctx, similarityapi.LookupRequest{Relation: similarityapi.Similar, ItemIDs: history[from:min(from+asked, len(history))], Limit: 100})
		if err != nil {
			return fmt.Errorf("look up the lists of the recent items: %w", err)
		}
		for _, list := range answer.Lists {
			sources[list.Source]++
			neighbours += len(list.Neighbours)
		}
	}
	line := fmt.Sprintf("the recent items have lists of %d neighbours on average;", neighbours/max(1, len(history)))
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		line += fmt.Sprintf(" %s %d %%", source, 100*sources[source]/len(history))
	}
	m.table.heading = append(m.table.heading, line)
	note("%s", line)
	return nil
}

func complete(a *recommenderapi.Answer) error {
	if len(a.Items) != 20 || len(a.Degraded) > 0 {
		return fmt.Errorf("%d items, degraded %v", len(a.Items), a.Degraded)
	}
	return nil
}

func (m *measurement) startBare(answer *recommenderapi.Answer) error {
	child, in, out, err := startRole(bareRole)
	if err != nil {
		return err
	}
	m.bare, m.bareIn = child, in
	if err := json.NewEncoder(in).Encode(answer); err != nil {
		return fmt.Errorf("send the answer to the bare handler: %w", err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the bare handler did not start: %w", err)
	}
	m.bareAddr = strings.TrimSpace(addr)
	return nil
}

// close ends the other processes.
func (m *measurement) close() {
	if m.bare != nil {
		_ = m.bareIn.Close() // which ends the process
		_ = m.bare.Wait()
	}
	if m.loader != nil {
		m.loader.close()
	}
}

// sample is a load with the CPU time that it took.
type sample struct {
	outcome
	used usage
}

func (s *sample) cpu() string {
	text := fmt.Sprintf("%.0f µs", each(s.used.total(), s.Done))
	if s.used.postgres+s.used.redis > 0 {
		text += fmt.Sprintf(" (server %.0f, Postgres %.0f, Redis %.0f)", each(s.used.server, s.Done), each(s.used.postgres, s.Done), each(s.used.redis, s.Done))
	}
	return text
}

func (s *sample) latency() string {
	return fmt.Sprintf("p50 %.2f, p99 %.2f, p99.9 %.2f ms", milliseconds(s.P50), milliseconds(s.P99), milliseconds(s.P999))
}

// load runs a job on the server.
func (m *measurement) load(j job) (sample, error) {
	j.Addr = m.server.addr
	before := m.server.usage()
	result, err := m.loader.do(j)
	s := sample{result, m.server.usage().minus(before)}
	if s.Degraded > 0 {
		m.table.remarks = append(m.table.remarks, fmt.Sprintf("%d of %d answers over %d connections were degraded", s.Degraded, s.Done, j.Connections))
	}
	return s, err
}

// loadBare runs the same job on the bare handler.
func (m *measurement) loadBare(j job) (sample, error) {
	j.Addr = m.bareAddr
	before, _ := procstat.Of(m.bare.Process.Pid)
	result, err := m.loader.do(j)
	after, _ := procstat.Of(m.bare.Process.Pid)
	return sample{result, usage{server: after.Own - before.Own}}, err
}

func seconds(s float64) time.Duration      { return time.Duration(s * float64(time.Second)) }
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
