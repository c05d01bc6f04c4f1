package visitorstate

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// formVersion is the first byte of an encoded state. Versions: 1, the first.
const formVersion = 1

// Flags of an encoded item, in the order in which what they announce follows.
const (
	flagMany      = 1 << iota // touched more than once, or of more than one type
	flagWeight                // one touch with another weight than the type's
	flagPurchases             // purchases follow
	flagOne                   // one purchase of one unit at LastMs, without an order id
	flagCart
	flagHidden
	flagRating
	flagDisliked
)

var errDamaged = errors.New("the visitor's state is damaged, or was written by a newer version")

// Append appends the encoded state to dst. Two equal states have equal bytes, which the
// profile-service counts on. It fails for nothing: who moves a state keeps it within the
// bounds.
func (s *State) Append(dst []byte) []byte {
	e := encoder{b: append(dst, formVersion), types: s.Types}
	e.uvarint(uint64(s.Seq))
	e.b = binary.LittleEndian.AppendUint32(e.b, s.Weights)
	e.text(s.LastEvent)
	e.text(s.SessionID)
	e.b = append(e.b, byte(len(s.Types)))
	for _, name := range s.Types {
		e.text(name)
	}
	usual := s.usualWeights()
	for _, w := range usual[:len(s.Types)] {
		e.float(w)
	}
	e.usual = usual
	e.items(s.Items)
	e.items(s.Session)
	return e.b
}

// usualWeights returns the weight of the first single touch of each type: most touches of a type weigh the same and need not say it.
func (s *State) usualWeights() (usual [MaxTypes]float32) {
	var have uint32
	for _, list := range [][]Item{s.Items, s.Session} {
		for n := range list {
			it := &list[n]
			if it.Count == 1 && have&it.Types == 0 {
				have |= it.Types
				usual[it.Top] = it.Weight
			}
		}
	}
	return usual
}

// encoder adds values to bytes, with what the items of one state share.
type encoder struct {
	b     []byte
	types []string
	usual [MaxTypes]float32
}

func (e *encoder) uvarint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) varint(v int64)   { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) float(v float32)  { e.b = binary.LittleEndian.AppendUint32(e.b, math.Float32bits(v)) }
func (e *encoder) text(text string) { e.uvarint(uint64(len(text))); e.b = append(e.b, text...) }

// items writes a list with its length; times are differences from one item to the next, which
// are short where the list is in the order of time.
func (e *encoder) items(list []Item) {
	e.uvarint(uint64(len(list)))
	last := int64(0)
	for n := range list {
		e.item(&list[n], last)
		last = list[n].LastMs
	}
}

// single reports whether all that is known of the touches of an item follows from one weight.
func (it *Item) single() bool {
	return it.Count == 1 && it.FirstMs == it.LastMs && it.Types == 1<<it.Top && it.Decayed == it.Weight &&
		it.Strongest == float32(math.Abs(float64(it.Weight)))
}

// plainPurchase reports whether the purchases of an item need no words.
func (it *Item) plainPurchase() bool {
	return len(it.Purchases) == 1 && it.Purchases[0] == Purchase{AtMs: it.LastMs, Quantity: 1}
}

// item writes one item: a byte of flags that says which of the rest is there, then what there is, times as differences
// from the item before. Most items were looked at once with the usual weight of that type, which needs neither counts nor
// weights. A change of it is a new version of the format: docs/visitor-state.md.
func (e *encoder) item(it *Item, lastMs int64) {
	var flags byte
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	set(flagMany, !it.single())
	set(flagWeight, it.single() && it.Weight != e.usual[it.Top])
	set(flagOne, it.plainPurchase())
	set(flagPurchases, len(it.Purchases) > 0 && !it.plainPurchase())
	set(flagCart, it.Cart != 0)
	set(flagHidden, it.Hidden)
	set(flagRating, it.Rating != 0)
	set(flagDisliked, it.Disliked != 0)
	e.b = append(e.b, flags)
	e.text(it.ID)
	e.varint(lastMs - it.LastMs)
	e.b = append(e.b, it.Top)
	if flags&flagMany != 0 {
		e.uvarint(uint64(it.Count))
		e.uvarint(uint64(it.Types))
		e.varint(it.LastMs - it.FirstMs)
		e.float(it.Strongest)
		e.float(it.Weight)
		e.float(it.Decayed)
	}
	if flags&flagWeight != 0 {
		e.float(it.Weight)
	}
	if flags&flagPurchases != 0 {
		e.purchases(it)
	}
	if flags&flagCart != 0 {
		e.float(it.Cart)
		e.varint(it.LastMs - it.CartMs)
	}
	if flags&flagRating != 0 {
		e.float(it.Rating)
		e.varint(it.LastMs - it.RatedMs)
	}
	if flags&flagDisliked != 0 {
		e.float(it.Disliked)
	}
}

// purchases writes the purchases of an item, with their times before its last one.
func (e *encoder) purchases(it *Item) {
	e.uvarint(uint64(len(it.Purchases)))
	for _, p := range it.Purchases {
		e.varint(it.LastMs - p.AtMs)
		e.uvarint(uint64(p.Order))
		e.float(p.Quantity)
	}
}

