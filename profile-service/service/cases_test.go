package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// caseFile opens a file of the layouts that shops really have.
func caseFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// keepDays lets events of the files be as old as they will get.
const keepDays = 36500

func onSQLite(t *testing.T) *running {
	t.Helper()
	return start(t, service.Config{DatabaseURL: testenv.SQLite(t), RetentionDays: keepDays})
}

// importCase imports a file of items without an option and fails when a row was rejected.
func importCase(t *testing.T, s *running, name string) profileapi.Import {
	t.Helper()
	state, report := runImport(t, s, profileapi.ImportSpec{Kind: "items"}, caseFile(t, name))
	if state.State != profileapi.ImportDone || state.Rejected != 0 {
		t.Fatalf("%s: %+v %+v", name, state, report)
	}
	return state
}

// brief writes what a test looks at: price/sale price currency, stock with quantity, status, parent, category, aliases.
func brief(i profileapi.Item) string {
	amount := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprint(*v)
	}
	stock := "-"
	if i.Stock != nil {
		stock = i.Stock.Status + " " + amount(i.Stock.Quantity)
	}
	return fmt.Sprintf(
		"%s/%s %s, %s, %s, parent %q, %s, %s", amount(i.Price), amount(i.SalePrice), i.Currency, stock, i.Status, i.ParentID,
		strings.Join(i.CategoryPath, " > "), strings.Join(i.Aliases, "|"),
	)
}

// codes writes warnings as code:column*count, sorted.
func codes(state profileapi.Import) []string {
	out := []string{}
	for _, w := range state.Warnings {
		out = append(out, fmt.Sprintf("%s:%s*%d", w.Code, w.Column, w.Count))
	}
	slices.Sort(out)
	return out
}

