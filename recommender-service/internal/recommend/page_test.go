package recommend

import "testing"

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AQAAAAA")
	f.Add("AZEErbl5e78f7kzIxPZ7sJM")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err != nil && len(p.items) > 0 {
			t.Errorf("%q: refused, but read as %v", cursor, p.items)
		}
	})
}
