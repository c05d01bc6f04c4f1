package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/items"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

const (
	// undoEvents and undoRows are how much one transaction of UndoImport looks at: so little
	// that an append waits for it only for a moment. Rows cost more, since each is read,
	// compared and written.
	undoEvents = 2000
	undoRows   = 500
)

// UndoImport implements store.Imports. Events go first, then rows, each step in as many
// transactions as it takes. How far it came is in the database: the span of seqs that is left,
// and the rows of import_changes that are.
func (s *Store) UndoImport(ctx context.Context, shop, id string) (store.Undone, error) {
	var undone store.Undone
	for _, step := range []func(context.Context, string, string, *store.Undone) (bool, error){s.undoEvents, s.undoRows} {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return undone, err
			}
			var err error
			if more, err = step(ctx, shop, id, &undone); err != nil {
				return undone, fmt.Errorf("undo import %s: %w", id, err)
			}
		}
	}
	return undone, nil
}

// importRange is what of an import is still to be undone.
type importRange struct{ number, first, last int64 }

// importRange reads what is left of an import; first is 0 when no events are left. An import
// without a row is store.ErrNotFound.
func (t *tx) importRange(ctx context.Context, shop, id string) (importRange, error) {
	rows, err := sqldb.All(ctx, t, "select number, first_seq, last_seq from imports where shop = $1 and import_id = $2", []any{shop, id},
		func(r *sql.Rows, i *importRange) error { return r.Scan(&i.number, &i.first, &i.last) })
	if err != nil {
		return importRange{}, err
	}
	if len(rows) == 0 {
		return importRange{}, store.ErrNotFound
	}
	return rows[0], nil
}

// undoEvents removes the import's among the next events since it began, and remembers how far
// it came. Others append in the same span, so that the number in each body decides. undone is
// added to after the commit only.
func (s *Store) undoEvents(ctx context.Context, shop, id string, undone *store.Undone) (more bool, err error) {
	removed := 0
	err = s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		left, err := t.importRange(ctx, shop, id)
		if err != nil || left.first == 0 {
			return err
		}
		var theirs []stored.Event
		next, seen := int64(0), 0
		span := []any{shopID, left.first, left.last, undoEvents}
		const inSpan = "e.shop_id = $1 and e.seq >= $2 and e.seq <= $3 order by e.seq limit $4"
		err = t.s.scanEvents(ctx, t, inSpan, span, func(e *stored.Event) error {
			seen, next = seen+1, e.Seq+1
			if e.ImportNo == left.number {
				theirs = append(theirs, e.Clone())
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := t.removeEvents(ctx, shop, shopID, theirs, store.NewTally(nil)); err != nil {
			return err
		}
		removed = len(theirs)
		if more = seen == undoEvents; !more {
			next, left.last = 0, 0
		}
		_, err = t.Exec(
			ctx, "update imports set first_seq = $1, last_seq = $2 where shop = $3 and import_id = $4", next, left.last, shop, id,
		)
		return err
	}))
	if err == nil {
		undone.Events += int64(removed)
	}
	return more, err
}

// change is a row of import_changes: before is the JSON of a store.ItemRow or store.UserRow,
// nil where there was none.
type change struct {
	kind, id string
	version  int64
	before   []byte
}

// undoRows gives the next items and users what they were, in the order of their ids.
func (s *Store) undoRows(ctx context.Context, shop, id string, undone *store.Undone) (more bool, err error) {
	var did store.Undone
	err = s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		left, err := t.importRange(ctx, shop, id)
		if err != nil {
			return err
		}
		changes, err := sqldb.All(ctx, t, `select kind, id, version, before from import_changes where shop = $1 and number = $2
			order by kind, id limit $3`, []any{shop, left.number, undoRows},
			func(r *sql.Rows, c *change) error { return r.Scan(&c.kind, &c.id, &c.version, &c.before) })
		if err != nil {
			return err
		}
		more = len(changes) == undoRows
		u := undoTx{tx: t, shop: shop, shopID: shopID, number: left.number}
		did, err = u.run(ctx, changes)
		return err
	}))
	if err == nil {
		undone.Items, undone.Users, undone.Kept = undone.Items+did.Items, undone.Users+did.Users, undone.Kept+did.Kept
	}
	return more, err
}

