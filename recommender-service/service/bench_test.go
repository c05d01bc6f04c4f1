package service_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

const (
	benchItems  = 100_000
	benchUsers  = 200
	benchRecent = 50
)

// bigShop has 100,000 items with 200 neighbours each, as many as a model keeps, for the seeds of users who did 50 things.
func bigShop(s *shopData) {
	id := func(i int) string { return fmt.Sprintf("item%06d", i%benchItems) }
	for i := range benchItems {
		price := float64(i%90) + 1
		s.put(profileapi.Item{
			ItemID: id(i), Title: "Item", CategoryPath: []string{"Home", "C" + strconv.Itoa(i%300)}, Brand: "B" + strconv.Itoa(i%900),
			Price: &price,
		})
	}
	for u := range benchUsers {
		user := "u" + strconv.Itoa(u)
		var seeds []string
		for k := range benchRecent {
			seed := (u*7919 + k*104_729) % 5000
			seeds = append(seeds, id(seed))
			if s.lists["similar"][id(seed)] != nil {
				continue
			}
			var near []similarityapi.Neighbour
			for n := range 200 {
				near = append(near, similarityapi.Neighbour{ItemID: id(seed*31 + n*n*17 + 1), Score: 1 / float64(n+1)})
			}
			s.list("similar", id(seed), near...)
		}
		s.did(user, "view_item", seeds...)
		for n := range s.profiles[user].Recent {
			s.profiles[user].Recent[n].AgeHours = float64(n)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f b.N times and reports the processor time of the whole process per call.
func measure(b *testing.B, f func(n int)) {
	b.ReportAllocs()
	start := cpu()
	n := 0
	for b.Loop() {
		f(n)
		n++
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(n), "cpu-µs/op")
}

// BenchmarkForYou answers home.for_you over a real socket, with a filter, diversity and reasons, next to a bare gin handler that returns
// the same JSON over the same kind of socket. client and test doubles of the peers are part of the process and of the figure; profile reads
// over the double's socket are measured apart.
func BenchmarkForYou(b *testing.B) {
	w := newWorld(b)
	w.edit("north", bigShop)
	s := start(b, w, testenv.SQLite(b))
	diversity := .3
	request := func(n int) api.Request {
		return api.Request{
			Scenario: "home.for_you", UserID: "u" + strconv.Itoa(n%benchUsers), Limit: 20, Diversity: &diversity, Explain: "reasons",
			DeadlineMS: 5000,
			Filter:     &api.Condition{Field: "price", Op: "lt", Value: 80.0}, Fallback: "strict",
		}
	}
	s.await(b, request(0), func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
	bodies := make([][]byte, benchUsers)
	var answer []byte
	for n := range bodies { // the caches are warm afterwards, as in a shop under way
		bodies[n], _ = json.Marshal(request(n))
		answer = s.post(b, s.url+"/v1/recommendations", bodies[n])
	}
	b.Run("recommender", func(b *testing.B) {
		measure(b, func(n int) { s.post(b, s.url+"/v1/recommendations", bodies[n%benchUsers]) })
	})
	b.Run("profile double alone", func(b *testing.B) {
		measure(b, func(n int) { s.get(b, w.profile.URL+"/v1/users/u"+strconv.Itoa(n%benchUsers)+"/profile") })
	})
	var same any
	if err := json.Unmarshal(answer, &same); err != nil {
		b.Fatal(err)
	}
	engine := gin.New()
	engine.POST("/v1/recommendations", func(c *gin.Context) {
		var in api.Request
		if err := c.ShouldBindJSON(&in); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, same)
	})
	bare := httptest.NewServer(engine)
	b.Cleanup(bare.Close)
	b.Run("bare gin", func(b *testing.B) {
		measure(b, func(n int) { s.post(b, bare.URL+"/v1/recommendations", bodies[n%benchUsers]) })
	})
}

func (r *running) post(b *testing.B, url string, body []byte) []byte {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return r.send(b, req)
}

func (r *running) get(b *testing.B, url string) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Aisle-Shop", "north")
	r.send(b, req)
}

func (r *running) send(b *testing.B, req *http.Request) []byte {
	req.Header.Set("Authorization", "Bearer "+r.keys["north"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %v %s", resp.Status, err, data)
	}
	return data
}
