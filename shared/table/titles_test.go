package table

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func TestTitlesAboveTheHeaderArePassedOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, columns, rows string }{
		"a report": {
			"Orders of November, all shops\nCreated: 2026-11-30\n\nOrder ID,Date,SKU,Qty\n1,2026-11-20,T,2\n", "Order ID|Date|SKU|Qty",
			"5: 1|2026-11-20|T|2",
		},
		"a report with empty cells, in semicolons": {
			"Orders;;\nDate: today;;\nOrder ID;SKU;Qty\n1;T,U;2\n", "Order ID|SKU|Qty", "4: 1|T,U|2",
		},
		"comments of a template": {
			"# Required | The id,# Required | \"new\" or not,# Optional\nid,title,price\n1,a,5\n", "id|title|price", "3: 1|a|5",
		},
		"an unknown header stays":       {"Nr,Was,Wann\n1,sku,title\n", "Nr|Was|Wann", "2: 1|sku|title"},
		"one known word makes a header": {"x,sku\n1,sku\nid,title\n", "x|sku", "2: 1|sku 3: id|title"},
		"pairs in a cell are no header": {
			"order_id,foo,line_item_1\n8,5,name:T|product_id:1|sku:|quantity:1\n", "order_id|foo|line_item_1",
			"2: 8|5|name:T|product_id:1|sku:|quantity:1",
		},
		"rows as wide as the words of one": {"1,2,3\nsku,title,price\n", "1|2|3", "2: sku|title|price"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, got := read(t, c.file, Options{Known: Known("")})
			if columns := strings.Join(r.Columns, "|"); columns != c.columns || strings.Join(got, " ") != c.rows {
				t.Errorf("columns %q and rows %q, want %q and %q", columns, got, c.columns, c.rows)
			}
			if passed := len(r.Notes) > 0; passed != (strings.HasPrefix(c.file, "Orders") || c.file[0] == '#') {
				t.Errorf("notes %q", r.Notes)
			}
		})
	}
}

func TestTitlesOfAWorkbookArePassedOver(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	var file bytes.Buffer
	if err := errors.Join(
		book.SetSheetRow("Sheet1", "A1", &[]any{"Orders of November"}), book.SetSheetRow("Sheet1", "A3", &[]any{"Order ID", "SKU", "Qty"}),
		book.SetSheetRow("Sheet1", "A4", &[]any{1, "T", 2}), book.SetSheetRow("Sheet1", "A5", &[]any{1, "U", 1, "?"}), book.Write(&file),
	); err != nil {
		t.Fatal(err)
	}
	r, got := read(t, file.String(), Options{Known: Known("")})
	if want := []string{"4: 1|T|2", "! too_many_fields"}; !cmp.Equal(got, want) || strings.Join(r.Columns, "|") != "Order ID|SKU|Qty" {
		t.Errorf("got %q below %q, want %q", got, r.Columns, want)
	}
	book = excelize.NewFile()
	file.Reset()
	if err := errors.Join(
		book.SetSheetRow("Sheet1", "A1", &[]any{"Nr", "Was"}), book.SetSheetRow("Sheet1", "A2", &[]any{1, "T"}), book.Write(&file),
	); err != nil {
		t.Fatal(err)
	}
	r, got = read(t, file.String(), Options{Known: Known("")})
	if !cmp.Equal(got, []string{"2: 1|T"}) || strings.Join(r.Columns, "|") != "Nr|Was" {
		t.Errorf("got %q below %q", got, r.Columns)
	}
}

func TestTheSheetOfAWorkbookThatHasATableIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second        []any
		columns, want string
	}{
		"behind a cover":                     {[]any{"Order ID", "SKU", "Qty"}, "Order ID|SKU|Qty", "2: 46346|TEE|2 3: 46347|CAP|1"},
		"the first one, where none is known": {[]any{"a", "b", "c"}, "Shop", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			book := excelize.NewFile()
			var file bytes.Buffer
			_, err := book.NewSheet("Orders")
			if err := errors.Join(
				err, book.SetSheetRow("Sheet1", "A1", &[]any{"Shop"}), book.SetSheetRow("Orders", "A1", &c.second),
				book.SetSheetRow("Orders", "A2", &[]any{46346, "TEE", 2}), book.SetSheetRow("Orders", "A3", &[]any{46347, "CAP", 1}),
				book.Write(&file),
			); err != nil {
				t.Fatal(err)
			}
			r, got := read(t, file.String(), Options{Known: Known(""), FindHeader: true})
			if columns := strings.Join(r.Columns, "|"); columns != c.columns || strings.Join(got, " ") != c.want {
				t.Errorf("columns %q and rows %q, want %q and %q", columns, got, c.columns, c.want)
			}
		})
	}
}

func TestAWorkbookWithoutHeaderKeepsItsFirstRow(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	var file bytes.Buffer
	if err := errors.Join(
		book.SetSheetRow("Sheet1", "A1", &[]any{"2026-11-20", "a@b", "TEE", 2}),
		book.SetSheetRow("Sheet1", "A2", &[]any{"2026-11-21", "c@d", "CAP", 1}), book.Write(&file),
	); err != nil {
		t.Fatal(err)
	}
	r, got := read(t, file.String(), Options{Known: Known(""), FindHeader: true})
	if want := []string{"1: 2026-11-20|a@b|TEE|2", "2: 2026-11-21|c@d|CAP|1"}; !cmp.Equal(got, want) ||
		strings.Join(r.Columns, "|") != "1|2|3|4" {
		t.Errorf("got %q below %q, want %q", got, r.Columns, want)
	}
	if !strings.HasPrefix(r.Numbered(), `1 "2026-11-20", 2 "a@b"`) {
		t.Errorf("got %s", r.Numbered())
	}
}
