// Package visitor says what events make of a visitor's state: the one place that knows. It is pure: no store, no clock. A state that was
// moved on event by event is the same, bit for bit, as one made from all events in the order of their numbers; so a state that is lost, or
// that merging or undoing has changed the events of, is made again from them. The main type is Mover.
package visitor

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// maxSession is how many items of the present session are remembered.
const maxSession = 50

// meaning is raised when the same events make another state: states of before are made again from the events when they are next read.
// Versions: 1, quantities are summed up in thousandths; 2, the weight of an item is what models learn of it; 3, they learn less of
// a low rating.
const meaning = 3

// Mover moves states on. It is safe for concurrent use.
type Mover struct {
	weights     event.Weights
	halfLife    time.Duration
	fingerprint uint32
}

// NewMover returns a Mover for the weights of events and the half-life with which they fade.
func NewMover(weights event.Weights, halfLife time.Duration) *Mover {
	h := fnv.New32a()
	_, _ = h.Write([]byte{meaning})
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		fmt.Fprintf(h, "%s=%x;", name, math.Float64bits(weights[name]))
	}
	_ = binary.Write(h, binary.BigEndian, int64(halfLife)) // a hash does not fail
	return &Mover{weights: weights, halfLife: halfLife, fingerprint: h.Sum32()}
}

// Weights returns the weights of events.
func (m *Mover) Weights() event.Weights { return m.weights }

// Fingerprint tells the weights and half-life apart that states are made with.
func (m *Mover) Fingerprint() uint32 { return m.fingerprint }

// Fits reports whether a state was made with the Mover's weights; one that was not must be made again from the events.
func (m *Mover) Fits(s *visitorstate.State) bool { return s.Seq == 0 || s.Weights == m.fingerprint }

var decoders = sync.Pool{New: func() any { return new(visitorstate.Decoder) }}

// Move takes the encoded state before, nil for none, on by events of one visitor in the order of their numbers, and returns the encoded
// state. Events that it has seen, by their number, are passed over.
func (m *Mover) Move(before []byte, events []store.Event) ([]byte, error) {
	d := decoders.Get().(*visitorstate.Decoder)
	defer decoders.Put(d)
	s, err := d.Decode(before)
	if err != nil {
		return nil, err
	}
	if err := m.Apply(s, events); err != nil {
		return nil, err
	}
	return s.Append(make([]byte, 0, len(before)+32*len(events)+64)), nil
}

// Apply is Move on a decoded state.
func (m *Mover) Apply(s *visitorstate.State, events []store.Event) error {
	var lines []event.Line
	var err error
	for n := range events {
		e := &events[n]
		if e.Seq <= s.Seq {
			continue
		}
		if lines, err = event.DecodeLines(lines[:0], e.Lines); err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		m.move(s, e, lines)
		s.Seq, s.LastEvent, s.Weights = e.Seq, e.EventID, m.fingerprint
	}
	return nil
}

// move takes a state on by one event.
func (m *Mover) move(s *visitorstate.State, e *store.Event, lines []event.Line) {
	weight := float32(m.weights.Of(e.Type, e.Value))
	if weight == 0 && !meansSomething(e.Type) {
		return // a list that was shown, a page: nothing that the visitor cared for
	}
	teaches := float32(m.weights.Teaches(e.Type, e.Value))
	if e.WholeOrder() { // of an order that was not known when it came, or stored before refunds got the lines of theirs
		lines = wholeOrder(s, e.OrderID)
	}
	_, ownSession := event.SplitSubject(e.Subject)
	inSession := e.SessionID != "" && ownSession == "" && m.session(s, e)
	kind := typeIndex(s, e.Type)
	for n := range lines {
		t := update{event: e, line: &lines[n], weight: weight, teaches: teaches, kind: kind, halfLife: m.halfLife}
		s.Items = t.on(s.Items)
		if inSession {
			s.Session = t.on(s.Session)
		}
	}
	s.Items, s.Session = bounded(s.Items, visitorstate.MaxItems), bounded(s.Session, maxSession)
}

// NameLines gives each refund of a whole order, one that names no items, the lines that are still bought of its order: so everybody who
// reads the event knows what came back. Before is the encoded state before the events of one visitor, in the order of their numbers, and
// nil for none; an order that the state does not know leaves its refund as it is.
func (m *Mover) NameLines(before []byte, events []*store.Event) error {
	d := decoders.Get().(*visitorstate.Decoder)
	defer decoders.Put(d)
	s, err := d.Decode(before)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.WholeOrder() {
			e.Lines = event.AppendLines(nil, wholeOrder(s, e.OrderID))
		}
		if err := m.Apply(s, []store.Event{*e}); err != nil {
			return err
		}
	}
	return nil
}

// meansSomething reports whether a type changes more than weights: the cart, what was bought, an opinion.
func meansSomething(eventType string) bool {
	switch eventType {
	case event.TypeRate, event.TypeAddToCart, event.TypeRemoveFromCart, event.TypePurchase, event.TypeRefund, event.TypeNotInterested:
		return true
	}
	return false
}

// wholeOrder returns the lines of an order that are still bought, for a refund that names none.
func wholeOrder(s *visitorstate.State, orderID string) []event.Line {
	var lines []event.Line
	for n := range s.Items {
		for _, p := range s.Items[n].Purchases {
			if p.Order == orderHash(orderID) {
				lines = append(lines, event.Line{ItemID: s.Items[n].ID, Quantity: float64(p.Quantity)})
			}
		}
	}
	return lines
}

// session reports whether an event belongs to the present session of a known user; the event of a later session begins a new one.
func (m *Mover) session(s *visitorstate.State, e *store.Event) bool {
	if s.SessionID == e.SessionID {
		return true
	}
	if len(s.Session) > 0 && e.OccurredMs < s.Session[0].LastMs {
		return false // an earlier session that arrives late
	}
	s.SessionID, s.Session = e.SessionID, nil
	return true
}

// typeIndex returns the place of a type among those of the state, which gets it if it is new.
func typeIndex(s *visitorstate.State, name string) uint8 {
	k := slices.Index(s.Types, name)
	if k < 0 {
		if len(s.Types) == visitorstate.MaxTypes {
			return visitorstate.MaxTypes - 1
		}
		k = len(s.Types)
		s.Types = append(s.Types, name)
	}
	return uint8(k)
}

// bounded drops items that were only looked at beyond limit, and others beyond MaxKept, those touched longest ago first. Cost O(1) for
// lists within limit.
func bounded(items []visitorstate.Item, limit int) []visitorstate.Item {
	if len(items) <= limit {
		return items
	}
	looked, kept := 0, 0
	return slices.DeleteFunc(items, func(it visitorstate.Item) bool { // the last touched come first
		if it.Kept() {
			kept++
			return kept > visitorstate.MaxKept
		}
		looked++
		return looked > limit
	})
}
