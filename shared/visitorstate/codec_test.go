package visitorstate_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// drawItem draws an item, half of the time one of the plain kind that takes least room.
func drawItem(t *rapid.T, types int) visitorstate.Item {
	at := rapid.Int64Range(-1e12, 4e12).Draw(t, "last")
	top := uint8(rapid.IntRange(0, types-1).Draw(t, "top"))
	w := rapid.Float32Range(-10, 10).Draw(t, "weight")
	it := visitorstate.Item{
		ID: rapid.StringN(0, 4, 16).Draw(t, "id"), FirstMs: at, LastMs: at, Count: 1, Types: 1 << top, Top: top, Weight: w, Decayed: w,
		Strongest: max(w, -w),
	}
	if rapid.Bool().Draw(t, "plain") {
		return it
	}
	it.Count, it.FirstMs = rapid.Uint32Range(0, 9).Draw(t, "count"), at-rapid.Int64Range(0, 1e9).Draw(t, "age")
	it.Types |= uint32(rapid.IntRange(0, 1<<types-1).Draw(t, "types"))
	it.Strongest, it.Decayed = rapid.Float32Range(0, 9).Draw(t, "strongest"), rapid.Float32Range(-9, 9).Draw(t, "decayed")
	for range rapid.IntRange(0, visitorstate.MaxPurchases).Draw(t, "purchases") {
		it.Purchases = append(it.Purchases, visitorstate.Purchase{
			AtMs: at - rapid.Int64Range(0, 1e9).Draw(t, "bought"), Order: rapid.Uint32().Draw(t, "order"),
			Quantity: rapid.Float32Range(.5, 9).Draw(t, "quantity"),
		})
	}
	if rapid.Bool().Draw(t, "cart") {
		it.Cart, it.CartMs = rapid.Float32Range(1, 9).Draw(t, "cart quantity"), at-5
	}
	if rapid.Bool().Draw(t, "rated") {
		it.Rating, it.RatedMs = rapid.Float32Range(1, 5).Draw(t, "rating"), at-7
	}
	it.Hidden, it.Disliked = rapid.Bool().Draw(t, "hidden"), rapid.Float32Range(-4, 0).Draw(t, "disliked")
	return it
}

func TestAnyStateIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	again := &visitorstate.Decoder{} // which has read other states before
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.IntRange(1, 6).Draw(t, "types")
		s := &visitorstate.State{
			Seq: rapid.Int64Range(0, 1<<62).Draw(t, "seq"), LastEvent: rapid.String().Draw(t, "event"),
			Weights: rapid.Uint32().Draw(t, "weights"), SessionID: rapid.String().Draw(t, "session"),
		}
		for k := range types {
			s.Types = append(s.Types, fmt.Sprint("type", k))
		}
		for range rapid.IntRange(0, 6).Draw(t, "items") {
			s.Items = append(s.Items, drawItem(t, types))
		}
		for range rapid.IntRange(0, 3).Draw(t, "session items") {
			s.Session = append(s.Session, drawItem(t, types))
		}
		data := s.Append([]byte("before"))
		got, err := visitorstate.Decode(data[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		reread, err := again.Decode(data[len("before"):])
		if diff := cmp.Diff(got, reread, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEmptyDataIsAVisitorOfWhomNothingIsKnown(t *testing.T) {
	t.Parallel()
	s, err := visitorstate.Decode(nil)
	if diff := cmp.Diff(&visitorstate.State{}, s); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestFormOfAStateStays holds the bytes of docs/visitor-state.md: states are stored, so another form needs another version.
func TestFormOfAStateStays(t *testing.T) {
	t.Parallel()
	s := &visitorstate.State{Seq: 300, LastEvent: "e1", Weights: 0x01020304, Types: []string{"view_item"}, Items: []visitorstate.Item{
		{ID: "lamp", FirstMs: 1000, LastMs: 1000, Count: 1, Types: 1, Weight: 1, Decayed: 1, Strongest: 1},
	}}
	const want = "01ac020403020102653100" + "0109766965775f6974656d" + "0000803f" + "01" + "00046c616d70" + "cf0f" + "00" + "00"
	if got := hex.EncodeToString(s.Append(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	s := visitorstate.State{
		Seq: 5, Types: []string{"purchase"},
		Items: []visitorstate.Item{{ID: "a", Count: 2, Types: 1, Purchases: []visitorstate.Purchase{{Quantity: 2, Order: 7}}}},
	}
	f.Add(s.Append(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := visitorstate.Decode(data)
		if err != nil {
			return
		}
		again, err := visitorstate.Decode(read.Append(nil))
		if err != nil || !bytes.Equal(read.Append(nil), again.Append(nil)) {
			t.Fatalf("%v: %+v is not read again as %+v", err, read, again)
		}
	})
}

// BenchmarkState shows what a state of 133 single touches takes, and what reading and writing it costs.
func BenchmarkState(b *testing.B) {
	s := visitorstate.State{Seq: 1 << 20, LastEvent: "e", Types: []string{"purchase"}}
	for n := range 133 {
		at := int64(1_795_000_000_000) - int64(n)*230_000_000
		s.Items = append(s.Items, visitorstate.Item{
			ID: fmt.Sprint("i", 1000+n*13), FirstMs: at, LastMs: at, Count: 1, Types: 1, Weight: 5, Decayed: 5, Strongest: 5,
			Purchases: []visitorstate.Purchase{{AtMs: at, Quantity: 1}},
		})
	}
	data := s.Append(nil)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := visitorstate.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(data)), "B/state")
	})
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			data = s.Append(data[:0])
		}
	})
}
