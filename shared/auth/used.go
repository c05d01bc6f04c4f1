package auth

import (
	"sync/atomic"
	"time"
)

// note keeps when a key was last used, to the second: a key that nobody uses should not be valid.
func (a *Authenticator) note(id string) {
	now := a.now().Unix()
	last, ok := a.used.Load(id)
	if !ok {
		last, _ = a.used.LoadOrStore(id, new(atomic.Int64))
	}
	if at := last.(*atomic.Int64); at.Load() != now {
		at.Store(now)
	}
}

// Used returns when each key was last used in this process, by its id; one that is not there was not used since the start.
func (a *Authenticator) Used() map[string]time.Time {
	used := map[string]time.Time{}
	a.used.Range(func(id, at any) bool {
		used[id.(string)] = time.Unix(at.(*atomic.Int64).Load(), 0).UTC()
		return true
	})
	return used
}

// Open reports whether no keys are asked for, because there is no keys file: callers of this machine may do everything.
func (a *Authenticator) Open() bool { return a.open }
