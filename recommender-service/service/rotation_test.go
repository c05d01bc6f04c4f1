package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
	r := &replicas{startWith(t, w, testenv.SQLite(t), client), startWith(t, w, testenv.SQLite(t), client)}
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

// looks asks without being remembered until the list is as wanted: news travel for some milliseconds.
func looks(t *testing.T, s *running, r api.Request, want func(ids []string) bool) {
	t.Helper()
	r.Test = true
	s.await(t, r, func(a api.Answer) bool { return want(ids(a)) })
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
	shown := func(by *running, before ...api.Answer) api.Answer {
		t.Helper()
		looks(t, by, ann, func(next []string) bool {
			return !slices.ContainsFunc(before, func(a api.Answer) bool {
				return slices.ContainsFunc(next, func(id string) bool { return slices.Contains(ids(a), id) })
			})
		})
		a := by.recommend(t, ann)
		without(t, "through the replicas in turn", a, before...)
		return a
	}
	first := shown(r.one)
	second := shown(r.other, first)
	shown(r.one, first, second)
	var again api.Replay
	replay := "/v1/recommendations/" + second.RecommendationID + "/replay"
	if _, err := r.other.call(t, http.MethodPost, replay, nil, nil, &again); err != nil || !again.Identical {
		t.Errorf("replay: %v, gone %v", err, again.Gone)
	}
	same := func(next []string) bool { return slices.Equal(next, ids(first)) }
	looks(t, r.other, api.Request{Scenario: "turning.too", UserID: "ann"}, same) // another placement
	looks(t, r.other, api.Request{Scenario: "turning", UserID: "bob"}, same)     // another visitor

	if _, err := r.one.call(t, http.MethodDelete, "/v1/recommendations?user_id=ann", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	looks(t, r.one, ann, same)
	looks(t, r.other, ann, same) // which has forgotten her as well

	no := false
	r.one.recommend(t, api.Request{Scenario: "turning", UserID: "bob", Consent: &profileapi.Consent{Personalization: &no}})
	r.one.recommend(t, api.Request{Scenario: "turning", UserID: "bob", Test: true})
	tab := api.Request{Scenario: "turning", SessionID: "tab"}
	r.one.recommend(t, tab)
	looks(t, r.other, tab, func(next []string) bool { return !same(next) }) // what was said before has arrived, too
	looks(t, r.other, api.Request{Scenario: "turning", UserID: "bob"}, same)
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

// BenchmarkRotation answers over a real socket by a replica that tells the others, by Redis, what it has shown, and in turns by one that is
// alone: the difference is what that costs. Answers are those of home.trending, which are little work beside it.
func BenchmarkRotation(b *testing.B) {
	options, err := database.ParseRedisURL(testenv.Redis(b))
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	b.Cleanup(func() { client.Close() })
	w := newWorld(b)
	w.edit("north", func(s *shopData) { lamps(s, 200) })
	ways := []*running{start(b, w, testenv.SQLite(b)), startWith(b, w, testenv.SQLite(b), client)}
	rotation := .3
	bodies := make([][]byte, benchUsers)
	for n := range bodies {
		r := api.Request{Scenario: "home.trending", UserID: fmt.Sprint("u", n), Limit: 20, Rotation: &rotation, DeadlineMS: 5000}
		if bodies[n], err = json.Marshal(r); err != nil {
			b.Fatal(err)
		}
		for _, way := range ways {
			for range 5 { // so many lists are kept of each
				way.await(b, r, func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
			}
		}
	}
	var took, used [2]time.Duration
	n := 0
	for b.Loop() {
		for i, way := range ways {
			began, before := time.Now(), cpu()
			way.post(b, way.url+"/v1/recommendations", bodies[n%benchUsers])
			took[i] += time.Since(began)
			used[i] += cpu() - before
		}
		n++
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	b.ReportMetric(each(took[0]), "µs/alone")
	b.ReportMetric(each(took[1]-took[0]), "µs-more-with-Redis")
	b.ReportMetric(each(used[1]-used[0]), "cpu-µs-more-with-Redis")
}
