package cursor

import (
	"testing"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AQAAAAA")
	f.Add("AZEErbl5e78f7kzIxPZ7sJM")
	f.Add("AgAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := Parse(&api.Request{Cursor: cursor})
		if err != nil && len(p.items) > 0 {
			t.Errorf("%q: refused, but read as %v", cursor, p.items)
		}
	})
}
