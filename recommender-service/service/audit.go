package service

import (
	"context"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/shared/audit"
)

// auditPatience is how long a part of the audit log is waited for.
const auditPatience = 5 * time.Second

// auditElsewhere lists what is recorded beside this service: by its peers, which are asked at
// the same time, and in the keys file. Entries are in no order; missing names the peers that
// did not answer in time.
func (s *Service) auditElsewhere(ctx context.Context, shop string, q audit.Query) (entries []audit.Entry, missing []string) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	parts := [...]struct{ name, url, path string }{
		{peers.Profile, s.config.ProfileURL, "/v1/audit/people"}, {peers.Similarity, s.config.SimilarityURL, "/v1/audit/models"},
	}
	var found [len(parts)]audit.Page
	var errs [len(parts)]error
	var asking sync.WaitGroup
	for n, part := range parts {
		asking.Go(func() { found[n], errs[n] = audit.Fetch(ctx, s.peer(part.name, part.url).ForShop(shop), part.path, q) })
	}
	asking.Wait()
	for n, part := range parts {
		if errs[n] != nil {
			missing = append(missing, part.name)
		}
		entries = append(entries, found[n].Items...)
	}
	for _, change := range s.deps.Auth.History(shop) {
		if e := audit.OfKey(change); q.Matches(&e) {
			entries = append(entries, e)
		}
	}
	return entries, missing
}
