package profileapi

import (
	"context"
	"net/http"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
)

const (
	followPage    = 1000
	followWait    = 50 * time.Second
	followTimeout = followWait + 10*time.Second
	followRetry   = time.Second
)

// Follower keeps a replica of a shop's catalogue in step with the change feed.
type Follower struct {
	Client *Client
	// Apply is given every page of changes in order, from one goroutine.
	Apply func([]ItemChange)
	// Synced is called whenever the replica has everything up to now; Failed whenever the feed cannot be read, before it is tried again.
	Synced func()
	Failed func(error)
	// Reset, when given, is called before the feed is read from its start again because the service no longer knows the replica's place in
	// it: its database was restored from a backup, and what the replica has may never have existed there.
	Reset func()
	// Read, when given, is told the replica's place in the feed after every page.
	Read func(next string)
}

// Run follows the feed from its start until ctx ends. It never gives up: the replica keeps what it had while the feed is away.
func (f Follower) Run(ctx context.Context) {
	after, synced := "", false
	for ctx.Err() == nil {
		wait := followWait
		if !synced {
			wait = 0 // the first full read must not wait for a change that may never come
		}
		call, cancel := context.WithTimeout(ctx, followTimeout)
		page, err := f.Client.ItemChanges(call, after, followPage, wait)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			if after != "" && apierror.Is(err, http.StatusGone) {
				after, synced = "", false
				if f.Reset != nil {
					f.Reset()
				}
				continue
			}
			f.Failed(err)
			synced = false
			select {
			case <-ctx.Done():
			case <-time.After(followRetry):
			}
			continue
		}
		if len(page.Changes) > 0 {
			f.Apply(page.Changes)
		}
		if after = page.Next; f.Read != nil {
			f.Read(after)
		}
		if synced = !page.More; synced {
			f.Synced()
		}
	}
}
