package sqlstore

import (
	"context"
	"database/sql"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
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

// PlanOfRepeats is how SQLite finds which keys of events there are.
func (s *Store) PlanOfRepeats(ctx context.Context) (plan string, err error) {
	key := sqldb.NewColumns("visitor", "id_hash", "shop_id")
	sqldb.Add(key, int64(1), int64(1), int64(1))
	err = s.InTx(ctx, func(ctx context.Context, t *sqldb.Tx) error {
		return t.LookUp(ctx, "explain query plan "+repeatsIn(t.Dialect), key, func(r *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := r.Scan(&id, &parent, &unused, &step)
			plan += step + "\n"
			return err
		})
	})
	return plan, err
}
