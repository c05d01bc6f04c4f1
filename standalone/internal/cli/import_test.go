package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// imported runs aisle import on a file of that content.
func imported(t *testing.T, url, name, content string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code = Execute(context.Background(), append([]string{"import", path, "--server", url}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// newShop writes what a new shop has: a product export, an order export, and a table of orders made by hand.
func newShop() (products, orders, table string) {
	var p, o, m strings.Builder
	p.WriteString(
		"Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant " +
			"Inventory Qty,Variant Price,Status\n",
	)
	o.WriteString("Name,Email,Financial Status,Paid at,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n")
	m.WriteString("Bestellnummer;Kunde;Artikelnummer;Menge;Datum;Einzelpreis\n")
	for n := range 300 {
		for v, size := range []string{"S", "M"} {
			title, kind := "", ""
			if v == 0 {
				title, kind = fmt.Sprintf("Thing %d", n), fmt.Sprintf("Kind %d", n%10)
			}
			fmt.Fprintf(
				&p, "thing-%d,%s,,Ora,%s,,true,Size,%s,T%d-%s,shopify,%d,%d.00,active\n", n, title, kind, size, n, size, n%7, 10+n%50,
			)
		}
	}
	day := time.Now().AddDate(0, 0, -20)
	for n := range 200 {
		at := day.Add(time.Duration(n) * time.Hour)
		fmt.Fprintf(
			&o, "#%d,c%d@example.com,paid,,EUR,%s,1,Thing,10.00,T%d-S\n", 1000+n, n%60, at.Format("2006-01-02 15:04:05 -0700"), n%10,
		)
		fmt.Fprintf(&o, "#%d,,,,,%s,1,Thing,10.00,T%d-M\n", 1000+n, at.Format("2006-01-02 15:04:05 -0700"), n%10+1)
		fmt.Fprintf(&m, "%d;k%d;T%d-S;1;%s;19,90\n", n, n%50, n%12, at.Format("02.01.2006 15:04"))
	}
	return p.String(), o.String(), m.String()
}

func TestANewShopImportsWhatItHasAsItIs(t *testing.T) {
	t.Parallel()
	_, url := serveEmpty(t)
	products, orders, table := newShop()
	code, out, stderr := imported(t, url, "products_export.csv", products)
	if code != 0 || !strings.Contains(out, "done: 900 rows, 900 accepted, 0 duplicates, 0 rejected") {
		t.Fatalf("products: exit code %d, %s%s", code, out, stderr)
	}
	if code, out, stderr = imported(t, url, "orders_export.csv", orders); code != 0 || !strings.Contains(out, "done: 400 rows") {
		t.Fatalf("orders: exit code %d, %s%s", code, out, stderr)
	}
	code, _, stderr = imported(t, url, "bestellungen.csv", table)
	if code != 1 || !strings.Contains(stderr, "--set type=purchase") {
		t.Fatalf("a table without types: exit code %d, %s", code, stderr)
	}
	if code, out, stderr = imported(t, url, "bestellungen.csv", table, "--set", "type=purchase"); code != 0 ||
		!strings.Contains(out, "done: 200 rows, 200 accepted") {
		t.Fatalf("with what was named: exit code %d, %s%s", code, out, stderr)
	}
	code, out, stderr = imported(t, url, "seen.csv", "who;what\nu1;1\n",
		"--map", "who=user_id", "--map", "what=item_id", "--set", "type=view_item")
	if code != 0 || !strings.Contains(out, "done: 1 rows, 1 accepted") {
		t.Fatalf("events by the type that is set: exit code %d, %s%s", code, out, stderr)
	}
}

func TestADryRunShowsColumnsRowsAndWarnings(t *testing.T) {
	t.Parallel()
	_, url := serveEmpty(t)
	code, out, stderr := imported(t, url, "a.csv", "id;name;price;availability;Farbe\n1;Tasse;0,00;auf Lager;rot\n", "--dry-run")
	for _, want := range []string{
		"Separator: ;", "name", "→ title", "→ attributes.Farbe", `"title":"Tasse"`, "1 rows, 1 accepted",
		"warning: 1 × price_zero in price", `such as "auf Lager"`, "nothing was stored",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in %s%s", code, want, out, stderr)
		}
	}
}

func TestAQuestionComesBeforeWhatWasFoundOutIsStored(t *testing.T) {
	t.Parallel()
	_, url := serveEmpty(t)
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("id;name;price\n1;<Tasse>;3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: url}))
	for answer, want := range map[string]bool{"y\n": true, "n\n": false, "": false} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var shown bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		cmd.SetIn(strings.NewReader(answer))
		cmd.SetErr(&shown)
		flags := importFlags{server: url, spec: profileapi.ImportSpec{Kind: "items", Format: "auto"}}
		goOn, err := flags.ask(cmd, client, f)
		if goOn != want || (err == nil) != want || !strings.Contains(shown.String(), `"title":"<Tasse>"`) ||
			!strings.Contains(shown.String(), "nothing was stored") {
			t.Errorf("answer %q: %t, %v, %s", answer, goOn, err, shown.String())
		}
		if !want {
			continue
		}
		if state, err := flags.send(cmd, client, flags.spec, f); err != nil || state.Accepted != 1 {
			t.Errorf("after the answer: %+v, %v", state, err)
		}
	}
}

func TestAnImportThatStoresNothingFails(t *testing.T) {
	t.Parallel()
	_, url := serveEmpty(t)
	report := filepath.Join(t.TempDir(), "rejected.ndjson")
	for want, c := range map[string]struct {
		file string
		args []string
	}{
		"every row was rejected": {"id,title,price\n1,a,cheap\n", []string{"--errors", report}},
		"no row":                 {"id,title,price\n", nil},
		"pass --kind":            {"a,b\n1,2\n", nil},
		"--map":                  {"a,b\n1,2\n", []string{"--kind", "items"}},
		"COLUMN=FIELD":           {"id,title\n1,a\n", []string{"--map", "id"}},
		"FIELD:VALUE=VALUE":      {"id,title\n1,a\n", []string{"--map-value", "type=x"}},
		"FIELD=VALUE":            {"id,title\n1,a\n", []string{"--set", "type"}},
		"no field of items":      {"id,title\n1,a\n", []string{"--map", "id=number"}},
		"is empty":               {"", nil},
		`its columns by their numbers, such as --map 1=user_id; they are, with their first value, 1 "7", 2 "1193"`: {
			"7,1193,1778300760\n8,661,1778302109\n", nil,
		},
	} {
		if code, out, stderr := imported(t, url, "a.csv", c.file, c.args...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s%s", want, code, out, stderr)
		}
	}
	code, _, stderr := imported(t, url, "a.csv", "id,title,price\n1,a,cheap\n2,b,3\n", "--errors", report)
	if code != 0 || !strings.Contains(stderr, `rejected: line 2, price "cheap": The value is not a number`) {
		t.Errorf("a part was stored and the report written: exit code %d, %s", code, stderr)
	}
}
