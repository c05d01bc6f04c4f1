package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// replicated is two replicas of each service behind a gateway, through which the services reach each other, too.
type replicated struct {
	gateway  *program
	settings []string
	services map[string][]*program // two of each, by name
}

// startReplicated starts all of them at addresses that stay, with a Redis of their own.
func startReplicated(t *testing.T, keysFile string) *replicated {
	t.Helper()
	return startReplicatedOn(t, keysFile, testenv.Redis(t))
}

// startReplicatedOn is startReplicated with a Redis that is there.
func startReplicatedOn(t *testing.T, keysFile, redisURL string) *replicated {
	t.Helper()
	planned := map[string][]*program{}
	for _, name := range services {
		planned[name] = []*program{{address: freeAddress(t)}, {address: freeAddress(t)}}
	}
	r := &replicated{services: planned}
	r.gateway = startGateway(t, planned["profile-service"], planned["similarity-service"], planned["recommender-service"])
	r.settings = slices.Concat(threeSettings(keysFile), ownDatabases(t), []string{
		"AISLE_TRUSTED_PROXIES=127.0.0.1", "AISLE_REDIS_URL=" + redisURL, "AISLE_BLOB_URL=file://" + t.TempDir(),
		"AISLE_PROFILE_URL=http://" + r.gateway.address, "AISLE_SIMILARITY_URL=http://" + r.gateway.address,
	})
	for _, name := range services {
		for n := range planned[name] {
			r.start(t, name, n)
		}
		if name == "profile-service" { // which the others read first
			reachable(t, r.gateway, "/v1/items")
		}
	}
	awaitGateway(t, r.gateway)
	return r
}

// reachable waits until the gateway knows who has a path.
func reachable(t *testing.T, gateway *program, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, "the gateway knows "+path, func() error {
		err := httpclient.New(httpclient.Options{BaseURL: "http://" + gateway.address}).Call(ctx, http.MethodGet, path, nil, nil, nil)
		if apierror.Is(err, http.StatusServiceUnavailable) {
			return err
		}
		return nil
	})
}

// start starts a replica again at its address.
func (r *replicated) start(t *testing.T, name string, n int) {
	t.Helper()
	r.services[name][n] = start(t, append(slices.Clip(r.settings), "AISLE_LISTEN="+r.services[name][n].address), name)
}

// freeAddress is a loopback address that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// shopper posts events and asks for recommendations until it is told to stop, and counts what came of it.
type shopper struct {
	client                     clients
	asked, again, failed       atomic.Int64 // recommendations: requests, first tries that failed, requests that failed twice
	posted, postedAgain, stale atomic.Int64 // events acknowledged, tries that were not; answers that said that they lack the newest
	mu                         sync.Mutex
	unseen                     []string // events that the next answer did not know
}

// openShop has four visitors come, and waits for a hundred of their tries; closing it waits until they have left.
func openShop(t *testing.T, ctx context.Context, c clients) (s *shopper, closeShop func()) {
	t.Helper()
	s = &shopper{client: c}
	shopping, end := context.WithCancel(ctx)
	var visitors sync.WaitGroup
	for n := range 4 {
		visitors.Go(func() { s.shop(shopping, fmt.Sprintf("visitor %d", n)) })
	}
	s.more(t, ctx, 100)
	return s, func() { end(); visitors.Wait() }
}

// shop lets one visitor post an event, which is sent with the same id until it is acknowledged, and ask at once what it changes.
func (s *shopper) shop(ctx context.Context, visitor string) {
	for n := 0; ctx.Err() == nil; n++ {
		e := profileapi.Event{
			EventID: fmt.Sprintf("%s/%d", visitor, n), Type: "view_item", UserID: visitor, ItemID: fmt.Sprintf("lamp/%02d", n%groupItems),
		}
		for {
			if answer, err := s.client.profile.PostEvents(context.WithoutCancel(ctx), []profileapi.Event{e}); err == nil &&
				answer.Accepted+answer.Duplicates == 1 {
				s.posted.Add(1)
				break
			}
			s.postedAgain.Add(1)
		}
		answer, ok := s.ask(context.WithoutCancel(ctx), visitor)
		switch {
		case !ok:
		case answer.Freshness.Stale || len(answer.Degraded) > 0:
			s.stale.Add(1)
		case answer.Freshness.LastEventID != e.EventID:
			s.mu.Lock()
			s.unseen = append(s.unseen, e.EventID)
			s.mu.Unlock()
		}
	}
}

// ask asks for a list, once more when that fails.
func (s *shopper) ask(ctx context.Context, visitor string) (recommenderapi.Answer, bool) {
	s.asked.Add(1)
	for try := range 2 {
		answer, err := s.client.recommender.Recommend(ctx, recommenderapi.Request{
			Scenario: "home.for_you", UserID: visitor, DeadlineMS: 2000,
		})
		if err == nil {
			return answer, true
		}
		if try == 0 {
			s.again.Add(1)
		}
	}
	s.failed.Add(1)
	return recommenderapi.Answer{}, false
}

