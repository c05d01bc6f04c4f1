package stored

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
)

// orderVersion starts the stored form of an order's lines. Version 1: per kind of line its hash (int64, little-endian), time in seconds
// (uvarint, 0 when not given), how many are stored (uvarint), and the number of the import that told of it last with how often it did
// (uvarints). docs/profile-service.md describes it.
const orderVersion = 1

// orderLine is one kind of line of an order: lines that are the same and have the same time.
type orderLine struct {
	hash     int64  // of item, quantity and price
	at       int64  // seconds; 0: not given
	n        uint64 // how many are stored
	importNo int64  // the import that told of it last; 0: none
	told     uint64 // how often that import did
}

// Order is a set of lines of one person. It has a handful of kinds, so that they are looked for
// one by one.
type Order struct {
	Key   OrderKey
	lines []orderLine
	Dirty bool // has to be written
}

// OrderKey names an order: two persons may use one order id.
type OrderKey struct {
	Visitor int64  // canonical
	ID      string // as posted
}

// Append adds the stored form to b.
func (o *Order) Append(b []byte) []byte {
	b = append(b, orderVersion)
	for _, l := range o.lines {
		b = binary.LittleEndian.AppendUint64(b, uint64(l.hash))
		for _, v := range [...]uint64{uint64(l.at), l.n, uint64(l.importNo), l.told} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return b
}

// Decode adds the lines of a stored form to o. It keeps nothing of b.
func (o *Order) Decode(b []byte) error {
	if len(b) == 0 || b[0] != orderVersion {
		return errors.New("the stored form of an order is damaged")
	}
	r := bodyReader{rest: b[1:]}
	for len(r.rest) > 0 {
		hash := r.take(8)
		l := orderLine{at: int64(r.uvarint()), n: r.uvarint(), importNo: int64(r.uvarint()), told: r.uvarint()}
		if r.bad {
			return errors.New("the stored form of an order is damaged")
		}
		l.hash = int64(binary.LittleEndian.Uint64(hash))
		o.lines = append(o.lines, l)
	}
	return nil
}

// line returns the entry of a kind of line, which is added when there is none. The pointer is
// good until the next call that adds one.
func (o *Order) line(hash, at int64) *orderLine {
	for i := range o.lines {
		if o.lines[i].hash == hash && o.lines[i].at == at {
			return &o.lines[i]
		}
	}
	o.lines = append(o.lines, orderLine{hash: hash, at: at})
	return &o.lines[len(o.lines)-1]
}

// there returns how many lines are stored that a line cannot be told from: a time that was not given tells nothing apart.
func (o *Order) there(hash, at int64) uint64 {
	var n uint64
	for i := range o.lines {
		if l := &o.lines[i]; l.hash == hash && (at == 0 || l.at == 0 || l.at == at) {
			n += l.n
		}
	}
	return n
}

// lineHash stands for what a line is: item, quantity and price. A line without a price has
// another hash than one that costs 0.
func lineHash(l *event.Line) int64 {
	b := append([]byte(l.ItemID), 0)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(l.Quantity))) // as precise as it is stored
	if l.HasPrice {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(l.Price))
	}
	return event.Hash(string(b))
}

// Add adds the lines of an event that is stored.
func (o *Order) Add(e *Event) error {
	lines, err := decodedLines(e)
	for i := range lines {
		o.line(lineHash(&lines[i]), e.second()).n++
	}
	o.Dirty = true
	return err
}

// second is the time of an event's lines in their order, in seconds; 0 when the event did not
// say when it was. Fractions are left out, since the systems of a shop keep times with
// different precision.
func (e *Event) second() int64 {
	if e.Undated {
		return 0
	}
	return max(1, e.OccurredMs/1000)
}

// IsOrder reports whether an event is told apart by the lines of its order. One without consent
// belongs to nobody's order.
func (e *Event) IsOrder() bool {
	return e.Type == event.TypePurchase && e.OrderID != "" && e.Visitor != 0
}

