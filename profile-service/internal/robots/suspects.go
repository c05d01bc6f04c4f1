package robots

import (
	"fmt"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// nominateAfter is how many events of an hour make a suspect, each time that many more. It is below what makes a robot, since each of
	// several replicas receives a part of the events.
	nominateAfter = 40
	// slots is how many counts of visitors there are. Two that fall together make an innocent suspect, not a robot: he is judged by his own
	// events.
	slots = 1 << 18
	// forgetAfter is how many events are counted before all counts begin anew, so that a file of years does not make everybody a suspect.
	forgetAfter = 4 * slots
	// mostSuspects is how many of a shop wait; one more waits for his next forty events.
	mostSuspects = 10_000

	burstWindow  = 10 * time.Minute
	leastBurst   = 100 // visitors from one network in the window …
	burstShare   = .1  // … and of all of the shop …
	leastFleet   = .9  // … of whom so many …
	mostOfOne    = 2   // … made no more events than this
	mostVisitors = 100_000
)

// Sender is who posted events.
type Sender struct {
	// Network is the part of the address that one owner has, /24 or /48; zero when it is not known or says nothing.
	Network netip.Prefix
	// Agent is the name of the program, when it is known to be none that a person looks at pages with; else "".
	Agent string
}

// suspect is a visitor to be judged.
type suspect struct {
	subject string
	atMs    int64 // of an event in the hour to be measured
	reasons []profileapi.RobotReason
}

// suspects are collected where events are received. They are safe for concurrent use.
type suspects struct {
	now func() time.Time

	mu     sync.Mutex
	seed   maphash.Seed
	counts []uint16
	events int
	shops  map[string]*shopSuspects
	wake   chan struct{}
}

// shopSuspects are those of one shop.
type shopSuspects struct {
	waiting  map[string]*suspect
	fleets   map[netip.Prefix]map[string]int // events by network and visitor
	since    time.Time                       // of fleets
	visitors int                             // visitors in fleets
}

func newSuspects(now func() time.Time) *suspects {
	return &suspects{
		now: now, seed: maphash.MakeSeed(), counts: make([]uint16, slots), shops: map[string]*shopSuspects{}, wake: make(chan struct{}, 1),
	}
}

// saw takes note of stored events of a shop.
func (s *suspects) saw(shop string, rows []store.NewEvent, from Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.shops[shop]
	if o == nil {
		o = &shopSuspects{waiting: map[string]*suspect{}}
		s.shops[shop] = o
	}
	for n := range rows {
		e := &rows[n]
		if e.Subject == "" || e.Withheld || e.Result.Duplicate {
			continue
		}
		if live(&e.Event) && s.many(shop, &e.Event) {
			o.nominate(&e.Event)
		}
		if !e.FromPage {
			continue // what a server sends says nothing of the visitor's browser and address
		}
		if from.Agent != "" {
			o.nominate(&e.Event, profileapi.RobotReason{
				Code: profileapi.RobotAgent, Detail: fmt.Sprintf("The browser names itself %s.", from.Agent),
			})
		}
		if from.Network.IsValid() {
			o.cameFrom(from.Network, e.Subject, s.now())
		}
	}
	if len(o.waiting) > 0 {
		select {
		case s.wake <- struct{}{}:
		default: // it is known already
		}
	}
}

// many counts an event in its hour and reports whether there were so many that its visitor is a suspect.
func (s *suspects) many(shop string, e *store.Event) bool {
	if s.events++; s.events > forgetAfter {
		clear(s.counts)
		s.events = 0
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	maphash.WriteComparable(&h, e.OccurredMs/time.Hour.Milliseconds())
	h.WriteString(shop)
	h.WriteString(e.Subject)
	count := &s.counts[h.Sum64()%slots]
	*count++
	return *count%nominateAfter == 0
}

// nominate makes a visitor a suspect, or adds reasons.
func (o *shopSuspects) nominate(e *store.Event, reasons ...profileapi.RobotReason) {
	one := o.waiting[e.Subject]
	if one == nil {
		if len(o.waiting) >= mostSuspects {
			return
		}
		one = &suspect{subject: e.Subject}
		o.waiting[e.Subject] = one
	}
	one.atMs = e.OccurredMs
	for _, r := range reasons {
		if !slices.ContainsFunc(one.reasons, func(have profileapi.RobotReason) bool { return have.Code == r.Code }) {
			one.reasons = append(one.reasons, r)
		}
	}
}

// cameFrom counts an event of a visitor from a network.
func (o *shopSuspects) cameFrom(network netip.Prefix, subject string, now time.Time) {
	if now.Sub(o.since) > burstWindow || o.visitors >= mostVisitors {
		o.fleets, o.visitors, o.since = map[netip.Prefix]map[string]int{}, 0, now
	}
	fleet := o.fleets[network]
	if fleet == nil {
		fleet = map[string]int{}
		o.fleets[network] = fleet
	}
	if fleet[subject] == 0 {
		o.visitors++
	}
	fleet[subject]++
	if len(fleet) >= leastBurst && len(fleet)%leastBurst == 0 && fleet[subject] == 1 {
		o.judgeFleet(fleet)
	}
}

// judgeFleet makes suspects of the visitors from one network when they are too many and each came for one thing.
func (o *shopSuspects) judgeFleet(fleet map[string]int) {
	var brief []string
	for subject, events := range fleet {
		if events <= mostOfOne {
			brief = append(brief, subject)
		}
	}
	if float64(len(fleet)) < burstShare*float64(o.visitors) || float64(len(brief)) < leastFleet*float64(len(fleet)) {
		return
	}
	for _, subject := range brief {
		o.nominate(&store.Event{Subject: subject}, profileapi.RobotReason{
			Code: profileapi.RobotBurst, Observed: float64(len(fleet)), Limit: leastBurst,
			Detail: fmt.Sprintf(
				"One of %d visitors from one network within %s, of whom %d made at most %d events.", len(fleet),
				burstWindow, len(brief), mostOfOne,
			),
		})
	}
}

// take returns the shops with suspects, and forgets them.
func (s *suspects) take() map[string][]suspect {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := map[string][]suspect{}
	for shop, o := range s.shops {
		for _, subject := range slices.Sorted(maps.Keys(o.waiting)) {
			taken[shop] = append(taken[shop], *o.waiting[subject])
		}
		clear(o.waiting)
	}
	return taken
}
