// Package people keeps user records, joins identities and carries out privacy requests. The main type is People.
//
// people.go changes and reads records and joins names, delete.go erases, export.go shows what
// is held, and trace.go finds a person in what imports have left. Consent is part of the
// record; what it does to events is done by the store.
package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/validation"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Store is what People needs of a database.
type Store interface {
	store.People
	store.Identities
	store.Traces
	store.Imports
}

// People changes and reads users. It is safe for concurrent use.
type People struct {
	store Store
	log   store.EventLog
	now   func() time.Time

	retention func(shop string) time.Duration
}

// New returns a People over a store; log holds the events that an export shows, and retention says how long a shop keeps them.
func New(s Store, log store.EventLog, retention func(shop string) time.Duration, now func() time.Time) *People {
	return &People{store: s, log: log, retention: retention, now: now}
}

// validate reports every bad field of a user.
func validate(u *profileapi.User, pointer string) []profileapi.FieldError {
	f := &validation.Fields{Pointer: pointer}
	f.ID("/user_id", u.UserID, true)
	f.Text("/locale", u.Locale, 35)
	f.Texts("/segments", u.Segments, 256, 256)
	f.Attributes(u.Attributes)
	return f.Errors
}

// Decode reads and judges one user; pointer is where it stands in the body. No error means that
// the user can be stored.
func Decode(data []byte, pointer string) (profileapi.User, []profileapi.FieldError) {
	var u profileapi.User
	if err := json.Unmarshal(data, &u); err != nil {
		return u, validation.DecodeErrors[profileapi.User](data, err, pointer)
	}
	return u, validate(&u, pointer)
}

// decodeOne reads the body of a request on one user, whose id is in the path.
func decodeOne(id string, body []byte) (profileapi.User, error) {
	return validation.DecodeOne("user", "user_id", id, body, func(v *profileapi.User) *string { return &v.UserID }, validate)
}

// Put stores one user whole. require checks the version that is there, 0 when there is none,
// and its error is returned as it is; created reports whether there was none. A body that
// cannot be stored is a 422 problem.
func (p *People) Put(
	ctx context.Context, shop, id string, body []byte, require func(version int64) error,
) (user profileapi.User, created bool, err error) {
	wanted, err := decodeOne(id, body)
	if err != nil {
		return user, false, err
	}
	users, err := p.update(ctx, shop, []string{id}, func(_ int, present *profileapi.User) (*profileapi.User, error) {
		created = present == nil
		return &wanted, require(versionOf(present))
	})
	if err != nil {
		return user, false, err
	}
	return users[0], created, nil
}

// Patch changes parts of one user by a JSON merge patch; a user without a record gets one. The
// record after the patch is judged as a whole.
func (p *People) Patch(ctx context.Context, shop, id string, patch []byte, require func(version int64) error) (profileapi.User, error) {
	users, err := p.update(ctx, shop, []string{id}, func(_ int, present *profileapi.User) (*profileapi.User, error) {
		if err := require(versionOf(present)); err != nil {
			return nil, err
		}
		if present == nil {
			present = &profileapi.User{UserID: id}
		}
		return validation.Patch(present, patch, func(body []byte) (profileapi.User, error) { return decodeOne(id, body) })
	})
	if err != nil {
		return profileapi.User{}, err
	}
	return users[0], nil
}

// PutAll stores valid users whole, in one transaction, whatever their versions.
func (p *People) PutAll(ctx context.Context, shop string, users []profileapi.User) error {
	ids := make([]string, len(users))
	for i := range users {
		ids[i] = users[i].UserID
	}
	_, err := p.update(ctx, shop, ids, func(i int, _ *profileapi.User) (*profileapi.User, error) { return &users[i], nil })
	return err
}

// update applies a change to each id in order, in one transaction, and returns the users after
// it. A user that stays the same keeps its version. An id that comes twice is changed twice,
// the second time on what the first made. An error of change undoes all.
func (p *People) update(
	ctx context.Context, shop string, ids []string, change func(i int, present *profileapi.User) (*profileapi.User, error),
) ([]profileapi.User, error) {
	results := make([]profileapi.User, len(ids))
	err := p.store.UpdateUsers(ctx, shop, ids, func(present map[string]store.UserRow) ([]store.UserRow, error) {
		var rows []store.UserRow
		for i, id := range ids {
			row, changed, err := p.apply(id, present, func(u *profileapi.User) (*profileapi.User, error) { return change(i, u) })
			if err != nil {
				return nil, err
			}
			if results[i], err = userOf(row); err != nil {
				return nil, err
			}
			if changed {
				present[id] = row
				rows = append(rows, row)
			}
		}
		return rows, nil
	})
	return results, err
}

