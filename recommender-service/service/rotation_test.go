package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// replicas are two services of one shop that have a Redis in common.
type replicas struct {
	one, other *running
	redis      redis.UniversalClient
}

func startReplicas(t *testing.T, redisURL string) *replicas {
	t.Helper()
	options, err := database.ParseRedisURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	t.Cleanup(func() { client.Close() })
	w := newWorld(t)
	w.edit("north", func(s *shopData) { lamps(s, 200) })
	r := &replicas{startWith(t, w, testenv.SQLite(t), client), startWith(t, w, testenv.SQLite(t), client), client}
	for _, s := range []*running{r.one, r.other} {
		s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
		for _, id := range []string{"turning", "turning.too"} {
			sc := trending()
			sc.Rotation = .9
			s.put(t, id, sc)
		}
	}
	return r
}

// kept returns what is in Redis of what visitors were shown, once want says that it is as it should be: it is written after the answer.
func (r *replicas) kept(t *testing.T, want func(keys map[string]string) bool) map[string]string {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		keys := map[string]string{}
		list := func(node redis.UniversalClient) {
			for found := node.Scan(t.Context(), 0, "aisle:shown*", 100).Iterator(); found.Next(t.Context()); {
				keys[found.Val()], _ = node.Get(t.Context(), found.Val()).Result()
			}
		}
		if cluster, ok := r.redis.(*redis.ClusterClient); ok {
			slots, err := cluster.ClusterSlots(t.Context()).Result()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range slots {
				node := redis.NewClient(&redis.Options{Addr: s.Nodes[0].Addr})
				list(node)
				node.Close()
			}
		} else {
			list(r.redis)
		}
		if want(keys) {
			return keys
		}
		select {
		case <-deadline:
			t.Fatalf("Redis has %v", keys)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// lists returns a condition: one visitor, with so many lists.
func lists(n int) func(keys map[string]string) bool {
	return func(keys map[string]string) bool {
		for _, value := range keys {
			return len(keys) == 1 && strings.Count(value, `"at_ms"`) == n
		}
		return n == 0
	}
}

func without(t *testing.T, what string, got api.Answer, shown ...api.Answer) {
	t.Helper()
	for _, a := range shown {
		if slices.ContainsFunc(ids(got), func(id string) bool { return slices.Contains(ids(a), id) }) {
			t.Errorf("%s: shown again: %v after %v", what, ids(got), ids(a))
		}
	}
}

// TestRotationIsThatOfEveryReplica shows a visitor lists through two replicas in turn, on a Redis and on a cluster of three.
func TestRotationIsThatOfEveryReplica(t *testing.T) {
	t.Parallel()
	for name, redisURL := range map[string]func(t *testing.T) string{
		"one server":         func(t *testing.T) string { return testenv.Redis(t) },
		"a cluster of three": func(t *testing.T) string { return testenv.RedisCluster(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rotateTogether(t, startReplicas(t, redisURL(t)))
		})
	}
}

func rotateTogether(t *testing.T, r *replicas) {
	ann := api.Request{Scenario: "turning", UserID: "ann"}
	first := r.one.recommend(t, ann)
	r.kept(t, lists(1))
	second := r.other.recommend(t, ann)
	without(t, "by the other replica", second, first)
	r.kept(t, lists(2))
	without(t, "by the first again", r.one.recommend(t, ann), first, second)
	keys := r.kept(t, lists(3))
	for key, value := range keys {
		if strings.Contains(key+value, "ann") {
			t.Errorf("%s names the visitor: %s", key, value)
		}
		if left, err := r.redis.TTL(t.Context(), key).Result(); err != nil || left <= 2*time.Hour || left > 3*time.Hour {
			t.Errorf("%s stays for %v, %v", key, left, err)
		}
	}
	// What was shown in one placement does not go down in another, and both are remembered under one key.
	if elsewhere := r.other.recommend(t, api.Request{Scenario: "turning.too", UserID: "ann"}); !slices.Equal(ids(elsewhere), ids(first)) {
		t.Errorf("another placement: %v, want %v", ids(elsewhere), ids(first))
	}
	r.kept(t, lists(4))

	var again api.Replay
	replay := "/v1/recommendations/" + second.RecommendationID + "/replay"
	if _, err := r.other.call(t, http.MethodPost, replay, nil, nil, &again); err != nil || !again.Identical {
		t.Errorf("replay: %v, gone %v", err, again.Gone)
	}
	if _, err := r.one.call(t, http.MethodDelete, "/v1/recommendations?user_id=ann", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	r.kept(t, lists(0))
	if forgotten := r.one.recommend(t, ann); !slices.Equal(ids(forgotten), ids(first)) {
		t.Errorf("after an erasure: %v, want %v", ids(forgotten), ids(first))
	}
	r.kept(t, lists(1))

	no := false
	r.one.recommend(t, api.Request{Scenario: "turning", UserID: "bob", Consent: &profileapi.Consent{Personalization: &no}})
	r.one.recommend(t, api.Request{Scenario: "turning", UserID: "bob", Test: true})
	r.one.recommend(t, api.Request{Scenario: "home.trending", UserID: "bob"})
	r.one.recommend(t, api.Request{Scenario: "turning"})
	r.one.recommend(t, api.Request{Scenario: "turning", SessionID: "tab"})
	if keys := r.kept(t, func(keys map[string]string) bool { return len(keys) > 1 }); len(keys) != 2 {
		t.Errorf("%d visitors are remembered, want ann and the session: %v", len(keys), keys)
	}
}

// TestWhatIsRememberedIsBounded shows one visitor more lists than are kept.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	r := startReplicas(t, testenv.Redis(t))
	for n := range 30 {
		id := fmt.Sprint("turning.", n)
		sc := trending()
		sc.Rotation = .9
		r.one.put(t, id, sc)
		want := min(n+1, 20)
		r.one.recommend(t, api.Request{Scenario: id, UserID: "ann"})
		r.kept(t, func(keys map[string]string) bool {
			return lists(want)(keys) && strings.Contains(fmt.Sprint(keys), `"`+id+`"`)
		})
	}
}

// TestRotationWithoutItsRedis turns lists while Redis does not answer: the replica knows what it has shown itself.
func TestRotationWithoutItsRedis(t *testing.T) {
	t.Parallel()
	r := startReplicas(t, "redis://127.0.0.1:1/0")
	ann := api.Request{Scenario: "turning", UserID: "ann"}
	first := r.one.recommend(t, ann)
	second := r.one.recommend(t, ann)
	without(t, "by the same replica", second, first)
	if len(first.Degraded)+len(second.Degraded) > 0 {
		t.Errorf("degraded: %v, %v", first.Degraded, second.Degraded)
	}
}
