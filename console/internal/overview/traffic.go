package overview

import (
	"net/url"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// oldLag is the mean time from an event to its acknowledgement from which on an hour is not one of traffic alone: a file of older events
// came in, or a shop sent what it had kept.
const oldLag = time.Hour

// traffic is what visitors did in a day, as far as it is known.
type traffic struct {
	total  int64
	byType map[string]int64
	byHour map[time.Time]int64 // by the beginning of the hour
	// old says that events of earlier days came in too, and leftOut how many are not counted because they came in an hour with those.
	old     bool
	leftOut int64
}

func newTraffic() *traffic {
	return &traffic{byType: map[string]int64{}, byHour: map[time.Time]int64{}}
}

func (t *traffic) add(at time.Time, kind string, n int64) {
	t.total += n
	t.byType[kind] += n
	t.byHour[at.UTC().Truncate(time.Hour)] += n
}

// trafficOf counts what visitors did in the day before now. Statistics are by the time of receiving, which is that of the visit while
// events are sent as they happen; an import counts there as well. When older events came in, those that happened in this day are read one
// by one, or where they are too many, the hours with older ones are left out.
func trafficOf(v *page.Visit, stats *profileapi.EventStats, now time.Time) *traffic {
	byHour := receivedTraffic(stats.Hours)
	if !byHour.old {
		return byHour
	}
	listed := page.Optional[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "events of today", "/v1/events", url.Values{
		"from": {now.Add(-24 * time.Hour).Format(time.RFC3339)}, "limit": {strconv.Itoa(page.EventsRead)},
	})
	if listed.Items == nil || listed.NextCursor != nil {
		return byHour
	}
	return happened(listed.Items)
}

// receivedTraffic counts what was received, without hours in which old events came in.
func receivedTraffic(hours []profileapi.HourStats) *traffic {
	t := newTraffic()
	for n := range hours {
		h := &hours[n]
		if h.MeanLagSeconds > oldLag.Seconds() {
			t.old = true
			t.leftOut += h.AcceptedTotal
			continue
		}
		for kind, accepted := range h.Accepted {
			t.add(h.Hour.Time, kind, accepted)
		}
	}
	return t
}

// happened counts events by the hour that they happened in. They are those of a day with old events beside them.
func happened(events []profileapi.StoredEvent) *traffic {
	t := newTraffic()
	t.old = true
	for n := range events {
		t.add(events[n].OccurredAt.Time, events[n].Type, 1)
	}
	return t
}