// apply returns the row after the change and whether it differs from the present one. The body
// of a row is the record without what the columns hold, so that two equal records have equal
// bodies.
func (p *People) apply(
	id string, rows map[string]store.UserRow, change func(*profileapi.User) (*profileapi.User, error),
) (store.UserRow, bool, error) {
	row, exists := rows[id]
	var present *profileapi.User
	if exists {
		user, err := userOf(row)
		if err != nil {
			return row, false, err
		}
		present = &user
	}
	wanted, err := change(present)
	if err != nil {
		return row, false, err
	}
	record := *wanted
	record.UserID, record.Version, record.CreatedAt, record.UpdatedAt = "", 0, wire.Time{}, wire.Time{}
	body, err := json.Marshal(record)
	if err != nil {
		return row, false, fmt.Errorf("encode user %q: %w", id, err)
	}
	if exists && string(body) == string(row.Body) {
		return row, false, nil
	}
	now := p.now().UnixMilli()
	next := store.UserRow{
		UserID: id, Version: row.Version + 1, CreatedMs: now, UpdatedMs: now, Withheld: !record.Consent.AllowsPersonalization(), Body: body,
	}
	if exists {
		next.CreatedMs = row.CreatedMs
	}
	return next, true, nil
}

// versionOf is the version of a user, 0 for none.
func versionOf(u *profileapi.User) int64 {
	if u == nil {
		return 0
	}
	return u.Version
}

// userOf reads the user of a row.
func userOf(row store.UserRow) (profileapi.User, error) {
	var u profileapi.User
	if err := json.Unmarshal(row.Body, &u); err != nil {
		return u, fmt.Errorf("read user %q: %w", row.UserID, err)
	}
	u.UserID, u.Version = row.UserID, row.Version
	u.CreatedAt, u.UpdatedAt = wire.TimeOf(time.UnixMilli(row.CreatedMs)), wire.TimeOf(time.UnixMilli(row.UpdatedMs))
	return u, nil
}

// User returns one user, or a 404 problem.
func (p *People) User(ctx context.Context, shop, id string) (profileapi.User, error) {
	rows, err := p.store.Users(ctx, shop, []string{id})
	if err != nil {
		return profileapi.User{}, err
	}
	row, ok := rows[id]
	if !ok {
		return profileapi.User{}, apierror.NotFound("user", id)
	}
	return userOf(row)
}

// List returns users with an id above after, in ascending order.
func (p *People) List(ctx context.Context, shop, after string, limit int) ([]profileapi.User, error) {
	rows, err := p.store.ListUsers(ctx, shop, after, limit)
	if err != nil {
		return nil, err
	}
	users := make([]profileapi.User, len(rows))
	for i, row := range rows {
		if users[i], err = userOf(row); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// Merge joins sessions and anonymous ids to a user, one after the other: of two the first may
// be joined when the second is refused. A repeat changes nothing. The answer names the user
// whose the events are now, who may be another one that this user was merged into.
func (p *People) Merge(ctx context.Context, shop, userID string, m profileapi.Merge) (profileapi.Merged, error) {
	out := profileapi.Merged{UserID: userID}
	if m.AnonymousID == userID && userID != "" {
		return out, apierror.Invalid("There is nothing to merge.", apierror.FieldError{
			Pointer: "/anonymous_id", Code: "contradiction", Detail: "is the user himself: name the id that he had before he was known",
		})
	}
	var aliases []string
	if m.SessionID != "" {
		aliases = append(aliases, event.SessionSubject(m.SessionID))
	}
	if m.AnonymousID != "" {
		aliases = append(aliases, event.UserSubject(m.AnonymousID))
	}
	for _, alias := range aliases {
		moved, err := p.store.Merge(ctx, shop, alias, userID)
		switch {
		case errors.Is(err, store.ErrCycle):
			return out, apierror.Conflict("merge_cycle", "The user is itself merged into what is to be merged. Merge the other way round.")
		case errors.Is(err, store.ErrMerged):
			return out, apierror.Conflict(
				"already_merged", "The session or anonymous id is merged into another user. It cannot belong to two.",
			)
		case err != nil:
			return out, err
		}
		out.MovedEvents += moved
	}
	canonical, err := p.store.Canonical(ctx, shop, event.UserSubject(userID))
	if err != nil {
		return out, err
	}
	out.UserID, _ = event.SplitSubject(canonical)
	return out, nil
}