func TestItemsOfRealLayouts(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]map[string]string{
		"01-feed-without-parents/feed.xml": {
			"v11": `32/- USD, in_stock -, active, parent "g1", Accessories > Sleeves, `,
			"v12": `30/- USD, in_stock -, active, parent "g1", Accessories > Sleeves, `,
			"v21": `14/- USD, in_stock -, active, parent "g2", Home > Mugs, `,
		},
		"02-shopify-first-variant-sold-out/products_export.csv": {
			"bangle-pair":        `80/- , in_stock 2, active, parent "", Bracelet, `,
			"bangle-pair/Silver": `80/- , out_of_stock 0, active, parent "bangle-pair", Bracelet, `,
			"bangle-pair/Gold":   `80/- , in_stock 2, active, parent "bangle-pair", Bracelet, `,
			"tee":                `20/- , in_stock 13, active, parent "", Tops, `,
			"TEE-S":              `20/- , out_of_stock 0, active, parent "tee", Tops, `,
			"TEE-L":              `22/- , in_stock 4, active, parent "tee", Tops, `,
			"cap":                `15/- , in_stock 5, active, parent "", Hats, CAP-1`,
		},
		"03-decimal-comma/feed.tsv": {
			"A1": `19.99/14.95 EUR, in_stock -, active, parent "", Küche > Kaffee, `,
			"A2": `1299/- EUR, in_stock -, active, parent "", Küche > Kaffee, `,
			"A3": `9.5/- EUR, in_stock -, active, parent "", Küche > Tassen, `,
			"A4": `24.9/- EUR, in_stock -, active, parent "", Küche > Tassen, `,
			"A5": `1299/- SEK, in_stock -, active, parent "", Küche > Kaffee, `,
			"A6": `1299/- USD, in_stock -, active, parent "", Küche > Kaffee, `,
		},
		"03-decimal-comma/products.csv": {"P1": `19.99/- EUR, -, active, parent "", , `, "P2": `19.99/- EUR, -, active, parent "", , `},
		"03-decimal-comma/wc-product-export.csv": {
			"501": `19.99/14.95 , in_stock 5, active, parent "", Küche > Kaffee, KM-1`,
			"502": `29/- , in_stock 5, hidden, parent "", Küche, KM-2`,
		},
		"04-woocommerce-export/wc-product-export.csv": {
			"64": `45/35 , in_stock -, hidden, parent "", Clothing > Jackets, jacket-wholesale`,
			"65": `12/- , in_stock -, hidden, parent "", Clothing, only-in-search`,
			"90": `45/- , in_stock -, active, parent "91", , jacket-blue`,
			"91": `45/- , in_stock -, active, parent "", Clothing > Jackets, jacket`,
			"92": `47/- , in_stock -, active, parent "91", , jacket-green`, "93": `20/- , in_stock -, active, parent "", Boxes, box`,
			"94": `20/- , in_stock -, active, parent "93", , box-s`,
		},
		"09-separators-and-encodings/excel-sep.csv":           {"1": `12.5/- , -, active, parent "", , `},
		"09-separators-and-encodings/html-entities-feed.xml":  {"1": `12.5/- EUR, -, active, parent "", , `},
		"09-separators-and-encodings/latin1-feed.xml":         {"1": `12.5/- EUR, -, active, parent "", , `},
		"09-separators-and-encodings/latin1.csv":              {"1": `12.5/- , -, active, parent "", , `},
		"09-separators-and-encodings/other-xml.xml":           {"LT-1": `249/- , in_stock -, active, parent "", , `},
		"09-separators-and-encodings/utf16-excel-unicode.csv": {"1": `12.5/- , -, active, parent "", , `},
		"09-separators-and-encodings/utf16-merchant.tsv":      {"1": `12.5/- EUR, in_stock -, active, parent "", , `},
		"09-separators-and-encodings/semicolon-shop.csv": {
			"1": `100/- , in_stock 160, active, parent "", Kitchen, K-1`, "3": `150/- , in_stock 400, active, parent "", Kitchen, S-1`,
			"5": `24/- , in_stock 120, hidden, parent "", Parts, L-1`,
		},
		"09-separators-and-encodings/woo-de.csv": {
			"501": `19.99/- , in_stock 5, active, parent "", Küche > Kaffee, KM`,
			"502": `19.99/- , in_stock 5, active, parent "501", , KM-1`,
		},
		"09-separators-and-encodings/woo-fr.csv": {"601": `24.9/- , in_stock 4, active, parent "", Cuisine, CAF`},
		"11-feed-values/feed.xml": {
			"sale-over": `80/- EUR, in_stock -, active, parent "", , `, "avail-instock": `1/- EUR, in_stock -, active, parent "", , `,
			"avail-schema": `1/- EUR, in_stock -, active, parent "", , `,
			"avail-fb":     `1/- EUR, in_stock -, active, parent "", , `, "avail-hyphen": `1/- EUR, in_stock -, active, parent "", , `,
			"avail-limited": `1/- EUR, in_stock -, active, parent "", , `,
			"avail-typo":    `1/- EUR, -, active, parent "", , `, "excluded": `0/- EUR, in_stock -, active, parent "", , `,
			"dup": `6/- EUR, in_stock -, active, parent "", , `,
		},
		"11-feed-values/google-columns.csv": {"B-1": `498/- EUR, in_stock -, active, parent "", Sporting Goods > Cycling > Bicycles, `},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := onSQLite(t)
			importCase(t, s, file)
			for id, text := range want {
				if got := brief(itemOf(t, s, id)); got != text {
					t.Errorf("%s is\n%s, want\n%s", id, got, text)
				}
			}
		})
	}
}

func TestTitlesOfRealLayouts(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]map[string]string{
		"01-feed-without-parents/feed.xml":                   {"v11": `Sleeve "Moon", 15 inch`},
		"09-separators-and-encodings/latin1.csv":             {"1": "Café crème"},
		"09-separators-and-encodings/latin1-feed.xml":        {"1": "Café"},
		"09-separators-and-encodings/html-entities-feed.xml": {"1": "Lamp é bulb"},
		"09-separators-and-encodings/utf16-merchant.tsv":     {"1": "Tasse groß"},
		"09-separators-and-encodings/woo-fr.csv":             {"601": "Cafetière"},
		"11-feed-values/feed.xml":                            {"html": "T-Shirt & Jeans"},
	} {
		s := onSQLite(t)
		importCase(t, s, file)
		for id, title := range want {
			if got := itemOf(t, s, id).Title; got != title {
				t.Errorf("%s: %s is called %q, want %q", file, id, got, title)
			}
		}
	}
}