// Order names the order of a purchase.
func (e *Event) Order() OrderKey { return OrderKey{e.Visitor, e.OrderID} }

// decodedLines returns the lines of an event; a purchase of nothing is one nameless line.
func decodedLines(e *Event) ([]event.Line, error) {
	lines, err := event.DecodeLines(nil, e.Lines)
	if err == nil && len(lines) == 0 {
		lines = []event.Line{{}}
	}
	return lines, err
}

// Empty reports whether nothing of the order is stored. A line that only an import told of does
// not count.
func (o *Order) Empty() bool {
	for _, l := range o.lines {
		if l.n > 0 {
			return false
		}
	}
	return true
}

// toldKey is a line as one teller tells of it: an undated event, or the dated events of one
// call, for which event is −1. at is 0 for undated ones.
type toldKey struct {
	call, event int
	order       OrderKey
	hash, at    int64
}

// Teller adds the lines of events to orders. It answers the question of which equal lines are
// repeats: within one teller (see toldKey, and an import as a whole) the k-th equal line is the
// k-th piece, so that it is new only when fewer than k are stored. Two cups in one event are
// two; the same event sent again tells of two that are there.
type Teller struct {
	orders map[OrderKey]*Order // those of all events that it will be asked about
	told   map[toldKey]uint64  // how often each teller has told of each line; not for imports, whose count is stored with the line
}

// NewTeller returns a teller that has told of nothing yet.
func NewTeller(orders map[OrderKey]*Order) *Teller {
	return &Teller{orders: orders, told: map[toldKey]uint64{}}
}

// tellLine reports whether a line is new. An event that is known by its id only counts as telling: an import that is repeated goes on
// where it was. The count of an import is stored, because its events come in many calls and it may be taken up by another process.
func (b *Teller) tellLine(e *Event, call, number int, hash int64, known bool) bool {
	o, at := b.orders[e.Order()], e.second()
	there := o.there(hash, at)
	var told uint64
	if e.ImportNo != 0 {
		l := o.line(hash, at)
		if l.importNo != e.ImportNo {
			l.importNo, l.told = e.ImportNo, 0
		}
		l.told++
		told, o.Dirty = l.told, true
	} else {
		k := toldKey{call: call, event: number, order: o.Key, hash: hash, at: at}
		if at != 0 {
			k.event = -1
		}
		b.told[k]++
		told = b.told[k]
	}
	if known || told <= there {
		return false
	}
	o.line(hash, at).n++
	o.Dirty = true
	return true
}

// Tell tells of all lines of a purchase, the number-th event of a call, and returns the places of those that are there already; all says
// that none is new. When some are and some are not, e keeps the new ones only. An event that is known by its id stays as it is.
func (b *Teller) Tell(e *Event, call, number int, known bool) (leftOut []int, all bool, err error) {
	lines, err := decodedLines(e)
	if err != nil {
		return nil, false, err
	}
	var fresh []event.Line
	for i := range lines {
		if b.tellLine(e, call, number, lineHash(&lines[i]), known) {
			fresh = append(fresh, lines[i])
		} else {
			leftOut = append(leftOut, i)
		}
	}
	if leftOut != nil && fresh != nil {
		e.Lines = event.AppendLines(nil, fresh)
	}
	return leftOut, fresh == nil, nil
}

// Untell takes the lines of an event that is removed out of their order. An import that told of
// it counts anew when it is repeated.
func (b *Teller) Untell(e *Event) error {
	lines, err := decodedLines(e)
	if err != nil {
		return err
	}
	o := b.orders[e.Order()]
	for i := range lines {
		if l := o.line(lineHash(&lines[i]), e.second()); l.n > 0 {
			l.n--
			l.importNo, l.told = 0, 0
		}
	}
	o.Dirty = true
	return nil
}
