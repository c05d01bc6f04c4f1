package robots

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// noon is 2026-03-14 12:00 UTC.
const noon = int64(1773489600000)

// visit makes n looks at items, one every gap, the item of number n%items.
func visit(n, items int, gap time.Duration) []store.Event {
	list := make([]store.Event, n)
	for i := range list {
		list[i] = store.Event{
			Subject: "ua", Type: event.TypeView, OccurredMs: noon + int64(i)*gap.Milliseconds(),
			Lines: event.AppendLines(nil, []event.Line{{ItemID: fmt.Sprint("i", i%items), Quantity: 1}}),
		}
	}
	return list
}

func undated(events []store.Event) []store.Event {
	for n := range events {
		events[n].Undated = true
	}
	return events
}

// received has events come so much later than they happened.
func received(events []store.Event, late time.Duration) []store.Event {
	for n := range events {
		events[n].ReceivedMs = events[n].OccurredMs + late.Milliseconds()
	}
	return events
}

func fromPage(events []store.Event) []store.Event {
	for n := range events {
		events[n].FromPage = true
	}
	return events
}

func TestWhatNoPersonDoes(t *testing.T) {
	t.Parallel()
	order := store.Event{Subject: "ua", Type: event.TypePurchase, OccurredMs: noon + 5000}
	for name, c := range map[string]struct {
		events []store.Event
		want   []string
	}{
		"nothing":                       {nil, nil},
		"somebody who looks around":     {visit(120, 80, 25*time.Second), nil},
		"somebody who comes every hour": {visit(2000, 100, 30*time.Second), nil},
		"a quick hand":                  {visit(39, 39, 500*time.Millisecond), nil},
		"a scraper":                     {visit(400, 400, 5*time.Second), []string{profileapi.RobotRate, profileapi.RobotBreadth}},
		"a slow scraper":                {visit(3000, 3000, 20*time.Second), []string{profileapi.RobotBreadth}},
		"a monitor":                     {visit(1000, 1, 3*time.Second), []string{profileapi.RobotRate}},
		"a fast one":                    {visit(60, 60, 200*time.Millisecond), []string{profileapi.RobotNoDwell}},
		"a batch that says no times":    {undated(visit(60, 60, 0)), nil},
		"a history that is loaded":      {received(visit(400, 400, 5*time.Second), 24*time.Hour), nil},
		"a page that was offline": {fromPage(received(visit(400, 400, 5*time.Second), 24*time.Hour)),
			[]string{profileapi.RobotRate, profileapi.RobotBreadth}},
		"a load that says no times": {undated(visit(400, 400, 5*time.Second)), nil},
		"a dealer who buys":         {append(visit(400, 400, 5*time.Second), order), nil},
		"times in disorder": {
			func() []store.Event { e := visit(400, 400, 5*time.Second); slices.Reverse(e); return e }(),
			[]string{profileapi.RobotRate, profileapi.RobotBreadth},
		},
	} {
		a, err := busiestHour(c.events)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range behaviour(&a) {
			got = append(got, r.Code)
			if r.Detail == "" || r.Limit == 0 {
				t.Errorf("%s: the reason %s does not say what was counted", name, r.Code)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v for %+v, want %v", name, got, a, c.want)
		}
	}
}

func TestTheBusiestHourIsMeasured(t *testing.T) {
	t.Parallel()
	events := append(visit(10, 10, time.Minute), visit(30, 20, time.Minute)...)
	for n := range events[10:] {
		events[10+n].OccurredMs += 24 * time.Hour.Milliseconds()
	}
	got, err := busiestHour(events)
	day := noon + 24*time.Hour.Milliseconds()
	want := activity{FromMs: day, ToMs: day + 29*60_000, Events: 30, Looks: 30, Items: 20, MedianGapMs: -1}
	if err != nil || got != want {
		t.Errorf("measured %+v, %v; want %+v", got, err, want)
	}
}

// posted returns stored events of a subject, from a page or not.
func posted(subject string, n int, page bool) []store.NewEvent {
	rows := make([]store.NewEvent, n)
	for i := range rows {
		rows[i] = store.NewEvent{Event: store.Event{
			Subject: subject, EventID: fmt.Sprint(subject, i), Type: event.TypeView, OccurredMs: noon + int64(i)*1000,
			ReceivedMs: noon + int64(i)*1000, FromPage: page,
			Lines: event.AppendLines(nil, []event.Line{{ItemID: fmt.Sprint("i", i), Quantity: 1}}),
		}}
	}
	return rows
}

func TestSuspects(t *testing.T) {
	t.Parallel()
	network, other := netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24")
	now := time.UnixMilli(noon)
	for name, c := range map[string]struct {
		send func(s *suspects)
		want map[string]string // first reason by subject, "" for none yet
	}{
		"few events":  {func(s *suspects) { s.saw("north", posted("ua", 39, true), Sender{}) }, nil},
		"many events": {func(s *suspects) { s.saw("north", posted("ua", 40, false), Sender{}) }, map[string]string{"ua": ""}},
		"many of two shops": {func(s *suspects) {
			s.saw("north", posted("ua", 30, false), Sender{})
			s.saw("south", posted("ua", 30, false), Sender{})
		}, nil},
		"an agent": {func(s *suspects) { s.saw("north", posted("ua", 1, true), Sender{Agent: "Googlebot"}) },
			map[string]string{"ua": "agent"}},
		"of a server": {func(s *suspects) {
			s.saw("north", posted("ua", 1, false), Sender{Agent: "Googlebot", Network: network})
		}, nil},
		"withheld": {func(s *suspects) {
			rows := posted("ua", 90, true)
			for n := range rows {
				rows[n].Withheld = true
			}
			s.saw("north", rows, Sender{Agent: "Googlebot"})
		}, nil},
		"a burst from one network": {func(s *suspects) {
			for n := range 120 {
				s.saw("north", posted(fmt.Sprint("s", n), 1, true), Sender{Network: network})
			}
		}, func() map[string]string {
			want := map[string]string{}
			for n := range 100 { // twenty more wait for the next hundred
				want[fmt.Sprint("s", n)] = "network_burst"
			}
			return want
		}()},
		"an office that reads": {func(s *suspects) {
			for n := range 120 {
				s.saw("north", posted(fmt.Sprint("s", n), 5, true), Sender{Network: network})
			}
		}, nil},
		"the carrier of a great shop": {func(s *suspects) {
			for n := range 1500 {
				from := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n % 50), 0, 0, 0}), 24)
				if n%12 == 0 {
					from = other
				}
				s.saw("north", posted(fmt.Sprint("s", n), 1, true), Sender{Network: from})
			}
		}, nil},
	} {
		s := newSuspects(func() time.Time { return now })
		c.send(s)
		got := map[string]string{}
		for _, one := range s.take()["north"] {
			got[one.subject] = ""
			if len(one.reasons) > 0 {
				got[one.subject] = one.reasons[0].Code
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %d suspects, want %d", name, len(got), len(c.want))
		}
		for subject, reason := range c.want {
			if have, ok := got[subject]; !ok || have != reason {
				t.Errorf("%s: %s is a suspect for %q (%t), want %q", name, subject, have, ok, reason)
			}
		}
	}
}

