package snapshot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// sample is a model of four items: a→b,c with signed weights, b→a, c and d without neighbours.
func sample() *Content {
	lists := neighbours.NewLists(4, 2)
	copy(lists.Items, []int32{1, 2, 0, 0})
	copy(lists.Weight, []float32{.5, -.25, 2})
	copy(lists.Len, []int32{2, 1, 0, 0})
	return &Content{
		Meta:  Meta{Relation: "similar", Algorithm: "two_hop", Parameters: map[string]any{"user_exponent": -1.0}},
		Items: []string{"a", "b/ü", "c", "d"}, Support: []float32{3, 2, 1, 0}, Lists: lists, Sessions: []byte("sessions"),
	}
}

func encode(t testing.TB, c *Content) ([]byte, string) {
	t.Helper()
	var buffer bytes.Buffer
	checksum, err := Write(&buffer, c)
	if err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes(), checksum
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data, checksum := encode(t, sample())
	s, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Checksum != checksum || s.Len() != 4 || s.Meta.Entries != 3 || s.Meta.TopWeight != 1.25 {
		t.Errorf("read %+v with checksum %s, wrote %s", s.Meta, s.Checksum, checksum)
	}
	if i, ok := s.Index("b/ü"); !ok || i != 1 || s.ID(1) != "b/ü" || s.Support(1) != 2 {
		t.Errorf("item 1 is %q at %d with support %v", s.ID(1), i, s.Support(1))
	}
	want := [][]Entry{{{1, .5}, {2, -.25}}, {{0, 2}}, {}, {}}
	for i := range int32(4) {
		row, err := s.Row(i)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRow(row, s.Len())
		if err != nil || !cmp.Equal(got, want[i]) {
			t.Errorf("row %d is %v, %v; want %v", i, got, err, want[i])
		}
	}
	if sessions, err := s.Sessions(); err != nil || string(sessions) != "sessions" {
		t.Errorf("sessions are %q, %v", sessions, err)
	}
}

func TestEqualModelsAreEqualBytes(t *testing.T) {
	t.Parallel()
	a, _ := encode(t, sample())
	b, _ := encode(t, sample())
	if !bytes.Equal(a, b) {
		t.Error("the same content gave other bytes")
	}
}

func TestDamageIsRefused(t *testing.T) {
	t.Parallel()
	data, _ := encode(t, sample())
	t.Run("every truncation", func(t *testing.T) {
		t.Parallel()
		for n := range data {
			if _, err := Open(bytes.NewReader(data[:n]), int64(n)); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("cut to %d bytes: %v", n, err)
			}
		}
	})
	t.Run("every changed byte", func(t *testing.T) {
		t.Parallel()
		for n := range data {
			damaged := bytes.Clone(data)
			damaged[n] ^= 0x40
			if _, err := Open(bytes.NewReader(damaged), int64(len(damaged))); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("byte %d changed: %v", n, err)
			}
		}
	})
	t.Run("lists and items of different lengths", func(t *testing.T) {
		t.Parallel()
		c := sample()
		c.Support = c.Support[:2]
		if _, err := Write(&bytes.Buffer{}, c); err == nil {
			t.Error("a snapshot with too few supports was written")
		}
	})
}

// FuzzOpen gives Open foreign bytes with a right checksum: it may refuse them, but never panic or read outside.
func FuzzOpen(f *testing.F) {
	data, _ := encode(f, sample())
	f.Add(data[:len(data)-32])
	f.Fuzz(func(t *testing.T, body []byte) {
		whole := withChecksum(body)
		s, err := Open(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			return
		}
		for i := range int32(s.Len()) {
			if row, err := s.Row(i); err == nil {
				_, _ = DecodeRow(row, s.Len())
			}
		}
	})
}

func ExampleWrite() {
	var file bytes.Buffer
	lists := neighbours.NewLists(2, 1)
	lists.Items[0], lists.Weight[0], lists.Len[0] = 1, .5, 1
	_, err := Write(&file, &Content{Items: []string{"lamp", "bulb"}, Support: []float32{1, 1}, Lists: lists})
	if err != nil {
		panic(err)
	}
	s, err := Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		panic(err)
	}
	row, _ := s.Row(0)
	entries, _ := DecodeRow(row, s.Len())
	fmt.Println(s.ID(int32(entries[0].Item)), entries[0].Weight)
	// Output: bulb 0.5
}

func withChecksum(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}
