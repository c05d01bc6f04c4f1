// Package faultsql opens SQLite files through a driver that fails at a chosen call, or from it on, as if the process had been killed.
// Simulations let every call of a path fail in turn: what they run is the real store on the real SQLite. The main type is Faults.
package faultsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	_ "modernc.org/sqlite" // the driver that is wrapped
)

// ErrFault is what a call returns that was made to fail.
var ErrFault = errors.New("a fault of the simulation")

// Kind is how calls fail.
type Kind int

// The kinds of faults.
const (
	Before      Kind = iota // the call is not made
	After                   // it is made, and fails all the same: its caller cannot know
	CrashBefore             // it is not made, and nothing after it
	CrashAfter              // it is made, and nothing after it
	Kinds                   // how many there are
)

func (k Kind) String() string {
	return [...]string{"failing", "failing after it was done", "killed before it", "killed after it"}[k]
}

// Faults counts the calls of the driver and lets some fail. Its fields are set before the first call. It is safe for concurrent use.
type Faults struct {
	First int // number of the first call that fails, from 1; 0 for none
	Count int // of calls that fail, 0 for one; a crash has no end
	Kind  Kind
	// Ahead is called before each call with what it does; it may wait. nil does nothing.
	Ahead func(what string)

	mu      sync.Mutex
	calls   int
	failed  string
	crashed bool
}

// Calls returns how many calls there have been.
func (f *Faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Failed says which call was the first to fail, "" while none has.
func (f *Faults) Failed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Crashed reports whether nothing works any more.
func (f *Faults) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// do makes a call, or lets it fail.
func (f *Faults) do(what string, call func() error) error {
	if f.Ahead != nil {
		f.Ahead(what)
	}
	f.mu.Lock()
	f.calls++
	crashed := f.crashed
	hit := f.First > 0 && f.calls >= f.First && f.calls < f.First+max(1, f.Count)
	if hit && !crashed {
		if f.failed == "" {
			f.failed = fmt.Sprintf("call %d (%.80s) %v", f.calls, what, f.Kind)
		}
		f.crashed = f.Kind >= CrashBefore
	}
	f.mu.Unlock()
	if crashed || hit && (f.Kind == Before || f.Kind == CrashBefore) {
		return ErrFault
	}
	err := call()
	if err == nil && hit {
		return ErrFault
	}
	return err
}

// Connector returns what opens connections to a source; it is what database.WithConnector takes.
func (f *Faults) Connector(source string) driver.Connector { return &connector{f, source} }

type connector struct {
	faults *Faults
	source string
}

// Driver returns the real driver.
func (c *connector) Driver() driver.Driver {
	db, err := sql.Open("sqlite", c.source) // which connects to nothing yet
	if err != nil {
		panic(err) // the driver is linked in
	}
	defer db.Close()
	return db.Driver()
}

// Connect opens a connection.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	var real driver.Conn
	err := c.faults.do("open", func() (err error) {
		real, err = c.Driver().Open(c.source)
		return err
	})
	if err != nil {
		if real != nil {
			_ = real.Close() // nobody will know of it
		}
		return nil, err
	}
	return &conn{real.(realConn), c.faults}, nil
}