// TestReplicas kills and restarts one replica of each service after the other while visitors come: no recommendation fails twice, no
// acknowledged event is lost or doubled, and an answer that does not say otherwise knows what was just acknowledged.
func TestReplicas(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	key := keyOf(t, file, "north")
	r := startReplicated(t, file)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	c := connectTo(r.gateway, key)
	if answer, err := c.profile.PutItems(ctx, catalogue()); err != nil || answer.Accepted != 2*groupItems {
		t.Fatalf("%+v, %v", answer, err)
	}
	before := history(1)
	for batch := range slices.Chunk(before, 500) {
		if answer, err := c.profile.PostEvents(ctx, batch); err != nil || answer.Accepted != len(batch) {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	eventually(t, ctx, "the services have the catalogue, and a model is made", func() error {
		job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 1})
		if err == nil {
			_, err = c.similarity.WaitForJob(ctx, job.JobID, func(similarityapi.Job) {})
		}
		return err
	})
	s, closeShop := openShop(t, ctx, c)
	defer closeShop()
	for n := range 2 {
		for _, name := range services {
			for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
				r.services[name][n].stop(signal)
				s.more(t, ctx, 20)
				r.start(t, name, n)
				s.more(t, ctx, 20)
			}
		}
	}
	closeShop()
	t.Logf("%d recommendations, %d tried again, %d failed; %d events acknowledged, %d tries were not; %d answers said that they lack "+
		"something",
		s.asked.Load(), s.again.Load(), s.failed.Load(), s.posted.Load(), s.postedAgain.Load(), s.stale.Load())
	if s.failed.Load() > 0 || len(s.unseen) > 0 {
		t.Errorf(
			"%d recommendations failed twice; the next answer did not know %d events: %.300v", s.failed.Load(), len(s.unseen), s.unseen,
		)
	}
	if got, want := r.storedEvents(t, ctx), s.posted.Load()+int64(len(before)); got != want {
		t.Errorf("%d events are stored, %d were acknowledged", got, want)
	}
	sameFromBoth(t, ctx, r, key)
	keysFromBoth(t, ctx, r, file, key)
}

// more waits until the visitors have asked so many times more.
func (s *shopper) more(t *testing.T, ctx context.Context, requests int64) {
	t.Helper()
	goal := s.asked.Load() + requests
	eventually(t, ctx, "visitors come", func() error {
		if s.asked.Load() < goal {
			return fmt.Errorf("%d of %d", s.asked.Load(), goal)
		}
		return nil
	})
}

// storedEvents counts the rows of the events, each id once.
func (r *replicated) storedEvents(t *testing.T, ctx context.Context) (stored int64) {
	t.Helper()
	const setting = "AISLE_PROFILE_DATABASE_URL="
	n := slices.IndexFunc(r.settings, func(s string) bool { return strings.HasPrefix(s, setting) })
	tables, err := database.OpenTables(ctx, strings.TrimPrefix(r.settings[n], setting), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	var rows int64
	if err := tables.Reader.QueryRowContext(
		ctx, "select count(*), count(distinct (visitor, id_hash)) from events",
	).Scan(&rows, &stored); err != nil {
		t.Fatal(err)
	}
	if rows != stored {
		t.Errorf("%d events are stored twice", rows-stored)
	}
	return stored
}

// sameFromBoth compares what two replicas say of the live models, and which items they know to be popular: each counts by itself, at
// moments of its own.
func sameFromBoth(t *testing.T, ctx context.Context, r *replicated, key string) {
	t.Helper()
	eventually(t, ctx, "both replicas say the same", func() error {
		var said []string
		for _, p := range r.services["similarity-service"] {
			c := connectTo(p, key).similarity
			live, err := c.Live(ctx)
			if err != nil {
				return err
			}
			popular, err := c.Popular(ctx, similarityapi.PopularQuery{Limit: 100})
			if err != nil {
				return err
			}
			var items []string
			for _, it := range popular.Items {
				items = append(items, it.ItemID)
			}
			slices.Sort(items)
			said = append(said, fmt.Sprint(live.Live, items))
		}
		if said[0] != said[1] || !strings.Contains(said[0], "lamp/") {
			return fmt.Errorf("%s and %s", said[0], said[1])
		}
		return nil
	})
}

// keysFromBoth makes a key, which every replica takes a moment later.
func keysFromBoth(t *testing.T, ctx context.Context, r *replicated, file, old string) {
	t.Helper()
	fresh := keyOf(t, file, "north")
	for _, name := range services {
		for _, p := range r.services[name] {
			path := map[string]string{
				"profile-service": "/v1/stats/events", "similarity-service": "/v1/models", "recommender-service": "/v1/rules",
			}[name]
			for _, key := range []string{fresh, old} {
				c := httpclient.New(httpclient.Options{BaseURL: "http://" + p.address, Key: key})
				eventually(t, ctx, name+" takes a key", func() error { return c.Call(ctx, http.MethodGet, path, nil, nil, nil) })
			}
		}
	}
}
