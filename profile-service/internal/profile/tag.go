package profile

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// MaxAge is how long a profile may be used again at most: until then the ages in it are counted from the moment of its AsOf.
const MaxAge = 5 * time.Minute

// lifetime is between a half and all of MaxAge, so that profiles made at one moment, as after a restart, are not all made again at another.
func lifetime(subject int64) time.Duration {
	return MaxAge/2 + time.Duration(uint64(subject)%uint64(MaxAge/2))
}

// A tag says of which moment a profile is and of whom, so that whether it still holds can be found out without keeping it: base-36 numbers joined by
// dots — as_of in milliseconds, watermark, limit, and the hash of every subject that was asked for or whose events it shows.
func tagOf(p *profileapi.Profile, limit int, q *store.HistoryQuery, subjects []string) string {
	parts := []string{strconv.FormatInt(p.AsOf.UnixMilli(), 36), strconv.FormatInt(p.Watermark, 36), strconv.Itoa(limit)}
	for _, h := range hashes(q, subjects) {
		parts = append(parts, strconv.FormatInt(h, 36))
	}
	return `"` + strings.Join(parts, ".") + `"`
}

func hashes(q *store.HistoryQuery, subjects []string) []int64 {
	var list []int64
	for _, s := range slices.Concat(q.Subjects(), subjects) {
		if h := event.Hash(s); !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}

// Changes tells whether subjects have changed since; see package changes.
type Changes interface {
	Since(ctx context.Context, shop string, seq int64, subjects []int64) (bool, error)
}

// Holds reports whether a profile with this tag is what the query would give, but for at most MaxAge of time passed.
func (r *Reader) Holds(ctx context.Context, shop string, q profileapi.ProfileQuery, tag string) (bool, error) {
	parts := strings.Split(strings.Trim(tag, `"`), ".")
	if len(parts) < 4 || !q.At.IsZero() || q.Watermark != 0 || parts[2] != strconv.Itoa(q.Limit) {
		return false, nil
	}
	numbers := make([]int64, len(parts))
	for n, part := range parts {
		var err error
		if numbers[n], err = strconv.ParseInt(part, 36, 64); err != nil {
			return false, nil
		}
	}
	age, subjects := r.Now().Sub(time.UnixMilli(numbers[0])), numbers[3:]
	for _, asked := range hashes(&store.HistoryQuery{UserID: q.UserID, SessionID: q.SessionID}, nil) {
		if !slices.Contains(subjects, asked) {
			return false, nil
		}
	}
	if age < 0 || age > lifetime(subjects[0]) {
		return false, nil
	}
	changed, err := r.Changes.Since(ctx, shop, numbers[1], subjects)
	return !changed, err
}
