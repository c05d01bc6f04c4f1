package prepare

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

const day = 24 * 60 * 60

// event is an interaction at a second; user, session and order may be "".
func event(user, session, order, item string, weight float32, second int64) profileapi.Interaction {
	at := wire.TimeOf(time.Unix(second, 0))
	return profileapi.Interaction{
		UserID: user, SessionID: session, OrderID: order, ItemID: item, Type: "view_item", Weight: weight, OccurredAt: at,
	}
}

// collect sends interactions through the stream format, some per block, as a recompute receives them.
func collect(t *testing.T, o Options, perBlock int, events []profileapi.Interaction) (*Prepared, error) {
	t.Helper()
	var stream bytes.Buffer
	w := profileapi.NewInteractionWriter(&stream)
	for n := range events {
		w.Add(&events[n])
		if w.Len() == perBlock {
			if err := w.Flush(fmt.Sprint(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.Len() > 0 {
		if err := w.Flush("end"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := NewCollector(o)
	r := profileapi.NewInteractionReader(&stream, nil)
	for {
		b, err := r.Next()
		if err != nil {
			break
		}
		c.Add(b)
	}
	return c.Finish()
}

// rows shows a matrix with item ids.
func rows(p *Prepared) [][]string {
	var out [][]string
	for u := range p.Full.Train.Rows {
		var row []string
		items, values := p.Full.Train.Row(u)
		for n, j := range items {
			v := float32(1)
			if values != nil {
				v = values[n]
			}
			row = append(row, fmt.Sprintf("%s %g", p.Full.Items.ID(j), v))
		}
		out = append(out, row)
	}
	return out
}

func TestHistories(t *testing.T) {
	t.Parallel()
	events := []profileapi.Interaction{
		event("ann", "", "", "z", 1, 1*day), event("ann", "", "", "a", 3, 2*day),
		event("ann", "", "", "a", 3, 2*day), // the same second: a duplicate
		event("ann", "", "", "z", 1, 3*day), // again later: adds up and is the latest
		event("ann", "", "", "taken back", 3, 3*day), event("ann", "", "", "taken back", -3, 4*day),
		event("", "s1", "", "a", 1, 5*day),     // a session without a user stands for itself
		event("ann", "", "", "gone", 5, 5*day), // not in the catalogue
		event("", "", "", "a", 1, 5*day),       // nobody
		event("bob", "", "", "a", float32(math.NaN()), 5*day),
	}
	family := func(id string) (string, bool) { return id, id != "gone" }
	for _, perBlock := range []int{1, 3, 100} {
		p, err := collect(t, Options{Relation: similarityapi.Similar, Family: family}, perBlock, events)
		if err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"a 3", "z 2"}, {"a 1"}}
		if diff := cmp.Diff(want, rows(p)); diff != "" {
			t.Errorf("%d per block (-want +got):\n%s", perBlock, diff)
		}
		counts := map[string]int64{}
		for _, s := range p.Report.Steps {
			counts[s.Name] = s.Rows
		}
		if diff := cmp.Diff(
			map[string]int64{"raw": 10, "valid": 8, "deduplicated": 7, "bot_filtered": 7, "known_items": 6, "used": 4}, counts,
		); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	}
}

func TestLinesOfAnOrderCameTogether(t *testing.T) {
	t.Parallel()
	events := []profileapi.Interaction{
		event("ann", "", "", "a", 1, 1*day), event("ann", "", "", "b", 1, 1*day), event("ann", "", "", "c", 1, 1*day),
		event("ann", "", "", "d", 1, 2*day), event("ann", "", "", "e", 1, 2*day), event("bob", "", "", "a", 1, 3*day),
		event("bob", "", "", "b", 1, 3*day+1), event("bob", "", "", "c", 1, 4*day), event("bob", "", "", "d", 1, 4*day),
	}
	p, err := collect(t, Options{Relation: similarityapi.Similar, HoldOut: .001}, 100, events)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*dataset.Data{"full": p.Full, "split": p.Split} {
		var parts []int
		for u := range d.Train.Rows {
			parts = append(parts, d.LatestPart(u))
		}
		if name == "full" && !slices.Equal(parts, []int{2, 2}) || name == "split" && !slices.Equal(parts, []int{2, 1}) {
			t.Errorf("of the %s rows the latest parts have %v entries", name, parts)
		}
	}
}

func TestTheOrderOfTheStreamDoesNotMatter(t *testing.T) {
	t.Parallel()
	var events []profileapi.Interaction
	for u := range 30 {
		for n := range 5 {
			events = append(events, event(fmt.Sprint("u", u), "", "", fmt.Sprint("i", (u+n*n)%9), 1, int64(u+n*day)))
		}
	}
	first, err := collect(t, Options{Relation: similarityapi.Similar}, 7, events)
	if err != nil {
		t.Fatal(err)
	}
	byItem := func(p *Prepared) string { return fmt.Sprint(p.Full.Items.IDs(), p.Support) }
	for n := len(events) - 1; n > 0; n-- { // oldest user last
		m := n * 7919 % (n + 1)
		events[n], events[m] = events[m], events[n]
	}
	second, err := collect(t, Options{Relation: similarityapi.Similar}, 11, events)
	if err != nil || byItem(first) != byItem(second) {
		t.Errorf("%s\nbecame %s, %v", byItem(first), byItem(second), err)
	}
}

func TestTheLatestPartIsHeldOut(t *testing.T) {
	t.Parallel()
	var events []profileapi.Interaction
	for u := range 10 {
		for n := range 10 {
			events = append(events, event(fmt.Sprint("u", u), "", "", fmt.Sprint("i", n), 1, int64(n*day+u)))
		}
	}
	p, err := collect(t, Options{Relation: similarityapi.Similar, HoldOut: .2}, 16, events)
	if err != nil {
		t.Fatal(err)
	}
	if p.Full.Train.NNZ() != 100 || p.Split.Train.NNZ() != 80 || len(p.Split.Tests) != 10 {
		t.Fatalf("%d entries in all, %d before the cut, %d cases", p.Full.Train.NNZ(), p.Split.Train.NNZ(), len(p.Split.Tests))
	}
	for _, c := range p.Split.Tests {
		items, _ := p.Split.Train.Row(int(c.Row))
		if len(items) != 8 || len(c.Relevant) != 2 {
			t.Errorf("a visitor with %d items before and %d after the cut, want 8 and 2", len(items), len(c.Relevant))
		}
	}
}

func TestWhatWeighsLessThanHalfTheUsualIsNotToBeFound(t *testing.T) {
	t.Parallel()
	weights := profileapi.DefaultEventWeights()
	rated := func(value float64) float32 { return float32(weights.Teaches("rate", &value)) }
	view, purchase := float32(weights["view_item"]), float32(weights["purchase"])
	for name, c := range map[string]struct {
		usual, other float32 // what three of four interactions weigh, and the fourth
		found        int
	}{
		"low ratings among high ones":      {rated(4), rated(2), 3},
		"ratings of three among high ones": {rated(5), rated(3), 3},
		"high ratings among low ones":      {rated(1), rated(5), 4},
		"views among purchases":            {purchase, view, 3},
		"purchases among views":            {view, purchase, 4},
		"views alone":                      {view, view, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var events []profileapi.Interaction
			for u := range 10 {
				for n := range 16 {
					weight := c.usual
					if n%4 == 1 {
						weight = c.other
					}
					events = append(events, event(fmt.Sprint("u", u), "", "", fmt.Sprintf("i%02d", n), weight, int64(n*day+u)))
				}
			}
			p, err := collect(t, Options{Relation: similarityapi.Similar, HoldOut: .25}, 16, events)
			if err != nil {
				t.Fatal(err)
			}
			if p.Full.Liked != p.Split.Liked || p.Full.Train.NNZ() != 160 || len(p.Split.Tests) != 10 {
				t.Fatalf("liked from %v and %v, %d entries, %d cases", p.Full.Liked, p.Split.Liked, p.Full.Train.NNZ(), len(p.Split.Tests))
			}
			for _, one := range p.Split.Tests {
				if len(one.Relevant) != c.found {
					t.Errorf("%d of 4 items are to be found, want %d", len(one.Relevant), c.found)
				}
			}
		})
	}
}

func TestRobotsAndCaps(t *testing.T) {
	t.Parallel()
	var events []profileapi.Interaction
	for n := range 200 {
		events = append(events, event("robot", "", "", fmt.Sprint("i", n), 1, int64(n)))
		events = append(events, event("collector", "", "", fmt.Sprint("i", n), 1, int64(n)*day))
	}
	p, err := collect(t, Options{Relation: similarityapi.Similar, BotEventsPerDay: 150, HistoryCap: 20}, 64, events)
	if err != nil {
		t.Fatal(err)
	}
	if p.Full.Train.Rows != 1 || p.Full.Train.NNZ() != 20 {
		t.Errorf("%d visitors with %d items, want the collector's latest 20", p.Full.Train.Rows, p.Full.Train.NNZ())
	}
	items, _ := p.Full.Train.Row(0)
	if got := p.Full.Items.ID(items[19]); got != "i199" {
		t.Errorf("the latest item is %s", got)
	}
}

func TestBasketsAndSessions(t *testing.T) {
	t.Parallel()
	var events []profileapi.Interaction
	for o := range 20 {
		for n := range 3 {
			e := event("u", "s", fmt.Sprint("o", o), fmt.Sprint("i", (o+n)%6), 5, int64(o*day))
			events = append(events, e)
		}
	}
	p, err := collect(t, Options{Relation: similarityapi.BoughtTogether}, 8, events)
	if err != nil {
		t.Fatal(err)
	}
	if p.Full.Train.Rows != 20 || len(p.Full.RowTimes) != 20 || p.Split.Train.Rows >= 20 || len(p.Split.Tests) == 0 {
		t.Errorf("%d baskets, %d before the cut, %d cases", p.Full.Train.Rows, p.Split.Train.Rows, len(p.Split.Tests))
	}

	p, err = collect(t, Options{Relation: similarityapi.ViewedNext}, 8, []profileapi.Interaction{
		event("u", "s", "", "a", 1, 10), event("u", "s", "", "b", 1, 20), event("u", "s", "", "b", 1, 30), // looking twice is one look
		event("u", "s", "", "c", 1, 30+dataset.SessionGap),
		event("u", "s", "", "d", 1, 31+2*dataset.SessionGap), // a pause starts a session
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int32{{0, 1, 2}, {3}}, p.Full.Sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func TestNothingToLearnFrom(t *testing.T) {
	t.Parallel()
	for name, events := range map[string][]profileapi.Interaction{
		"an empty shop":         nil,
		"only unknown items":    {event("u", "", "", "gone", 1, 1)},
		"everything taken back": {event("u", "", "", "a", -1, 1)},
		"nobody known":          {event("", "", "", "a", 1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := collect(
				t, Options{Relation: similarityapi.Similar, Family: func(id string) (string, bool) { return id, id != "gone" }}, 4, events,
			)
			if !errors.Is(err, ErrTooLittle) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestItemsTouchedSinceAMoment(t *testing.T) {
	t.Parallel()
	events := []profileapi.Interaction{
		event("ann", "s", "o1", "a", 1, 10), event("ann", "s", "o1", "b", 1, 20),
		event("bob", "r", "o2", "b", 1, 30), event("bob", "r", "o2", "c", 1, 40), event("bob", "r", "o2", "gone", 1, 99),
	}
	family := func(id string) (string, bool) { return id, id != "gone" }
	for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
		for since, want := range map[int64][]string{0: nil, 1: {"a", "b", "c"}, 30: {"b", "c"}, 40: {"c"}, 41: nil} {
			p, err := collect(t, Options{Relation: relation, Family: family, Since: since}, 2, events)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range p.Touched {
				got = append(got, p.Full.Items.ID(i))
			}
			if diff := cmp.Diff(want, got); diff != "" || p.Until != 40 {
				t.Errorf("%s since %d, until %d (-want +got):\n%s", relation, since, p.Until, diff)
			}
		}
	}
}
