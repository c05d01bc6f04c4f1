package wire

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzInvalidID(f *testing.F) {
	for _, id := range []string{
		"", "sku 1/2", "Größe", "a\x00b", "line\nfeed", "nbsp\u00a0", "\xff", strings.Repeat("x", 256), strings.Repeat("ü", 256),
		strings.Repeat("x", 257), "\u202e",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		good := id != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= maxIDLength
		for _, r := range id {
			good = good && unicode.IsPrint(r)
		}
		if why := InvalidID(id); (why == "") != good {
			t.Errorf("%q is good: %v; refused for %q", id, good, why)
		}
	})
}
