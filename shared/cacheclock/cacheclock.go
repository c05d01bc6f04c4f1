// Package cacheclock is the clock of caches whose entries expire. A cache of otter wakes the process each second to drop what has
// expired; with this clock it does so every half minute, so that processes at rest rest. A read never returns an expired entry, whenever
// it is dropped, and the caches are bounded by size.
package cacheclock

import "time"

const dropInterval = 30 * time.Second

// Clock is an otter.Clock.
type Clock struct{ start time.Time }

// New returns a clock that counts from now on; turning the machine's clock does not move it.
func New() *Clock { return &Clock{start: time.Now()} }

// NowNano returns the nanoseconds since 1970.
func (c *Clock) NowNano() int64 { return c.start.UnixNano() + int64(time.Since(c.start)) }

// Tick tells when to drop what has expired. The interval asked for is not kept: otter asks for a second.
func (c *Clock) Tick(time.Duration) <-chan time.Time { return time.Tick(dropInterval) }
