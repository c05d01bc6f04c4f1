package main

import (
	"context"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/bench/internal/program"
)

// node is a program that faults end and start again while it is asked.
type node struct {
	*program.Program
	mu   sync.Mutex
	down []span
}

// span is when something lasted; to is zero while it does.
type span struct{ from, to time.Time }

// launch starts the program, which counts as dead until it is ready.
func (n *node) launch(ctx context.Context) error {
	err := n.Start(ctx)
	if err == nil {
		n.mu.Lock()
		if last := len(n.down) - 1; last >= 0 {
			n.down[last].to = time.Now()
		}
		n.mu.Unlock()
	}
	return err
}

// kill ends the program as kill -9 does.
func (n *node) kill() { n.end(n.Kill) }

// stop asks the program to end. It counts as dead from then: it still ends what it has begun, but takes no new connections.
func (n *node) stop() { n.end(n.Stop) }

// end notes the moment before it ends the program: whoever asks from then on may get no answer.
func (n *node) end(how func()) {
	n.mu.Lock()
	n.down = append(n.down, span{from: time.Now()})
	n.mu.Unlock()
	how()
}

// wasDown reports whether the process was dead at any time between two.
func (n *node) wasDown(from, to time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.down {
		if d.from.Before(to) && (d.to.IsZero() || d.to.After(from)) {
			return true
		}
	}
	return false
}
