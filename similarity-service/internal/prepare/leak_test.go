package prepare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// background are visitors enough to hold the cut at the beginning of day 10: nine of ten first touches lie before.
func background() []profileapi.Interaction {
	var events []profileapi.Interaction
	for u := range 90 {
		events = append(events, event(fmt.Sprint("b", u), "", "", fmt.Sprint("i", u%9), 1, int64(u%9)*day))
	}
	return events
}

func splitRow(p *Prepared, u int) string {
	items, values := p.Split.Train.Row(u)
	var row []string
	for n, j := range items {
		row = append(row, fmt.Sprintf("%s %g", p.Split.Items.ID(j), values[n]))
	}
	return strings.Join(row, ", ")
}

// TestTrainingRowsKnowNothingOfTheFuture gives a visitor the same past and different futures: the training row stays.
func TestTrainingRowsKnowNothingOfTheFuture(t *testing.T) {
	t.Parallel()
	past := []profileapi.Interaction{
		event("ann", "", "", "i0", 1, 1*day), event("ann", "", "", "i1", 3, 2*day), event("ann", "", "", "i2", 1, 3*day),
	}
	for name, future := range map[string][]profileapi.Interaction{
		"more weight for an old item":   {event("ann", "", "", "i0", 5, 20*day)},
		"an old item that is the last":  {event("ann", "", "", "i1", 1, 21*day), event("ann", "", "", "i0", 1, 22*day)},
		"an old item that is sent back": {event("ann", "", "", "i1", -3, 20*day)},
		"a new item":                    {event("ann", "", "", "i8", 5, 20*day)},
		"nothing":                       nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tail := []profileapi.Interaction{}
			for u := range 8 { // visitors of the held-out part, whatever ann does
				tail = append(tail, event(fmt.Sprint("t", u), "", "", "i0", 1, int64(19*day+u)))
			}
			p, err := collect(
				t, Options{Relation: similarityapi.Similar, HoldOut: .08}, 16,
				append(append(append([]profileapi.Interaction{}, past...), background()...), append(tail, future...)...),
			)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := splitRow(p, 0), "i0 1, i1 3, i2 1"; got != want {
				t.Errorf("the training row is %s, want %s", got, want)
			}
		})
	}
}

func TestOneItemLookedAtOftenDoesNotMoveTheCut(t *testing.T) {
	t.Parallel()
	events := background()
	for n := range 800 {
		events = append(events, event("keen", "", "", "i0", 1, int64(30*day+n*40)))
	}
	for u := range 10 {
		events = append(events, event(fmt.Sprint("b", u), "", "", "i8", 1, int64(10*day)+int64(u)))
	}
	p, err := collect(t, Options{Relation: similarityapi.Similar}, 64, events)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Split.Tests) < 9 || p.Split.Train.Rows < 89 {
		t.Errorf("%d rows to learn from and %d cases: the views of one item have moved the cut", p.Split.Train.Rows, len(p.Split.Tests))
	}
}

func TestVisitsOfNewVisitorsAreCases(t *testing.T) {
	t.Parallel()
	events := background()
	for u := range 30 {
		for n := range 6 {
			events = append(events, event("", fmt.Sprint("guest", u), "", fmt.Sprint("i", n), 1, int64(10*day+u*100+n)))
		}
	}
	p, err := collect(t, Options{Relation: similarityapi.Similar, HoldOut: .3}, 64, events)
	if err != nil {
		t.Fatal(err)
	}
	within := 0
	for _, c := range p.Split.Tests {
		if c.Row >= 0 {
			continue
		}
		within++
		var seeds []string
		for _, i := range c.Seeds {
			seeds = append(seeds, p.Split.Items.ID(i))
		}
		if diff := cmp.Diff([]string{"i0", "i1", "i2", "i3", "i4"}, seeds); diff != "" || len(c.Relevant) != 1 ||
			p.Split.Items.ID(c.Relevant[0]) != "i5" {
			t.Errorf("the case of a visit: %s, to be found %v", diff, c.Relevant)
		}
	}
	if within < 10 {
		t.Errorf("%d cases within visits", within)
	}
}

func TestVariantsCountForTheirFamily(t *testing.T) {
	t.Parallel()
	family := func(id string) (string, bool) { name, _, _ := strings.Cut(id, "-"); return name, true }
	events := []profileapi.Interaction{
		event("ann", "", "o1", "tee-s", 5, 1*day), event("ann", "", "o1", "tee-m", 5, 1*day), event("ann", "", "o1", "mug", 5, 1*day),
		event("bob", "", "o2", "tee-l", 5, 2*day), event("bob", "", "o2", "mug", 5, 2*day),
	}
	p, err := collect(t, Options{Relation: similarityapi.BoughtTogether, Family: family}, 2, events)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"mug 1", "tee 1"}, {"mug 1", "tee 1"}}, rows(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float32{2, 2}, p.Support); diff != "" {
		t.Error(diff)
	}
}
