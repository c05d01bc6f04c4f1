package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// readRows reads a file to its end.
func readRows(t testing.TB, spec profileapi.ImportSpec, file string) ([]row, error) {
	t.Helper()
	s, closer, err := open(t.Context(), spec, strings.NewReader(file))
	defer closer()
	if err != nil {
		return nil, err
	}
	var rows []row
	for {
		r, err := s.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
}

func TestLinesAreNumberedAndLongOnesPassedOver(t *testing.T) {
	t.Parallel()
	file := "{\"a\":1}\n\n{\"b\":\"" + strings.Repeat("x", maxLine) + "\"}\n{\"c\":3}"
	rows, err := readRows(t, profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, file)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[0].line != 1 || rows[1].line != 3 || rows[1].bad.code != "too_long" || rows[2].line != 4 || string(rows[2].object) != `{"c":3}` {
		t.Errorf("rows: %d %+v %d %s", rows[0].line, rows[1].bad, rows[2].line, rows[2].object)
	}
}

func TestACSVLineThatIsNoneCostsOnlyItself(t *testing.T) {
	t.Parallel()
	rows, err := readRows(t, profileapi.ImportSpec{Kind: "items", Format: "csv"}, "item_id,title\n1,a\"b\n2,ok,more\n3,\xff\n4,\"two\nlines\"\n")
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, want := range []string{"invalid_csv", "too_many_fields", "invalid_utf8"} {
		if rows[i].bad == nil || rows[i].bad.code != want || rows[i].line != int64(i+2) {
			t.Errorf("row %d: %d %+v", i, rows[i].line, rows[i].bad)
		}
	}
	if rows[3].bad != nil || !bytes.Contains(rows[3].object, []byte(`two\nlines`)) {
		t.Errorf("row 3: %+v %s", rows[3].bad, rows[3].object)
	}
}

// FuzzSources reads any bytes in every format: it must end, and every row must be JSON or say what is wrong.
func FuzzSources(f *testing.F) {
	for _, seed := range []string{
		"{\"item_id\":\"1\"}\n", "item_id,price\n1,2\n", "id\ttitle\n1\tx\n", "<rss><item><id>1</id></item></rss>", "handle,title,variant sku,variant price\na,b,c,1\na,,d,2\n",
		"id,type,name,parent\n1,variable,x,\n2,variation,y,id:1\n", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		for _, format := range profileapi.ImportFormats() {
			rows, _ := readRows(t, profileapi.ImportSpec{Kind: "items", Format: format}, file)
			for _, r := range rows {
				if r.bad == nil && !json.Valid(r.object) {
					t.Fatalf("%s: row %d is %q", format, r.line, r.object)
				}
			}
		}
	})
}
