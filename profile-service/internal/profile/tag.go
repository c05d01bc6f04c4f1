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

// maxTagNumbers is how many numbers a tag holds at most: three, and the subjects that were asked for and theirs, of which there are two each.
const maxTagNumbers = 3 + 2 + 2

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
	Unchanged(shop string, seq int64, subjects []int64) bool
}

// Holds reports whether a profile with this tag is what the query would give, but for at most MaxAge of time passed.
func (r *Reader) Holds(ctx context.Context, shop string, q profileapi.ProfileQuery, tag string) (bool, error) {
	watermark, subjects, ok := r.fits(&q, tag)
	if !ok {
		return false, nil
	}
	changed, err := r.Changes.Since(ctx, shop, watermark, subjects)
	return !changed, err
}

// HoldsSurely reports that Holds is true, if that is known without waiting for anything; if not, Holds finds out.
func (r *Reader) HoldsSurely(shop string, q profileapi.ProfileQuery, tag string) bool {
	watermark, subjects, ok := r.fits(&q, tag)
	return ok && r.Changes.Unchanged(shop, watermark, subjects)
}

// fits reports whether a tag is young enough and of a profile that the query asks for, and returns its watermark and the hashes of its subjects.
func (r *Reader) fits(q *profileapi.ProfileQuery, tag string) (watermark int64, subjects []int64, ok bool) {
	if !q.At.IsZero() || q.Watermark != 0 {
		return 0, nil, false
	}
	var numbers [maxTagNumbers]int64
	n := 0
	for part := range strings.SplitSeq(strings.Trim(tag, `"`), ".") {
		base := 36
		if n == 2 {
			base = 10
		}
		number, err := strconv.ParseInt(part, base, 64)
		if err != nil || n == len(numbers) {
			return 0, nil, false
		}
		numbers[n] = number
		n++
	}
	if n < 4 || numbers[2] != int64(q.Limit) {
		return 0, nil, false
	}
	subjects = numbers[3:n]
	asked := store.HistoryQuery{UserID: q.UserID, SessionID: q.SessionID}
	for _, subject := range asked.Subjects() {
		if !slices.Contains(subjects, event.Hash(subject)) {
			return 0, nil, false
		}
	}
	age := r.Now().Sub(time.UnixMilli(numbers[0]))
	return numbers[1], subjects, age >= 0 && age <= lifetime(subjects[0])
}
