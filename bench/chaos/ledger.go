package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// ledger is what the shop was told about the events that it sent. It is safe for concurrent use
// through its methods.
type ledger struct {
	mu           sync.Mutex
	acknowledged map[string]string // what each acknowledged event says, by its id
	repeats      int               // requests that were sent again, without an acknowledgement or on purpose
	unanswered   map[string]int    // requests without an acknowledgement, by what came instead
	rejected     []string          // events that were refused for what they say
	misjudged    []string          // verdicts that contradict what was acknowledged before
}

// newLedger returns one of a shop that has sent nothing.
func newLedger() *ledger {
	return &ledger{acknowledged: map[string]string{}, unanswered: map[string]int{}}
}

// fingerprint is what must be found again of an event: type, user, order, items and quantities.
// Times are left out: most events are sent without one.
func fingerprint(e *profileapi.Event) string {
	text := e.Type + " " + e.UserID + " " + e.ItemID + " " + e.OrderID
	for _, line := range e.Items {
		quantity := 1.0
		if line.Quantity != nil {
			quantity = *line.Quantity
		}
		text += fmt.Sprintf(" %s×%v", line.ItemID, quantity)
	}
	return text
}

// judge notes an acknowledgement. uncertain says that an earlier attempt may have been stored:
// then a duplicate is a first acknowledgement. A verdict that contradicts an earlier one is
// noted, and the event counts as acknowledged all the same.
func (l *ledger) judge(events []profileapi.Event, answer profileapi.EventsAnswer, uncertain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, r := range answer.Results {
		e := &events[n]
		_, before := l.acknowledged[e.EventID]
		switch {
		case r.Status == profileapi.StatusRejected:
			l.rejected = append(l.rejected, fmt.Sprintf("%s: %v", e.EventID, r.Errors))
			continue
		case r.Status == profileapi.StatusDuplicate && !before && !uncertain:
			l.misjudged = append(l.misjudged, e.EventID+" is new and was answered as a duplicate")
		case r.Status == profileapi.StatusAccepted && before:
			l.misjudged = append(l.misjudged, e.EventID+" was acknowledged before and was accepted again")
		}
		l.acknowledged[e.EventID] = fingerprint(e)
	}
}

// failed notes a request without an acknowledgement, which is sent again.
func (l *ledger) failed(err error) {
	what := "no answer"
	var p *apierror.Problem
	if errors.As(err, &p) {
		what = fmt.Sprintf("%d %s", p.Status, p.Code)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unanswered[what]++
	l.repeats++
}

// audit is what the stored events say beside the ledger, by ids: acknowledged and not there,
// there more than once, there with other contents, there without an acknowledgement.
type audit struct{ lost, doubled, changed, unknown []string }

// audit reads the whole stream of stored events back, straight from the profile-service. Nobody
// may be sending.
func (l *ledger) audit(ctx context.Context, c *profileapi.Client) (audit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var a audit
	stored := map[string]int{}
	q := profileapi.EventsQuery{Limit: 1000, Ascending: true}
	for {
		page, err := c.Events(ctx, q)
		if err != nil {
			return a, fmt.Errorf("read the stored events back: %w", err)
		}
		for n := range page.Items {
			e := &page.Items[n].Event
			said, known := l.acknowledged[e.EventID]
			stored[e.EventID]++
			switch {
			case !known:
				a.unknown = append(a.unknown, e.EventID)
			case stored[e.EventID] > 1:
				a.doubled = append(a.doubled, e.EventID)
			case normalised(said) != normalised(fingerprint(e)):
				a.changed = append(a.changed, fmt.Sprintf("%s: %s, was %s", e.EventID, fingerprint(e), said))
			}
		}
		if page.NextCursor == nil {
			break
		}
		q.Cursor = *page.NextCursor
	}
	for id := range l.acknowledged {
		if stored[id] == 0 {
			a.lost = append(a.lost, id)
		}
	}
	slices.Sort(a.lost)
	return a, nil
}

// normalised makes one of the two ways to write an event of one item: the service answers with
// a line. A quantity of 1 is left out for that.
func normalised(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "×1", "")), " ")
}

// counted writes counts by name, in order of name; "0" for none.
func counted(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return cmp.Or(strings.Join(parts, ", "), "0")
}
