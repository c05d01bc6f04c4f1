package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/bench/internal/program"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	bareAddress = "AISLE_BENCH_BARE" // makes a child process the bare handler, listening there
	bareAnswer  = "AISLE_BENCH_ANSWER"
	// bareGC lets the heap of the bare handler, which holds nothing, grow as large as that of a program at work: it is the limit and must
	// not collect all the time.
	bareGC = 1600
)

// serveBare answers every visit with the one answer of a file: the least that a gin handler does that binds such requests and returns such
// JSON.
func serveBare(addr, file string) error {
	debug.SetGCPercent(bareGC)
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	var answer any
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/recommendations", bind[recommenderapi.Request](answer))
	engine.POST("/v1/events", bind[profileapi.Event](profileapi.EventsAnswer{Accepted: 1}))
	engine.GET("/readyz", func(c *gin.Context) { c.Status(http.StatusOK) })
	return http.ListenAndServe(addr, engine)
}

// bind reads a request as its handler would and gives the answer; what the request says does
// not matter.
func bind[T any](answer any) gin.HandlerFunc {
	return func(c *gin.Context) {
		var request T
		if err := c.ShouldBindJSON(&request); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, answer)
	}
}

// bare measures the limit, with an answer that was given to a visitor with 500 events. The
// handler is this program again, as a process of its own, so that its CPU time can be told from
// the client's.
func (b *bench) bare(ctx context.Context) error {
	n, _ := b.visitors.draw(everybody, everybody)
	c := caller{http: http.DefaultClient, form: b.form}
	data, err := c.send(
		ctx, http.MethodPost, b.form.recommender, "/v1/recommendations",
		fmt.Sprintf(`{"scenario":%q,"user_id":%q,"limit":20}`, home, visitorID(n)),
	)
	if err != nil {
		return fmt.Errorf("ask for the answer of the bare handler: %w", err)
	}
	file := filepath.Join(b.folder, "answer.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("write the answer of the bare handler: %w", err)
	}
	p, err := program.New(b.folder, "bare", os.Args[0])
	if err != nil {
		return err
	}
	p.Admin, p.Env = p.Addr, []string{bareAddress + "=" + p.Addr, bareAnswer + "=" + file}
	f := &form{programs: []*program.Program{p}, profile: p.Addr, recommender: p.Addr}
	defer f.stop()
	if err := f.start(ctx); err != nil {
		return err
	}
	for _, of := range []struct {
		name string
		unit unit
	}{{"visit", b.visit}, {"list", b.list}, {"event", b.event}} {
		l := load{unit: of.unit, connections: 8, duration: seconds(b.options.seconds), to: everybody}
		m := b.begin(f)
		t := l.run(ctx, f)
		t.counts = counts{Units: t.Units, Failed: t.Failed} // what it answers is somebody else's
		m.end("bare gin handler: "+of.name+", connections: 8", t)
	}
	return nil
}
