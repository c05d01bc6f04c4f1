package cursor

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestCursorsSurvive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, a, b := rapid.String().Draw(t, "text"), rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		var gotA, gotB int64
		got, err := Decode(Events, Encode(Events, text, a, b), &gotA, &gotB)
		if err != nil || got != text || gotA != a || gotB != b {
			t.Fatalf("%q %d %d, %v", got, gotA, gotB, err)
		}
	})
}

func TestCursorsOfOtherListingsAreRefused(t *testing.T) {
	t.Parallel()
	var n, m int64
	for _, refused := range []string{
		"", "x", "AAAAAAAAAA", Encode(Items, "a"), Encode(Events, "", 1, 2), Encode(ItemChanges, "", 1) + "A",
	} {
		if _, err := Decode(ItemChanges, refused, &n); !errors.Is(err, errInvalid) {
			t.Errorf("%q: %v", refused, err)
		}
	}
	if _, err := Decode(Events, Encode(Events, "", 1), &n, &m); !errors.Is(err, errInvalid) {
		t.Errorf("too few numbers: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(ItemChanges, "", 7))
	f.Fuzz(func(t *testing.T, text string) {
		var n int64
		if got, err := Decode(ItemChanges, text, &n); err == nil && Encode(ItemChanges, got, n) == "" {
			t.Fatal("an accepted cursor cannot be made again")
		}
	})
}
