package peers

import (
	"context"
	"time"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// typesEvery is how late a change of the weights of events is noticed, and typesRetry the pause after a failure.
	typesEvery   = 5 * time.Minute
	typesRetry   = 5 * time.Second
	typesTimeout = 5 * time.Second
)

// EventWeights returns the types of event that there are, with their weights: those delivered until the profile-service has said otherwise.
func (p *Peers) EventWeights() profileapi.EventWeights { return *p.types.Load() }

// followTypes keeps the types of event fresh until ctx ends. They are of the installation, so any shop may be asked about.
func (p *Peers) followTypes(ctx context.Context) {
	for {
		call, cancel := context.WithTimeout(ctx, typesTimeout)
		read, err := p.options.Profile.ForShop(auth.DefaultShop).EventTypes(call)
		cancel()
		pause := typesRetry
		if err == nil && len(read.Weights) > 0 {
			p.types.Store(&read.Weights)
			pause = typesEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
