package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

const selectUsers = "select user_id, version, created_ms, updated_ms, body from users where shop = $1"

func scanUser(r *sql.Rows, u *store.UserRow) error {
	return r.Scan(&u.UserID, &u.Version, &u.CreatedMs, &u.UpdatedMs, &u.Body)
}

// lockEvents makes appends and other changes of people wait until the transaction ends: an append puts events under the visitors that it
// has resolved.
func (t *tx) lockEvents(ctx context.Context, shop string) (shopID int64, err error) {
	if _, err := number.Raise(ctx, t.Tx, shop, number.Events, 0); err != nil {
		return 0, err
	}
	return t.s.numbers.NewShop(ctx, t.Tx, shop)
}

// UpdateUsers implements store.People. change decides while the shop's lock is held, so that
// two calls for one user cannot both see the version before.
func (s *Store) UpdateUsers(
	ctx context.Context, shop string, ids []string, change func(map[string]store.UserRow) ([]store.UserRow, error),
) error {
	return s.Change(ctx, fmt.Sprintf("update %d users", len(ids)), s.with(func(free context.Context, t *tx) error {
		shopID, err := t.lockEvents(free, shop)
		if err != nil {
			return err
		}
		present, err := usersByID(free, t.Tx, shop, ids)
		if err != nil {
			return err
		}
		before := maps.Clone(present) // change may write into what it gets
		rows, err := change(present)
		if err != nil {
			return sqldb.Refuse(err)
		}
		err = imports.Keep(free, t.Tx, shop, store.ImportOf(ctx), imports.KindUser, rows, before, func(r *store.UserRow) (string, int64) {
			return r.UserID, r.Version
		})
		if err != nil {
			return err
		}
		return t.writeUsers(free, shop, shopID, rows)
	}))
}

// usersByID reads those records of a shop that exist.
func usersByID(ctx context.Context, t *sqldb.Tx, shop string, ids []string) (map[string]store.UserRow, error) {
	rows, err := sqldb.All(ctx, t, selectUsers+" and "+t.In("user_id", 2, "text"), []any{shop, sqldb.List(t.Dialect, ids)}, scanUser)
	return byUserID(rows), err
}

func byUserID(rows []store.UserRow) map[string]store.UserRow {
	users := make(map[string]store.UserRow, len(rows))
	for _, u := range rows {
		users[u.UserID] = u
	}
	return users
}

// writeUsers stores records with their consent, and raises the versions of the visitors, all to
// the same number. A user without events gets a visitor, too, which keeps the consent.
func (t *tx) writeUsers(ctx context.Context, shop string, shopID int64, rows []store.UserRow) error {
	if len(rows) == 0 {
		return nil
	}
	seq, err := number.Raise(ctx, t.Tx, shop, number.Events, 1)
	if err != nil {
		return err
	}
	subjects := make([]string, len(rows))
	for i := range rows {
		subjects[i] = event.UserSubject(rows[i].UserID)
	}
	if err := t.addVisitors(ctx, shopID, subjects, int64(t.s.states.Fingerprint()), func(string, int64) {}); err != nil {
		return err
	}
	if err := t.writeRecords(ctx, shop, rows); err != nil {
		return err
	}
	return t.writeConsents(ctx, shopID, rows, subjects, seq)
}

// writeRecords stores records, and deletes those of Version 0, one by one: only an import that
// is undone has any.
func (t *tx) writeRecords(ctx context.Context, shop string, rows []store.UserRow) error {
	columns := sqldb.NewColumns("shop", "user_id", "version", "created_ms", "updated_ms", "body")
	for i := range rows {
		r := &rows[i]
		if r.Version == 0 {
			if _, err := t.Exec(ctx, "delete from users where shop = $1 and user_id = $2", shop, r.UserID); err != nil {
				return err
			}
			continue
		}
		sqldb.Add(columns, shop, r.UserID, r.Version, r.CreatedMs, r.UpdatedMs, string(r.Body))
	}
	return t.Insert(ctx, "users", columns, `on conflict (shop, user_id) do update set
		version = excluded.version, created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, body = excluded.body`, nil)
}

// writeConsents gives the visitors of records, and those merged into them, their consent and a new version.
// It takes two statements at most besides the look-up: one for those who withhold and one for
// those who do not.
func (t *tx) writeConsents(ctx context.Context, shopID int64, rows []store.UserRow, subjects []string, seq int64) error {
	withheld := make(map[string]bool, len(rows))
	keys := []sqldb.Column{{Name: "shop"}, {Name: "subject", Texts: subjects}}
	for i := range rows {
		withheld[subjects[i]] = rows[i].Withheld
		keys[0].Ints = append(keys[0].Ints, shopID)
	}
	groups := map[bool][]int64{}
	there := t.Keyed("k.subject, v.visitor", "visitors", "v", "v.shop_id = k.shop and v.subject = k.subject", "")
	err := t.LookUp(ctx, there, keys, func(r *sql.Rows) error {
		var subject string
		var visitor int64
		err := r.Scan(&subject, &visitor)
		groups[withheld[subject]] = append(groups[withheld[subject]], visitor)
		return err
	})
	for withheld, visitors := range groups {
		numbers := sqldb.List(t.Dialect, visitors)
		if err == nil {
			theirs := t.In("visitor", 3, "bigint") + " or " + t.In("canonical", 4, "bigint")
			_, err = t.Exec(ctx, "update visitors set withheld = $1, version = $2 where "+theirs, withheld, seq, numbers, numbers)
		}
	}
	return err
}

// Users implements store.People.
func (s *Store) Users(ctx context.Context, shop string, ids []string) (map[string]store.UserRow, error) {
	rows, err := sqldb.Collect(ctx, s.DB, fmt.Sprintf("read %d users", len(ids)), selectUsers+" and "+s.In("user_id", 2, "text"),
		[]any{shop, sqldb.List(s.Dialect, ids)}, scanUser)
	if err != nil {
		return nil, err
	}
	return byUserID(rows), nil
}

// ListUsers implements store.People.
func (s *Store) ListUsers(ctx context.Context, shop, after string, limit int) ([]store.UserRow, error) {
	return sqldb.Collect(ctx, s.DB, "list users", selectUsers+" and user_id > $2 order by user_id limit $3",
		[]any{shop, after, limit}, scanUser)
}
