package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// clustered is a shop on two replicas of each service whose Redis is a cluster.
type clustered struct {
	*replicated
	redis *testenv.Cluster
	keys  string // file
	key   string // of the shop
	items []string
}

// TestRedisCluster has all that is kept in Redis on a cluster of three nodes: lists of neighbours and the count of requests. One node is
// killed and comes back empty: every list and answer stays what it was, byte for byte, and lists are loaded again.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cluster := testenv.RedisCluster(t)
	c := &clustered{redis: cluster, keys: filepath.Join(t.TempDir(), "keys.json")}
	c.key = keyOf(t, c.keys, "north")
	c.replicated = startReplicatedOn(t, c.keys, cluster.URL())
	shop := connectTo(c.gateway, c.key)
	fill(t, ctx, shop, 1)
	recompute(t, ctx, shop)
	for _, item := range catalogue() {
		c.items = append(c.items, item.ItemID)
	}

	lists := c.awaitLists(t, ctx, func() {})
	c.countTogether(t, ctx)
	var want map[string]string
	eventually(t, ctx, "both replicas have the models", func() (err error) {
		want, err = c.answers(ctx, c.services["similarity-service"][0].address, c.gateway.address)
		return err
	})
	before := c.hits(t, ctx)
	for range 5 {
		c.compare(t, ctx, want, "with all nodes")
	}
	// A busy machine has some read from the snapshot: nobody waits long for Redis.
	if hits, asked := c.hits(t, ctx)-before, int64(5*2*lists); hits < asked/2 {
		t.Errorf("%d lists came from the cluster, want half of %d at least: %d lists, asked 5 times of 2 replicas", hits, asked, lists)
	}

	node := c.fullest(t, ctx)
	cluster.Kill(node)
	rounds := 0
	for down := false; !down || rounds < 20; rounds++ { // some before the others notice, and some after
		c.compare(t, ctx, want, "without a node")
		info, err := cluster.Nodes[(node+1)%len(cluster.Nodes)].ClusterInfo(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		down = strings.Contains(info, "cluster_state:fail")
	}
	for range 3 { // a process asks any node whether the cluster is there
		c.services["similarity-service"][0].stop(syscall.SIGTERM)
		c.start(t, "similarity-service", 0)
		eventually(t, ctx, "a replica that starts without the node has the models", func() error {
			_, err := c.answers(ctx, c.services["similarity-service"][0].address, c.gateway.address)
			return err
		})
		c.compare(t, ctx, want, "of a replica that started without the node")
	}
	c.countAlone(t, ctx)

	cluster.Restart(t, node)
	asked := func() { c.compare(t, ctx, want, "with the node empty") } // lists that are asked for are loaded at once
	if again := c.awaitLists(t, ctx, asked); again != lists {
		t.Errorf("%d lists are in the cluster again, there were %d", again, lists)
	}
	before = c.hits(t, ctx)
	c.compare(t, ctx, want, "with the node again")
	t.Logf(
		"%d lists in the cluster; %d rounds of %d answers without a node; %d lists from the cluster in a round after it",
		lists, rounds, 2*len(want), c.hits(t, ctx)-before,
	)
}

// modelled are the relations that this shop has models of.
var modelled = []string{similarityapi.Similar, similarityapi.BoughtTogether}

// awaitLists waits until the lists of both models are in the cluster, with something to do meanwhile, and returns how many there are.
func (c *clustered) awaitLists(t *testing.T, ctx context.Context, meanwhile func()) (lists int) {
	t.Helper()
	eventually(t, ctx, "the lists of both models are in the cluster", func() error {
		meanwhile()
		ready := 0
		lists = 0
		for _, node := range c.redis.Nodes {
			for keys := node.Scan(ctx, 0, "aisle:{*", 1000).Iterator(); keys.Next(ctx); {
				if strings.HasSuffix(keys.Val(), ":ready") {
					ready++
				} else {
					lists++
				}
			}
		}
		if ready != len(modelled) {
			return fmt.Errorf("those of %d are, %d lists", ready, lists)
		}
		return nil
	})
	return lists
}

