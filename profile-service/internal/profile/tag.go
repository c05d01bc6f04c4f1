package profile

import (
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// maxAge is how long a profile may be used again at most: until then the ages in it are counted from the moment of its AsOf, and its
// affinities speak of the catalogue of that moment.
const maxAge = 5 * time.Minute

// lifetime is between a half and all of maxAge, so that profiles made at one moment, as after a restart, are not all made again at another.
func lifetime(q *profileapi.ProfileQuery) time.Duration {
	return maxAge/2 + time.Duration(uint64(event.Hash(q.UserID+q.SessionID))%uint64(maxAge/2))
}

// tagOf says of which moment a profile is and from which versions of the visitor's states it was made: base-36 numbers joined by dots,
// as_of in milliseconds and the versions behind the limit.
func tagOf(q *profileapi.ProfileQuery, v store.Visitor, asOf time.Time) string {
	parts := []string{strconv.FormatInt(asOf.UnixMilli(), 36), strconv.Itoa(q.Limit)}
	for _, s := range v.States {
		parts = append(parts, strconv.FormatInt(s.Version, 36))
	}
	return `"` + strings.Join(parts, ".") + `"`
}

// holds reports whether a profile with a tag is what the query would give, but for at most maxAge of time passed.
func holds(tag string, q *profileapi.ProfileQuery, v store.Visitor, now time.Time) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(tag, `"`), ".")
	ms, err := strconv.ParseInt(first, 36, 64)
	if err != nil {
		return false
	}
	asOf := time.UnixMilli(ms)
	age := now.Sub(asOf)
	return age >= 0 && age < lifetime(q) && tag == tagOf(q, v, asOf)
}