func TestWhatIsNotUnderstoodIsNamed(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	state := importCase(t, s, "11-feed-values/feed.xml")
	want := []string{
		"numeric_category:google_product_category*1", "price_zero:price*1", "repeated_id:id*1", "sale_over:sale_price*1",
		"unknown_word:availability*1",
	}
	if diff := cmp.Diff(want, codes(state)); diff != "" || state.Warned != 5 {
		t.Errorf("%d warned: %s", state.Warned, diff)
	}
	for _, w := range state.Warnings {
		if w.Code == "unknown_word" && (w.Example != "auf Lager" || !strings.Contains(w.Detail, "--map-value")) {
			t.Errorf("got %+v", w)
		}
	}
	spec := profileapi.ImportSpec{Kind: "items", MapValues: map[string]map[string]string{"stock.status": {"auf Lager": "out_of_stock"}}}
	if state, _ := runImport(
		t, s, spec, caseFile(t, "11-feed-values/feed.xml"),
	); slices.Contains(codes(state), "unknown_word:availability*1") || itemOf(t, s, "avail-typo").Stock.Status != "out_of_stock" {
		t.Errorf("a mapped word: %+v", state)
	}
	state = importCase(t, s, "09-separators-and-encodings/latin1.csv")
	if len(state.Notes) == 0 || !strings.Contains(state.Notes[0], "windows-1252") {
		t.Errorf("notes %q", state.Notes)
	}
	state = importCase(t, s, "11-feed-values/google-columns.csv")
	how := map[string]string{}
	for _, c := range state.Columns {
		how[c.Column] = c.How + " " + c.Field
	}
	if how["id"] != "known item_id" || how["color"] != "attribute attributes.color" ||
		how["google_product_category"] != "part category_path" || how["price"] != "named price" {
		t.Errorf("columns %v", how)
	}
}

func TestAWholeCatalogueArchivesWhatItLacks(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		importCase(t, s, "10-product-gone-from-feed/monday.xml")
		spec := profileapi.ImportSpec{Kind: "items", Complete: true}
		state, _ := runImport(t, s, spec, caseFile(t, "10-product-gone-from-feed/tuesday.xml"))
		if state.State != profileapi.ImportFailed || !strings.Contains(state.Problem, "--max-gone") ||
			itemOf(t, s, "html").Status != "active" {
			t.Fatalf("too much gone: %+v", state)
		}
		spec.MaxGone, spec.DryRun = 1, true
		if state, _ = runImport(t, s, spec, caseFile(t, "10-product-gone-from-feed/tuesday.xml")); state.Archived != 10 ||
			itemOf(t, s, "html").Status != "active" {
			t.Fatalf("dry run: %+v", state)
		}
		spec.DryRun = false
		if state, _ = runImport(t, s, spec, caseFile(t, "10-product-gone-from-feed/tuesday.xml")); state.Archived != 10 ||
			state.State != profileapi.ImportDone {
			t.Fatalf("insisted: %+v", state)
		}
		if itemOf(t, s, "html").Status != "archived" || itemOf(t, s, "sale-over").Status != "active" {
			t.Error("another item than the one in the file is left")
		}
		broken := strings.NewReader("item_id,title,price\nsale-over,x,cheap\nnew,y,1\n")
		if state, _ = runImport(t, s, spec, broken); state.Archived != 0 || itemOf(t, s, "sale-over").Status != "active" {
			t.Errorf("a rejected row lost its item: %+v", state)
		}
		variants := strings.NewReader("item_id,title,parent_id\nv1,x,sale-over\n")
		spec.MaxGone = .6
		if state, _ = runImport(t, s, spec, variants); state.Archived != 1 || itemOf(t, s, "sale-over").Status != "active" ||
			itemOf(t, s, "new").Status != "archived" {
			t.Errorf("a product whose variants are in the file: %+v", state)
		}
	})
}