// Decode reads an encoded state. Empty data is the zero state. The state keeps no reference to data.
func Decode(data []byte) (*State, error) { return new(Decoder).Decode(data) }

// Decoder reads one state after another into the same memory, for who reads many: the ids of a
// state are parts of one text, and its lists are used again. It is of one goroutine.
type Decoder struct {
	state     State
	purchases []Purchase
}

// Decode is the function of that name; the state is valid until the next call.
func (m *Decoder) Decode(data []byte) (*State, error) {
	m.state = State{Types: m.state.Types[:0], Items: m.state.Items[:0], Session: m.state.Session[:0]}
	s := &m.state
	if len(data) == 0 {
		return s, nil
	}
	if data[0] != formVersion {
		return nil, errDamaged
	}
	d := &decoder{rest: string(data[1:]), room: m.purchases}
	s.Seq = int64(d.uvarint())
	s.Weights = d.uint32()
	s.LastEvent, s.SessionID = d.text(), d.text()
	n := int(d.byte())
	if n > MaxTypes {
		return nil, errDamaged
	}
	for range n {
		s.Types = append(s.Types, d.text())
	}
	for k := range n {
		d.usual[k] = d.float()
	}
	d.types = n
	s.Items, s.Session = d.items(s.Items), d.items(s.Session)
	if d.bad || d.rest != "" {
		return nil, errDamaged
	}
	if d.largest != nil {
		m.purchases = d.largest
	}
	return s, nil
}

// decoder takes values off the front of a text, which the decoded ids share, and remembers that it ran out.
type decoder struct {
	rest  string
	bad   bool
	types int
	usual [MaxTypes]float32
	// room is for the purchases of items, of which most have one; largest is the last that was made, twice as large as the one before.
	room, largest []Purchase
}

// purchase returns room for so many.
func (d *decoder) purchase(n int) []Purchase {
	if n > len(d.room) {
		d.room = make([]Purchase, max(32, n, 2*len(d.largest)))
		d.largest = d.room
	}
	taken := d.room[:n:n]
	d.room = d.room[n:]
	return taken
}

// take returns the next n bytes, "" when there are fewer.
func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return ""
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != "" {
		return b[0]
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	b := d.take(4)
	if b == "" {
		return 0
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// float refuses what no weight can be: NaN and Inf would spread through every sum.
func (d *decoder) float() float32 {
	v := math.Float32frombits(d.uint32())
	d.bad = d.bad || v != v || math.IsInf(float64(v), 0)
	return v
}

func (d *decoder) text() string { return d.take(d.uvarint()) }

// uvarint is written out because the bytes are a string, which package binary does not read.
func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64 && len(d.rest) > 0; shift += 7 {
		b := d.rest[0]
		d.rest = d.rest[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// items reads a list into the memory of another.
func (d *decoder) items(list []Item) []Item {
	n := d.uvarint()
	if d.bad || n > uint64(len(d.rest)) { // an item takes a byte at least
		d.bad = true
		return nil
	}
	list = slices.Grow(list, int(n))[:n]
	clear(list)
	last := int64(0)
	for k := range list {
		d.item(&list[k], last)
		last = list[k].LastMs
	}
	return list
}

// item reads what the encoder's wrote, in the same order; what the flags leave out is derived as single and
// plainPurchase say. it is overwritten, its purchases lie in the decoder's memory. d.bad says that the bytes are none.
func (d *decoder) item(it *Item, lastMs int64) {
	flags := d.byte()
	it.ID = d.text()
	it.LastMs = lastMs - d.varint()
	it.Top = d.byte()
	if int(it.Top) >= max(1, d.types) {
		d.bad = true
		return
	}
	if flags&flagMany != 0 {
		it.Count, it.Types, it.FirstMs = uint32(d.uvarint()), uint32(d.uvarint()), it.LastMs-d.varint()
		it.Strongest, it.Weight, it.Decayed = d.float(), d.float(), d.float()
	} else {
		it.Count, it.Types, it.FirstMs, it.Weight = 1, 1<<it.Top, it.LastMs, d.usual[it.Top]
		if flags&flagWeight != 0 {
			it.Weight = d.float()
		}
		it.Strongest, it.Decayed = float32(math.Abs(float64(it.Weight))), it.Weight
	}
	switch {
	case flags&flagOne != 0:
		it.Purchases = d.purchase(1)
		it.Purchases[0] = Purchase{AtMs: it.LastMs, Quantity: 1}
	case flags&flagPurchases != 0:
		d.purchases(it)
	}
	if flags&flagCart != 0 {
		it.Cart, it.CartMs = d.float(), it.LastMs-d.varint()
	}
	it.Hidden = flags&flagHidden != 0
	if flags&flagRating != 0 {
		it.Rating, it.RatedMs = d.float(), it.LastMs-d.varint()
	}
	if flags&flagDisliked != 0 {
		it.Disliked = d.float()
	}
}

// purchases reads what the encoder's wrote.
func (d *decoder) purchases(it *Item) {
	n := d.uvarint()
	if d.bad || n > MaxPurchases {
		d.bad = true
		return
	}
	it.Purchases = d.purchase(int(n))
	for k := range it.Purchases {
		it.Purchases[k] = Purchase{AtMs: it.LastMs - d.varint(), Order: uint32(d.uvarint()), Quantity: d.float()}
	}
}
