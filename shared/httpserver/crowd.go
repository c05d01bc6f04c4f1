package httpserver

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"
)

// restFor is how long a connection may be without a request before it makes room for others: under load a request that has been sent waits
// to be read.
const restFor = time.Second

// crowd makes room among the connections of a server that is full: the one that has waited longest for a request of its caller goes first.
// So nobody keeps others out by holding connections open.
type crowd struct {
	most int // connections that may be open

	mu      sync.Mutex
	open    map[net.Conn]*list.Element // the place in waiting, nil for a connection with a request
	waiting list.List                  // of waiter, the longest wait first
	looking bool                       // makeRoom will be called when the first has waited long enough
}

// waiter is a connection without a request, and since when.
type waiter struct {
	conn  net.Conn
	since time.Time
}

// newCrowd returns room for most connections, the same number as the listener lets in.
func newCrowd(most int) *crowd { return &crowd{most: most, open: map[net.Conn]*list.Element{}} }

// changed is the hook http.Server.ConnState.
func (c *crowd) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place := c.open[conn]; place != nil {
		c.waiting.Remove(place)
	}
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[conn] = c.waiting.PushBack(waiter{conn, time.Now()})
	case http.StateActive:
		c.open[conn] = nil
	default:
		delete(c.open, conn)
		return
	}
	c.makeRoom()
}

// makeRoom closes the connection that has waited longest when the server is full, or looks again when it has waited long enough. The caller
// holds the lock.
func (c *crowd) makeRoom() {
	first := c.waiting.Front()
	if len(c.open) < c.most || first == nil || c.looking {
		return
	}
	longest := first.Value.(waiter)
	if left := restFor - time.Since(longest.since); left > 0 {
		c.looking = true
		time.AfterFunc(left, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.looking = false
			c.makeRoom()
		})
		return
	}
	c.waiting.Remove(first)
	delete(c.open, longest.conn)
	longest.conn.Close()
}

// dismiss closes the connections that wait for a request of their caller.
func (c *crowd) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for place := c.waiting.Front(); place != nil; place = place.Next() {
		place.Value.(waiter).conn.Close()
	}
}