func TestOrderLinesOfRealLayouts(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkOrderLines(t, start(t, service.Config{DatabaseURL: url(t), RetentionDays: keepDays}))
		})
	}
}

func checkOrderLines(t *testing.T, s *running) {
	t.Helper()
	spec := profileapi.ImportSpec{Kind: "events"}
	state, report := runImport(t, s, spec, caseFile(t, "07-order-lines/order-lines.csv"))
	if state.Accepted != 7 || !slices.Equal(codes(state), []string{"repeated_row:*2"}) {
		t.Fatalf("lines: %+v %+v", state, report)
	}
	if state, _ = runImport(t, s, spec, caseFile(t, "07-order-lines/order-lines.csv")); state.Accepted != 0 || state.Duplicates != 7 {
		t.Errorf("the same file again: %+v", state)
	}
	state, report = runImport(t, s, spec, caseFile(t, "07-order-lines/shopify-orders-layout.csv"))
	if state.Accepted != 2 || len(state.Warnings) != 0 {
		t.Fatalf("Shopify: %+v %+v", state, report)
	}
	for user, want := range map[string]map[string]float64{
		"599528": {"356475": 1, "15335": 2, "81345": 1}, "700001": {"356475": 2, "15335": 2}, "a@example.com": {"TEE-M": 1, "CAP-1": 1},
	} {
		profile, err := s.client.Profile(t.Context(), profileapi.ProfileQuery{UserID: user})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, p := range profile.Purchased {
			got[p.ItemID] = p.Quantity
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", user, diff)
		}
	}
}

func TestRowsOfOrdersAreMadeAsTheyAreStored(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	dry := profileapi.ImportSpec{Kind: "events", DryRun: true}
	state, _ := runImport(t, s, dry, caseFile(t, "07-order-lines/shopify-orders-layout.csv"))
	want := []string{
		`{"currency":"EUR","items":[{"item_id":"TEE-M","price":20,"quantity":1}],` +
			`"occurred_at":"2026-11-20T11:13:10.000Z","order_id":"#1001","type":"purchase","user_id":"a@example.com"}`,
		`{"currency":"EUR","items":[{"item_id":"CAP-1","price":25,"quantity":1}],` +
			`"occurred_at":"2026-11-20T11:13:10.000Z","order_id":"#1001","type":"purchase","user_id":"a@example.com"}`,
	}
	if diff := cmp.Diff(want, previews(state)); diff != "" {
		t.Error(diff)
	}
	state, _ = runImport(t, s, dry, caseFile(t, "07-order-lines/order-lines.csv"))
	if state.Accepted != 7 || !slices.Equal(codes(state), []string{"repeated_row:*2"}) {
		t.Errorf("lines: %+v", state)
	}
}

func TestAnImportCanReplaceAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		at := time.Now().Add(-48 * time.Hour).Format(time.DateTime)
		wrong, _ := runImport(
			t, s, profileapi.ImportSpec{Kind: "events"},
			strings.NewReader("type,user_id,item_id,occurred_at\nview,u,wrong,"+at+"\nview,u,both,"+at+"\n"),
		)
		if wrong.Accepted != 2 || wrong.UndoUntil.Sub(wrong.CreatedAt.Time) != 30*24*time.Hour {
			t.Fatalf("got %+v", wrong)
		}
		right, _ := runImport(
			t, s, profileapi.ImportSpec{Kind: "events", Replace: wrong.ImportID},
			strings.NewReader("type,user_id,item_id,occurred_at\nview,u,right,"+at+"\nview,u,both,"+at+"\n"),
		)
		if right.Accepted != 2 || right.Duplicates != 0 {
			t.Fatalf("got %+v", right)
		}
		got := map[string]bool{}
		for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{}) {
			got[i.ItemID] = true
		}
		if diff := cmp.Diff(map[string]bool{"right": true, "both": true}, got); diff != "" {
			t.Error(diff)
		}
		if _, err := s.client.StartImport(
			t.Context(), profileapi.ImportSpec{Kind: "events", Replace: "none"}, strings.NewReader("x"),
		); err == nil {
			t.Error("an import replaces one that does not exist")
		}
	})
}

