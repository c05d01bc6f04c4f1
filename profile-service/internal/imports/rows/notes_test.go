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
	if err != nil {
		t.Fatal(err)
	}
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

func TestPricesOfWholeLines(t *testing.T) {
	t.Parallel()
	purchases := func(mapping map[string]string) profileapi.ImportSpec {
		return profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}, Mapping: mapping}
	}
	for name, c := range map[string]struct {
		spec profileapi.ImportSpec
		file string
		note string
		want []string // lines
	}{
		"a total that proves it": {purchases(nil),
			"user,sku,quantity,price,total\nu,a,2,39.98,39.98\nu,b,1,5,5\nu,c,4,10,10\nu,d,2,8,9\n",
			"", nil},
		"a total that proves it in the rows that tell": {purchases(nil),
			"user,sku,quantity,price,total\nu,a,2,39.98,39.98\nu,b,1,5,5\nu,c,4,10,10\n",
			"The column price has the price of whole lines: total has the same value in each line of several pieces. " +
				"It is divided by the pieces. If it is the price of one unit, pass --map 'price=price' (mapping in the API).",
			[]string{`{"item_id":"a","price":19.99,"quantity":2}`, `{"item_id":"b","price":5,"quantity":1}`,
				`{"item_id":"c","price":2.5,"quantity":4}`}},
		"a price of one unit that proves it": {purchases(nil),
			"user;sku;quantity;price;unit_price\nu;a;2;39,98;19,99\nu;c;3;10,00;3,33\n",
			"The column price has the price of whole lines: it is the unit_price times the pieces in each line of several. " +
				"It is divided by the pieces. If it is the price of one unit, pass --map 'price=price' (mapping in the API).",
			[]string{`{"item_id":"a","price":19.99,"quantity":2}`, `{"item_id":"c","price":3.3333333333333335,"quantity":3}`}},
		"one line alone": {purchases(nil), "user,sku,quantity,price,total\nu,a,2,39.98,39.98\nu,b,1,5,5\n",
			"The column price may have the price of whole lines: total has the same value in each line of several pieces. " +
				"It is taken for that of one unit.", []string{`{"item_id":"a","price":39.98,"quantity":2}`}},
		"the caller names the column": {purchases(map[string]string{"price": "price"}),
			"user,sku,quantity,price,total\nu,a,2,39.98,39.98\nu,c,4,10,10\n", "The column price may have the price of whole lines",
			[]string{`{"item_id":"a","price":39.98,"quantity":2}`}},
		"prices that grow with the pieces": {purchases(nil),
			"user,sku,quantity,price\nu,a,2,20\nv,a,1,10\nw,a,5,50\nx,a,3,30\n",
			"The column price may have the price of whole lines: that of an item grows with its pieces.",
			[]string{`{"item_id":"a","price":20,"quantity":2}`}},
		"prices of one unit with their total": {purchases(nil),
			"user,sku,quantity,price,total\nu,a,2,10,20\nv,a,1,10,10\nw,a,5,10,50\n", "",
			[]string{`{"item_id":"a","price":10,"quantity":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notes := notesOf(t, c.spec, c.file)
			if c.note == "" && strings.Contains(notes, "whole lines") || !strings.Contains(notes, c.note) {
				t.Errorf("got the notes %q, want %q", notes, c.note)
			}
			got, err := rowsOf(t, c.spec, c.file)
			for i, want := range c.want {
				if err != nil || !strings.Contains(got[i], want) {
					t.Errorf("%v: got %s, want %s", err, got[i], want)
				}
			}
		})
	}
	var file strings.Builder
	file.WriteString("user,sku,quantity,price,total\n")
	for range sampleRows {
		file.WriteString("u,a,2,40,40\n")
	}
	file.WriteString("u,a,2,20,40\n")
	got, err := rowsOf(t, purchases(nil), file.String())
	const want = `"items":[{"item_id":"a","price":20,"quantity":2}]} price_not_divided`
	if err != nil || !strings.Contains(got[sampleRows], want) {
		t.Errorf("a row that does not agree: %v: got %s, want %s", err, got[sampleRows], want)
	}
}

func TestTimesAreToldByTheirValuesWhereNoHeaderWordTellsThem(t *testing.T) {
	t.Parallel()
	spec := profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}
	const file = "order_id,user,sku,Placed on,Shipped on,Phone,Shop no\n1,u,T,20/11/2026 9:05,2026-11-21,555-1234,1-2026-1\n" +
		"1,u,S,,,,\n"
	got, err := rowsOf(t, spec, file)
	if err != nil || !strings.HasPrefix(got[0], `{"occurred_at":"2026-11-20T09:05:00.000Z"`) ||
		!strings.HasPrefix(got[1], `{"occurred_at":"2026-11-20T09:05:00.000Z"`) {
		t.Errorf("%v: got %s", err, got)
	}
	if notes := notesOf(t, spec, file); !strings.Contains(notes, "The column Placed on is taken for the time of the events") {
		t.Errorf("got %s", notes)
	}
	_, err = rowsOf(t, spec, "order_id,user,sku,Placed on,Seen on\n1,u,T,2026-11-20,2026-11-19\n")
	if err == nil || !strings.Contains(err.Error(), "pass --map 'Placed on=occurred_at'") ||
		!strings.Contains(err.Error(), "they are Placed on, Seen on") {
		t.Errorf("got %v", err)
	}
}

func TestNamesOfPeopleAndOfItems(t *testing.T) {
	t.Parallel()
	spec := profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}
	const file = "Order Reference,Order Date,Customer,Product,Quantity\nS1,2026-11-20,Ann Example,[TEE-S] Plain Tee,2\n"
	got, err := rowsOf(t, spec, file)
	if diff := cmp.Diff([]string{`{"occurred_at":"2026-11-20T00:00:00.000Z","order_id":"S1","type":"purchase","user_id":"Ann Example",` +
		`"items":[{"item_id":"TEE-S","quantity":2}]}`}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	notes := notesOf(t, spec, file)
	for _, want := range []string{
		"The column Customer seems to have names of people", "The items are named by the number that stands in brackets",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("got %s, want %s", notes, want)
		}
	}
}
