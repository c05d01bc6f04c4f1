package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const bareRole = "bare"

// bareGC lets the heap of the bare handler, which holds nothing, grow as large as that of a program at work: it is the limit and must not collect
// all the time.
const bareGC = 1600

// serveBare answers every request with one answer, which it reads from in: the least that a gin handler does that binds such a request and
// returns such JSON. It prints its address to out.
func serveBare(in io.Reader, out io.Writer) error {
	debug.SetGCPercent(bareGC)
	decoder := json.NewDecoder(in)
	var answer any
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/recommendations", func(c *gin.Context) {
		var request recommenderapi.Request
		if err := c.ShouldBindJSON(&request); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, answer)
	})
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
