package httpserver

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// crowd makes room among the connections of a server that is full: the one that has waited longest for a request of its caller goes first. So nobody keeps others
// out by holding connections open.
type crowd struct {
	most int

	mu      sync.Mutex
	open    map[net.Conn]*list.Element // the place in waiting, nil for a connection with a request
	waiting list.List                  // of net.Conn, the longest wait first
}

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
		c.open[conn] = c.waiting.PushBack(conn)
	case http.StateActive:
		c.open[conn] = nil
	default:
		delete(c.open, conn)
		return
	}
	if first := c.waiting.Front(); len(c.open) >= c.most && first != nil {
		longest := first.Value.(net.Conn)
		c.waiting.Remove(first)
		delete(c.open, longest)
		longest.Close()
	}
}

// dismiss closes the connections that wait for a request of their caller.
func (c *crowd) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for place := c.waiting.Front(); place != nil; place = place.Next() {
		place.Value.(net.Conn).Close()
	}
}
