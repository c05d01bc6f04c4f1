package store

import (
	"cmp"
	"slices"
)

const hourMs = 60 * 60 * 1000

// Tally adds up statistics before they are stored.
type Tally struct{ counts map[Count]int64 }

// NewTally returns a tally that holds counts.
func NewTally(counts []Count) *Tally {
	t := &Tally{counts: map[Count]int64{}}
	for _, c := range counts {
		t.add(c.HourMs, c.Name, c.N)
	}
	return t
}

func (t *Tally) add(hour int64, name string, n int64) { t.counts[Count{HourMs: hour, Name: name}] += n }

// The names of the statistics; a type or a code follows those that end with a blank.
const (
	StatAccepted  = "accepted "
	StatDuplicate = "duplicate"
	StatLagMs     = "lag_ms"
	StatRejected  = "rejected "
	StatWarned    = "warned "
)

// Outcome counts what became of an event, in the hour in which it was received.
func (t *Tally) Outcome(e *Event, o Outcome) {
	hour := HourOf(e.ReceivedMs)
	if o.Duplicate {
		t.add(hour, StatDuplicate, 1)
		return
	}
	t.add(hour, StatAccepted+e.Type, 1)
	t.add(hour, StatLagMs, max(0, e.ReceivedMs-e.OccurredMs))
}

// Remove takes an accepted event out of the sums.
func (t *Tally) Remove(e *Event) {
	hour := HourOf(e.ReceivedMs)
	t.add(hour, StatAccepted+e.Type, -1)
	t.add(hour, StatLagMs, -max(0, e.ReceivedMs-e.OccurredMs))
}

// HourOf returns the beginning of the hour of a moment.
func HourOf(ms int64) int64 { return ms - ms%hourMs }

// Sorted returns the sums that are not zero, by hour and name.
func (t *Tally) Sorted() []Count {
	var out []Count
	for c, n := range t.counts {
		if n != 0 {
			c.N = n
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(a.HourMs, b.HourMs), cmp.Compare(a.Name, b.Name)) })
	return out
}