func previews(state profileapi.Import) []string {
	var out []string
	for _, p := range state.Preview {
		out = append(out, string(p))
	}
	return out
}

func TestPublicEventLogs(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	state, report := runImport(
		t, s, profileapi.ImportSpec{Kind: "events", DryRun: true}, caseFile(t, "08-public-event-logs/view-cart-purchase.csv"),
	)
	if state.Accepted != 4 {
		t.Fatalf("%+v %+v", state, report)
	}
	first := `{"occurred_at":"2026-11-26T00:00:00.000Z","properties":{"brand":"ora","category_id":"7"},` +
		`"session_id":"s-1","type":"view_item","user_id":"901","items":[{"item_id":"101","price":35.79}]}`
	if got := previews(state); got[0] != first {
		t.Errorf("got %s, want %s", got[0], first)
	}
	spec := profileapi.ImportSpec{Kind: "events", DryRun: true, Ignore: []string{"category_id"}, Timezone: "Europe/Berlin",
		MapValues: map[string]map[string]string{"type": {"view": "select_item"}},
		Mapping:   map[string]string{"brand": "page"}, Set: map[string]string{"currency": "EUR"}}
	state, _ = runImport(t, s, spec, caseFile(t, "08-public-event-logs/view-cart-purchase.csv"))
	first = `{"currency":"EUR","occurred_at":"2026-11-26T00:00:00.000Z","page":"ora","session_id":"s-1",` +
		`"type":"select_item","user_id":"901","items":[{"item_id":"101","price":35.79}]}`
	if got := previews(state); len(got) == 0 || got[0] != first {
		t.Errorf("with options: got %s, want %s", got, first)
	}
	state, report = runImport(
		t, s, profileapi.ImportSpec{Kind: "events", DryRun: true}, caseFile(t, "08-public-event-logs/views-and-transactions.csv"),
	)
	if got := previews(state); state.Accepted != 5 ||
		got[2] != `{"occurred_at":"2026-11-26T10:42:00.000Z","order_id":"4000","type":"purchase","user_id":"599528","item_id":"356475"}` {
		t.Errorf("%+v %+v %s", state, report, got)
	}
}

func TestAFileWithoutRowsOrTypesIsRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for file, want := range map[string]string{
		"item_id,title\n": "no row", "a;b\n1;2\n": "--map", "user_id,item_id,occurred_at\nu,i,2026-11-01\n": "--set type=purchase",
		"type,item_id\nview,i\n": "--map",
	} {
		kind := "items"
		if strings.Contains(file, "u,i") || strings.HasPrefix(file, "type") {
			kind = "events"
		}
		if state, _ := runImport(
			t, s, profileapi.ImportSpec{Kind: kind}, strings.NewReader(file),
		); state.State != profileapi.ImportFailed || !strings.Contains(state.Problem, want) {
			t.Errorf("%q: %+v, want %q", file, state, want)
		}
	}
	state, report := runImport(t, s, profileapi.ImportSpec{Kind: "items"}, strings.NewReader("id;price\n1;1,299\n2;\n"))
	if state.Rejected != 1 || !strings.Contains(report[0].Message, "--decimal") {
		t.Errorf("a doubtful price: %+v %+v", state, report)
	}
	if state, _ = runImport(
		t, s, profileapi.ImportSpec{Kind: "items", Decimal: ","}, strings.NewReader("id;price\n1;1,299\n"),
	); state.Accepted != 1 || *itemOf(t, s, "1").Price != 1.299 {
		t.Errorf("with the option: %+v", state)
	}
}
