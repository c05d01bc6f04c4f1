package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// roleVariable makes a child process the bare handler.
	roleVariable = "AISLE_BENCH_ROLE"
	bareRole     = "bare"
	// bareGC lets the heap of the bare handler, which holds nothing, grow as large as that of a program at work: it is the limit and must not
	// collect all the time.
	bareGC = 1600
)

// serveBare answers every visit with one answer, which it reads from in: the least that a gin handler does that binds such requests and returns such
// JSON. It prints its address to out.
func serveBare(in io.Reader, out io.Writer) error {
	debug.SetGCPercent(bareGC)
	var answer any
	if err := json.NewDecoder(in).Decode(&answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/recommendations", bind[recommenderapi.Request](answer))
	engine.POST("/v1/events", bind[profileapi.Event](profileapi.EventsAnswer{Accepted: 1}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, engine) }()
	go func() { _, err := io.Copy(io.Discard, in); failed <- err }() // which ends when the parent does
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	return <-failed
}

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

// bare measures the limit with an answer that was given to a visitor with 500 events.
func (b *bench) bare(ctx context.Context) error {
	n, _ := b.visitors.draw(everybody, everybody)
	answer, err := b.form.clients().recommender.Recommend(ctx, recommenderapi.Request{Scenario: home, UserID: visitorID(n), Limit: 20})
	if err != nil {
		return err
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+bareRole)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the bare handler: %w", err)
	}
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return fmt.Errorf("start the bare handler: %w", err)
	}
	defer func() {
		_ = in.Close() // which ends the process
		_ = child.Wait()
	}()
	if err := json.NewEncoder(in).Encode(answer); err != nil {
		return fmt.Errorf("send the answer to the bare handler: %w", err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the bare handler did not start: %w", err)
	}
	addr = strings.TrimSpace(addr)
	usage := func() map[string]time.Duration {
		stat, _ := procstat.Of(child.Process.Pid)
		return map[string]time.Duration{"bare": stat.Own}
	}
	for _, of := range []struct {
		name string
		unit unit
	}{{"visit", b.visit}, {"list", b.list}, {"event", b.event}} {
		l := load{unit: of.unit, connections: 8, duration: seconds(b.options.seconds), to: everybody}
		m := b.beginOf(usage)
		t := l.run(ctx, targets{profile: addr, recommender: addr})
		t = &tally{units: t.units, failed: t.failed, latencies: t.latencies, wall: t.wall} // what it answers is somebody else's
		m.end("bare gin handler: "+of.name+", connections: 8", t)
	}
	return nil
}
