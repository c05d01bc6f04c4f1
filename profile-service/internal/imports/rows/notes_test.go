package rows

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// notesOf reads a file of purchases to its end and returns its notes, a line each.
func notesOf(t *testing.T, spec profileapi.ImportSpec, file string) string {
	t.Helper()
	r, err := Open(t.Context(), spec, strings.NewReader(file), now)
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return strings.Join(r.Notes(), "\n")
}

func TestColumnsAboutPeopleAreLeftOutWithANote(t *testing.T) {
	t.Parallel()
	const file = "order_id,date,customer_id,Customer Name,Phone,sku,Product name\n1,2026-11-20,7,Ann,0123,T,Tee\n"
	spec := profileapi.ImportSpec{
		Kind: "events", Set: map[string]string{"type": "purchase"}, Mapping: map[string]string{"Phone": "properties.Phone"},
	}
	got, err := rowsOf(t, spec, file)
	if diff := cmp.Diff([]string{`{"occurred_at":"2026-11-20T00:00:00.000Z","order_id":"1",` +
		`"properties":{"Phone":"0123","Product name":"Tee"},` +
		`"type":"purchase","user_id":"7","item_id":"T"}`}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	const want = "Columns that say who people are do not become properties of events: Customer Name. " +
		"To keep one, name it with --map COLUMN=properties.NAME (mapping in the API)."
	if diff := cmp.Diff(want, notesOf(t, spec, file)); diff != "" {
		t.Error(diff)
	}
}

func TestRowsOfAFileWithoutHeader(t *testing.T) {
	t.Parallel()
	const file = "1::1193::5::1778300760\n1::661::3::1778302109\n"
	spec := profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "rate"}}
	_, err := rowsOf(t, spec, file)
	if err == nil || !strings.Contains(err.Error(), "pass --map COLUMN=user_id (mapping in the API); the file has no header, "+
		`its columns are called by their numbers, here with their first value: 1 "1", 2 "1193", 3 "5", 4 "1778300760"`) {
		t.Errorf("got %v", err)
	}
	spec.Mapping = map[string]string{"1": "user_id", "2": "item_id", "3": "value", "4": "occurred_at"}
	got, err := rowsOf(t, spec, file)
	if diff := cmp.Diff([]string{
		`{"occurred_at":"2026-05-09T04:26:00.000Z","type":"rate","user_id":"1","value":5,"item_id":"1193"}`,
		`{"occurred_at":"2026-05-09T04:48:29.000Z","type":"rate","user_id":"1","value":3,"item_id":"661"}`,
	}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	const want = "The file has no header: its first line is a row."
	if notes := notesOf(t, spec, file); !strings.Contains(notes, want) {
		t.Errorf("got %s, want %s", notes, want)
	}
}