// undoTx undoes a number of changes in one transaction.
type undoTx struct {
	*tx
	shop           string
	shopID, number int64
	undone         store.Undone
}

// run puts back those rows that still have the version which the import gave them, and counts
// the others as kept. Either way the change is removed, so that a repeat goes on behind it.
func (u *undoTx) run(ctx context.Context, changes []change) (store.Undone, error) {
	ids := map[string][]string{imports.KindItem: {}, imports.KindUser: {}}
	for _, c := range changes {
		ids[c.kind] = append(ids[c.kind], c.id)
	}
	last, err := number.Raise(ctx, u.Tx, u.shop, number.Items, len(ids[imports.KindItem]))
	if err != nil {
		return u.undone, err
	}
	present, err := items.ByID(ctx, u.Tx, u.shop, ids[imports.KindItem])
	if err != nil {
		return u.undone, err
	}
	users, err := usersByID(ctx, u.Tx, u.shop, ids[imports.KindUser])
	if err != nil {
		return u.undone, err
	}
	var itemRows []store.ItemRow
	var userRows []store.UserRow
	for i := range changes {
		c := &changes[i]
		was := int64(0)
		if item, ok := present[c.id]; c.kind == imports.KindItem && ok && item.Version == c.version {
			row := item
			if row, was, err = itemBefore(item, c.before); err == nil {
				row.Position = last - int64(len(itemRows))
				itemRows = append(itemRows, row)
				err = u.follow(ctx, c, was, row.Version)
			}
			u.undone.Items++
		} else if user, ok := users[c.id]; c.kind == imports.KindUser && ok && user.Version == c.version {
			row := user
			if row, was, err = userBefore(user, c.before); err == nil {
				userRows = append(userRows, row)
				err = u.follow(ctx, c, was, row.Version)
			}
			u.undone.Users++
		} else {
			u.undone.Kept++
		}
		if err == nil {
			_, err = u.Exec(ctx, "delete from import_changes where shop = $1 and kind = $2 and id = $3 and number = $4",
				u.shop, c.kind, c.id, u.number)
		}
		if err != nil {
			return u.undone, err
		}
	}
	if err := items.Write(ctx, u.Tx, u.shop, itemRows); err != nil {
		return u.undone, err
	}
	return u.undone, u.writeUsers(ctx, u.shop, u.shopID, userRows)
}

// follow lets an earlier import whose row is back be undone as well: its change is noted with
// the version that the row had after it, and the row has another one now.
func (u *undoTx) follow(ctx context.Context, c *change, was, version int64) error {
	_, err := u.Exec(ctx, "update import_changes set version = $1 where shop = $2 and kind = $3 and id = $4 and version = $5",
		version, u.shop, c.kind, c.id, was)
	return err
}

// itemBefore is the item as it was, with a version of its own; one that was not there is
// deleted. It also returns the version that the item had then, 0 for none.
func itemBefore(now store.ItemRow, before []byte) (store.ItemRow, int64, error) {
	row := store.ItemRow{ItemID: now.ItemID, Deleted: true, CreatedMs: now.CreatedMs, UpdatedMs: now.UpdatedMs, Body: []byte("{}")}
	if before != nil {
		if err := json.Unmarshal(before, &row); err != nil {
			return row, 0, fmt.Errorf("read what item %q was: %w", now.ItemID, err)
		}
	}
	was := row.Version
	row.Version = now.Version + 1
	return row, was, nil
}

// userBefore is itemBefore for a user; version 0 has the record deleted. Consent is read from
// the record, which is where the caller said it.
func userBefore(now store.UserRow, before []byte) (store.UserRow, int64, error) {
	row := store.UserRow{UserID: now.UserID}
	if before == nil {
		return row, 0, nil
	}
	if err := json.Unmarshal(before, &row); err != nil {
		return row, 0, fmt.Errorf("read what user %q was: %w", now.UserID, err)
	}
	var record struct {
		Consent struct {
			Personalization *bool `json:"personalization"`
		} `json:"consent"`
	}
	if err := json.Unmarshal(row.Body, &record); err != nil {
		return row, 0, fmt.Errorf("read what user %q was: %w", now.UserID, err)
	}
	row.Withheld = record.Consent.Personalization != nil && !*record.Consent.Personalization
	was := row.Version
	row.Version = now.Version + 1
	return row, was, nil
}
