package filter

import (
	"testing"

	"pgregory.net/rapid"
)

func TestATableOfMarksIsAMap(t *testing.T) {
	t.Parallel()
	var table Table // used again and again, as the memory of requests is
	rapid.Check(t, func(t *rapid.T) {
		table.Clear()
		want := map[int32]marks{}
		// Neighbouring numbers, and numbers that are the same in their low bits.
		item := rapid.OneOf(rapid.Int32Range(0, 2000), rapid.Map(rapid.Int32Range(0, 2000), func(i int32) int32 { return i << 18 }))
		for range rapid.IntRange(0, 1500).Draw(t, "marked") {
			i, on := item.Draw(t, "item"), marks(1)<<rapid.IntRange(0, 31).Draw(t, "bit")
			table.add(i, on)
			want[i] |= on
		}
		for range 100 {
			if i := item.Draw(t, "asked"); table.of(i) != want[i] {
				t.Fatalf("item %d has marks %b, want %b", i, table.of(i), want[i])
			}
		}
		for i := range want {
			if table.of(i) != want[i] {
				t.Fatalf("item %d has marks %b, want %b", i, table.of(i), want[i])
			}
		}
	})
}
