package profileapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/wire"
)

// written returns a stream of n interactions in blocks of size, and the interactions.
func written(t testing.TB, n, size int) ([]byte, []Interaction) {
	t.Helper()
	var b bytes.Buffer
	w := NewInteractionWriter(&b)
	var all []Interaction
	for i := range n {
		in := Interaction{
			UserID: fmt.Sprint("u", i%7), ItemID: fmt.Sprint("é", i%5), Type: "view_item", Weight: float32(i) / 3, Quantity: 1,
			OccurredAt: wire.TimeOf(time.UnixMilli(int64(1e12 + i))),
		}
		if i%3 == 0 {
			in.SessionID, in.OrderID = "s", fmt.Sprint("o", i)
		}
		all = append(all, in)
		w.Add(&in)
		if w.Len() == size || i == n-1 {
			if err := w.Flush(fmt.Sprint("behind ", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), all
}

func readAll(r *InteractionReader) ([]Interaction, string, error) {
	var all []Interaction
	cursor := ""
	text := func(table []string, i int32) string {
		if i < 0 {
			return ""
		}
		return table[i]
	}
	for {
		b, err := r.Next()
		if err != nil {
			return all, cursor, err
		}
		cursor = b.Cursor
		for i := range b.Len() {
			all = append(all, Interaction{UserID: text(b.Users, b.User[i]), SessionID: text(b.Sessions, b.Session[i]),
				ItemID: text(b.Items, b.Item[i]), OrderID: text(b.Orders, b.Order[i]),
				Type: text(b.Types, b.Type[i]), Weight: b.Weight[i], Quantity: b.Quantity[i],
				OccurredAt: wire.TimeOf(time.UnixMilli(b.OccurredAt[i]))})
		}
	}
}

func TestInteractionsComeBack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 10, 1000} {
		data, want := written(t, n, 10)
		got, _, err := readAll(NewInteractionReader(bytes.NewReader(data), nil))
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestACutOrDamagedStreamIsNoticed(t *testing.T) {
	t.Parallel()
	data, _ := written(t, 50, 10)
	for cut := range data {
		if _, _, err := readAll(NewInteractionReader(bytes.NewReader(data[:cut]), nil)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 0x20
		if _, _, err := readAll(NewInteractionReader(bytes.NewReader(damaged), nil)); errors.Is(err, io.EOF) &&
			!errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("damage at byte %d of %d went unnoticed", i, len(data))
		}
	}
}

func FuzzInteractionReader(f *testing.F) {
	data, _ := written(f, 20, 7)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := readAll(NewInteractionReader(bytes.NewReader(data), nil))
		if err == nil {
			t.Fatal("a stream ended without an error")
		}
	})
}

func TestPriceBands(t *testing.T) {
	t.Parallel()
	for price, want := range map[float64]string{
		0: "0-1", 0.99: "0-1", 1: "1-2", 2: "2-5", 4.99: "2-5", 5: "5-10", 10: "10-20", 19.99: "10-20", 20: "20-50", 99: "50-100",
		100: "100-200", 123456: "100000-200000", -1: "",
	} {
		if got := PriceBand(price); got != want {
			t.Errorf("%v is in %q, want %q", price, got, want)
		}
	}
}

func BenchmarkInteractionReader(b *testing.B) {
	data, all := written(b, 200_000, 16<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r := NewInteractionReader(bytes.NewReader(data), nil)
		for {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "interactions/s")
}
