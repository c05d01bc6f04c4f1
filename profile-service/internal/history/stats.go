package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// sampleEvents is how many of the latest events the share of unknown items is measured on.
const sampleEvents = 2000

// Stats sums up what was received in [from, to), by hour. An hour in which from lies counts as
// a whole. Hours without events are left out. The share of unknown items is of the latest
// events, whatever the range.
func (r *Reader) Stats(ctx context.Context, shop string, from, to time.Time) (profileapi.EventStats, error) {
	out := profileapi.EventStats{From: wire.TimeOf(from), To: wire.TimeOf(to), Hours: []profileapi.HourStats{}, Total: newHour(from)}
	counts, err := r.Log.Stats(ctx, shop, store.HourOf(from.UnixMilli()), to.UnixMilli())
	if err != nil {
		return out, err
	}
	for _, c := range counts {
		at := wire.TimeOf(time.UnixMilli(c.HourMs))
		if n := len(out.Hours); n == 0 || !out.Hours[n-1].Hour.Equal(at.Time) {
			out.Hours = append(out.Hours, newHour(at.Time))
		}
		count(&out.Hours[len(out.Hours)-1], c)
		count(&out.Total, c)
	}
	for i := range out.Hours {
		meanLag(&out.Hours[i])
	}
	meanLag(&out.Total)
	unknown, err := r.unknownShare(ctx, shop)
	out.UnknownItemShare, out.SampledLines = unknown.unknown, unknown.lines
	return out, err
}

// newHour is an hour without events, whose maps are there to be counted in.
func newHour(at time.Time) profileapi.HourStats {
	return profileapi.HourStats{
		Hour: wire.TimeOf(at), Accepted: map[string]int64{}, Rejected: map[string]int64{}, Warned: map[string]int64{},
	}
}

// count adds one of the stored statistics to an hour, by its name; it leaves the sum of lags in
// seconds where meanLag makes the mean of it.
func count(h *profileapi.HourStats, c store.Count) {
	if name, ok := strings.CutPrefix(c.Name, store.StatAccepted); ok {
		h.Accepted[name] += c.N
		h.AcceptedTotal += c.N
	} else if code, ok := strings.CutPrefix(c.Name, store.StatRejected); ok {
		h.Rejected[code] += c.N
	} else if code, ok := strings.CutPrefix(c.Name, store.StatWarned); ok {
		h.Warned[code] += c.N
	} else if c.Name == store.StatDuplicate {
		h.Duplicates += c.N
	} else if c.Name == store.StatLagMs {
		h.MeanLagSeconds += float64(c.N) / 1000
	}
}

// meanLag divides the sum of lags, which count has left in its place.
func meanLag(h *profileapi.HourStats) {
	if h.AcceptedTotal > 0 {
		h.MeanLagSeconds /= float64(h.AcceptedTotal)
	}
}

// shareKept is for how long a share of unknown items is kept that took a look through the whole
// catalogue: seconds for a million items.
const shareKept = time.Minute

// share is a measured share of unknown items.
type share struct {
	unknown float64 // of the lines; 0 without any
	lines   int     // that were looked at
	until   time.Time
}

// unknownShare is the share of the latest events' lines that name no item of the catalogue, by
// its id or another name. It may be a minute old. A caller who leaves does not end the measuring,
// which others may wait for, too.
func (r *Reader) unknownShare(ctx context.Context, shop string) (share, error) {
	if kept, ok := r.shares.Load(shop); ok && r.Now().Before(kept.(share).until) {
		return kept.(share), nil
	}
	return database.Detached(ctx, shareKept, func(ctx context.Context) (share, error) {
		v, err, _ := r.measuring.Do(shop, func() (any, error) { return r.measureShare(ctx, shop) })
		if err != nil {
			return share{}, err
		}
		return v.(share), nil
	})
}

// measureShare keeps what it measures when it had to look for other names of items, which it
// does only when a line names none by its id.
func (r *Reader) measureShare(ctx context.Context, shop string) (share, error) {
	lines, err := r.latestLines(ctx, shop)
	if err != nil || len(lines) == 0 {
		return share{}, err
	}
	count := map[string]int{} // of the lines, by what they name
	for _, l := range lines {
		count[l.ItemID]++
	}
	known, err := r.Visitors.Facts(ctx, shop, slices.Collect(maps.Keys(count)))
	if err != nil {
		return share{}, err
	}
	for id := range known {
		delete(count, id)
	}
	measured := share{lines: len(lines)}
	if len(count) == 0 {
		return measured, nil
	}
	others, err := r.Visitors.OtherNames(ctx, shop, slices.Collect(maps.Keys(count)))
	if err != nil {
		return share{}, err
	}
	for _, name := range others {
		delete(count, name)
	}
	unknown := 0
	for _, n := range count {
		unknown += n
	}
	measured.unknown, measured.until = float64(unknown)/float64(len(lines)), r.Now().Add(shareKept)
	r.shares.Store(shop, measured)
	return measured, nil
}

// latestLines are the lines of the shop's latest events.
func (r *Reader) latestLines(ctx context.Context, shop string) (lines []event.Line, err error) {
	last, err := r.Log.LastSeq(ctx, shop)
	if err != nil {
		return nil, err
	}
	var failed error
	err = r.Log.Scan(ctx, shop, store.ScanQuery{UpTo: last, Descending: true, Limit: sampleEvents}, func(e *store.Event) bool {
		lines, failed = event.DecodeLines(lines, e.Lines)
		return failed == nil
	})
	return lines, cmp.Or(err, failed)
}