// TestSuspectsAreJudgedByWhatIsStored has events of one visitor come in parts, as through several replicas: the detector of one sees forty
// of them and judges by all.
func TestSuspectsAreJudgedByWhatIsStored(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	d := NewDetector(db, slog.New(slog.DiscardHandler), time.Now, prometheus.NewRegistry())
	robot, person := posted("ua", 400, false), posted("ub", 45, false)
	for n := range person {
		person[n].OccurredMs = noon + int64(n)*20_000
	}
	for _, rows := range [][]store.NewEvent{robot, person} {
		if err := db.Append(t.Context(), "north", rows, nil); err != nil {
			t.Fatal(err)
		}
	}
	d.Saw("north", robot[:40], Sender{})
	d.Saw("north", person, Sender{})
	suspects := d.suspects.take()["north"]
	if len(suspects) != 2 {
		t.Fatalf("%d suspects, want both", len(suspects))
	}
	for _, want := range []int{1, 0} { // a second time nothing is new
		if found, err := d.judge(t.Context(), "north", suspects); err != nil || found != want {
			t.Fatalf("%d robots found, %v; want %d", found, err, want)
		}
	}
	rows, err := db.Robots(t.Context(), "north", store.Robot, 0, "", 10)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	r, err := Told(&rows[0])
	if err != nil || r.UserID != "a" || len(r.Reasons) != 2 || r.Reasons[0].Code != profileapi.RobotRate || r.Reasons[0].Observed != 400 ||
		r.JudgedBy != byDetector || r.From.IsZero() {
		t.Errorf("told %+v, %v", r, err)
	}
}

// BenchmarkSaw is what the detector costs where events are received.
func BenchmarkSaw(b *testing.B) {
	s := newSuspects(time.Now)
	network := netip.MustParsePrefix("198.51.100.0/24")
	rows := make([]store.NewEvent, 0, 1000)
	for n := range 500 {
		rows = append(rows, posted(fmt.Sprint("s", n), 2, true)...)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.saw("north", rows, Sender{Network: network})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/event")
}