// fullest is the node with most keys.
func (c *clustered) fullest(t *testing.T, ctx context.Context) (node int) {
	t.Helper()
	most := int64(-1)
	for n := range c.redis.Nodes {
		keys, err := c.redis.Nodes[n].DBSize(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		if keys > most {
			node, most = n, keys
		}
	}
	return node
}

// hits is how many keys the nodes have found for who asked.
func (c *clustered) hits(t *testing.T, ctx context.Context) (sum int64) {
	t.Helper()
	for _, node := range c.redis.Nodes {
		info, err := node.Info(ctx, "stats").Result()
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		_, rest, _ := strings.Cut(info, "keyspace_hits:")
		if _, err := fmt.Sscan(rest, &n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// answers asks a replica of the similarity-service for every list, and the gateway for lists of visitors.
func (c *clustered) answers(ctx context.Context, similarity, gateway string) (map[string]string, error) {
	got := map[string]string{}
	for _, relation := range modelled {
		body, err := c.post(ctx, similarity, "/v1/similarities", similarityapi.LookupRequest{Relation: relation, ItemIDs: c.items})
		if err != nil {
			return nil, err
		}
		if !strings.Contains(body, `"model_version":"`+relation) || strings.Contains(body, "degraded") {
			return nil, fmt.Errorf("%.200s", body)
		}
		got[relation] = body
	}
	for n := range 6 {
		user := fmt.Sprint("user ", n)
		body, err := c.post(ctx, gateway, "/v1/recommendations", recommenderapi.Request{
			Scenario: "home.for_you", UserID: user, Limit: 10, Test: true, DeadlineMS: 5000,
		})
		var answer recommenderapi.Answer
		if err == nil {
			err = json.Unmarshal([]byte(body), &answer)
		}
		if err != nil || len(answer.Degraded) > 0 || len(answer.Items) != 10 {
			return nil, fmt.Errorf("%s: %.200s, %w", user, body, err)
		}
		got[user] = ids(answer.Items)
	}
	return got, nil
}

// compare asks everything of both replicas.
func (c *clustered) compare(t *testing.T, ctx context.Context, want map[string]string, when string) {
	t.Helper()
	for n, p := range c.services["similarity-service"] {
		got, err := c.answers(ctx, p.address, c.gateway.address)
		if err != nil {
			t.Fatalf("%s, replica %d: %v", when, n, err)
		}
		for what := range want {
			if got[what] != want[what] {
				t.Fatalf("%s, replica %d, %s:\n%s\nwas\n%s", when, n, what, got[what], want[what])
			}
		}
	}
}

func (c *clustered) post(ctx context.Context, address, path string, body any) (string, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+path, bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", path, resp.Status, answer)
	}
	return string(answer), err
}

// paths are what each service is asked for to see whether it lets a key in.
var paths = map[string]string{"profile-service": "/v1/items", "similarity-service": "/v1/models", "recommender-service": "/v1/scenarios"}

// countTogether has keys that may ask once: what one replica lets in, the other does not, of any service and wherever
// the count is. A process that a busy machine keeps from its Redis counts alone for a second, so that a key may be one
// too few.
func (c *clustered) countTogether(t *testing.T, ctx context.Context) {
	t.Helper()
	for name, path := range paths {
		for range 4 {
			eventually(t, ctx, "what one replica lets in, the other does not", func() error {
				key := keyOf(t, c.keys, "north", "--rate", "0.01")
				first := c.status(t, ctx, c.services[name][0], path, key)
				second := c.status(t, ctx, c.services[name][1], path, key)
				if first != http.StatusOK || second != http.StatusTooManyRequests {
					return fmt.Errorf("a key that may ask once of %s: %d, and of its other replica %d", name, first, second)
				}
				return nil
			})
		}
	}
}

// countAlone has a key that may ask once while the cluster does not count: each process lets it in once.
func (c *clustered) countAlone(t *testing.T, ctx context.Context) {
	t.Helper()
	key := keyOf(t, c.keys, "north", "--rate", "0.01")
	for name, path := range paths {
		for _, p := range c.services[name] {
			first := c.status(t, ctx, p, path, key)
			if second := c.status(t, ctx, p, path, key); first != http.StatusOK || second != http.StatusTooManyRequests {
				t.Errorf("a key that may ask once of %s, without the cluster: %d, then %d", name, first, second)
			}
		}
	}
}

// status asks once the process knows a key that is new.
func (c *clustered) status(t *testing.T, ctx context.Context, p *program, path, key string) (status int) {
	t.Helper()
	eventually(t, ctx, "the key is known", func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url()+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if status = resp.StatusCode; status == http.StatusUnauthorized {
			return fmt.Errorf("it is not yet")
		}
		return nil
	})
	return status
}
