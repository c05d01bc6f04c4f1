package sqlstore

import (
	"context"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Stored is Visitor without what is remembered.
func (s *Store) Stored(ctx context.Context, shop, userID, sessionID string) (store.Visitor, error) {
	v, stale, err := s.visitor(ctx, shop, userID, sessionID)
	if err == nil && stale {
		if err = s.refresh(ctx, shop, userID, sessionID); err == nil {
			v, _, err = s.visitor(ctx, shop, userID, sessionID)
		}
	}
	return v, err
}

// Remembers reports whether a reading now is answered from memory.
func (s *Store) Remembers(shop, userID, sessionID string) bool {
	_, ok := s.kept.visitor(s.numbers.Known(shop), userID, sessionID, int64(s.states.Fingerprint()))
	return ok
}
