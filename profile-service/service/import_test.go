package service_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// runImport sends a file, waits for the end and returns the state and the error report.
func runImport(t *testing.T, s *running, spec profileapi.ImportSpec, file io.Reader) (profileapi.Import, []profileapi.ImportError) {
	t.Helper()
	state, err := s.client.StartImport(t.Context(), spec, file)
	if err != nil {
		t.Fatal(err)
	}
	for !state.Ended() {
		if state, err = s.client.Import(t.Context(), state.ImportID); err != nil {
			t.Fatal(err)
		}
	}
	body, err := s.client.ImportErrors(t.Context(), state.ImportID)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	var report []profileapi.ImportError
	for d := json.NewDecoder(body); ; {
		var e profileapi.ImportError
		if err := d.Decode(&e); err == io.EOF {
			return state, report
		} else if err != nil {
			t.Fatal(err)
		}
		report = append(report, e)
	}
}

func checkCounts(t *testing.T, state profileapi.Import, accepted, duplicates, rejected int64) {
	t.Helper()
	if state.State != profileapi.ImportDone || state.Accepted != accepted || state.Duplicates != duplicates || state.Rejected != rejected {
		t.Fatalf("got %+v, want %d accepted, %d duplicates, %d rejected", state, accepted, duplicates, rejected)
	}
}

func itemOf(t *testing.T, s *running, id string) profileapi.Item {
	t.Helper()
	page, err := s.client.ItemChanges(t.Context(), "", 5000, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range page.Changes {
		if c.ItemID == id && c.Item != nil {
			item := *c.Item
			item.CreatedAt, item.UpdatedAt, item.Version = wire.Time{}, wire.Time{}, 0
			return item
		}
	}
	t.Fatalf("there is no item %q", id)
	return profileapi.Item{}
}

func number(v float64) *float64 { return &v }

func TestImportOfMappedCSVReportsBadRows(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		file := "\ufeffsku,name,Cat,price,qty\r\n" +
			"a1,\"Lamp, small\",Home > Lighting,12.50,3\r\n" +
			"a2,Chair,Home,cheap,0\r\n" +
			"a3,Table,Home,-1,1\r\n"
		spec := profileapi.ImportSpec{Kind: "items", Format: "csv", Mapping: map[string]string{"Cat": "category"}}
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		fmt.Fprint(z, file)
		z.Close()
		state, report := runImport(t, s, spec, &zipped)
		checkCounts(t, state, 1, 0, 2)
		want := []profileapi.ImportError{
			{Line: 3, Column: "price", Code: "invalid_value", Message: "The value is not a number such as 12.50.", Sample: "cheap"},
			{Line: 4, Column: "price", Code: "out_of_range", Message: "The value is not a number between 0 and 1e12.", Sample: "-1"},
		}
		if diff := cmp.Diff(want, report, cmpopts.IgnoreFields(profileapi.ImportError{}, "Record")); diff != "" {
			t.Error(diff)
		}
		lamp := profileapi.Item{ItemID: "a1", Title: "Lamp, small", CategoryPath: []string{"Home", "Lighting"},
			Price: number(12.5), Status: "active",
			Stock: &profileapi.Stock{Status: "in_stock", Quantity: number(3)}}
		if diff := cmp.Diff(lamp, itemOf(t, s, "a1")); diff != "" {
			t.Error(diff)
		}
		// The report itself can be sent once its records are mended.
		report[0].Record = json.RawMessage(strings.Replace(string(report[0].Record), `"cheap"`, "7", 1))
		report[1].Record = json.RawMessage(strings.Replace(string(report[1].Record), "-1", "1", 1))
		var mended bytes.Buffer
		for _, e := range report {
			if err := json.NewEncoder(&mended).Encode(e); err != nil {
				t.Fatal(err)
			}
		}
		state, _ = runImport(t, s, profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, &mended)
		checkCounts(t, state, 2, 0, 0)
		if a2, a3 := itemOf(t, s, "a2"), itemOf(t, s, "a3"); *a2.Price != 7 || a2.Stock.Status != "out_of_stock" || *a3.Price != 1 {
			t.Errorf("mended items: %+v %+v", a2, a3)
		}
	})
}

func TestImportOfEventsCanBeRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		var file strings.Builder
		at := time.Now().Add(-390 * 24 * time.Hour).UnixMilli()
		for i := range 2500 {
			fmt.Fprintf(&file, `{"type":"view_item","user_id":"u%d","item_id":"i%d","occurred_at":%d}`+"\n", i%50, i, at+int64(i))
		}
		file.WriteString(`{"type":"view_item","user_id":"u","item_id":"i","occurred_at":1000}` + "\n" + `{"type":` + "\n\n")
		spec := profileapi.ImportSpec{Kind: "events", Format: "ndjson"}
		dry := spec
		dry.DryRun = true
		state, _ := runImport(t, s, dry, strings.NewReader(file.String()))
		checkCounts(t, state, 2500, 0, 2)
		state, report := runImport(t, s, spec, strings.NewReader(file.String()))
		checkCounts(t, state, 2500, 0, 2)
		if report[0].Line != 2501 || report[0].Code != "event_too_old" || report[1].Line != 2502 || report[1].Code != "invalid_json" {
			t.Errorf("report: %+v", report)
		}
		state, _ = runImport(t, s, spec, strings.NewReader(file.String()))
		checkCounts(t, state, 0, 2500, 2)
		if n := len(readAll(t, s.client, profileapi.InteractionsQuery{})); n != 2500 {
			t.Errorf("%d interactions", n)
		}
	})
}

func TestImportOfShopExports(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		for format, file := range map[string]string{
			"google_merchant_tsv": "id\ttitle\tlink\tavailability\tprice\tsale_price\tproduct_type\titem_group_id\tcolor\n" +
				"g1\tMug\thttps://x/mug\tin stock\t15.00 GBP\t12.00 GBP\tKitchen > Mugs\tmugs\tred\n",
			"google_merchant_xml": `<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>` +
				`T</title><item><g:id>x1</g:id><title>Pan</title>` +
				`<g:price>30.00 EUR</g:price><g:availability>out_of_stock</g:availability><g:shipping><g:price>5 ` +
				`EUR</g:price></g:shipping></item></channel></rss>`,
			"shopify_csv": "Handle,Title,Vendor,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant " +
				"Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Status\n" +
				"shirt,Shirt,Acme,\"blue, summer\",true,Size,S,sh-s,shopify,0,20.00,25.00,https://x/1.png,active\n" +
				"shirt,,,,,,M,sh-m,shopify,4,21.00,,,\n",
			"woocommerce_csv": "ID,Type,SKU,Name,Published,In stock?,Stock,Sale price,Regular price,Categories,Images,Parent,Attribute 1 " +
				"name,Attribute 1 value(s)\n" +
				"7,variable,hat,Hat,1,1,,,10,\"Clothes > Hats, Sale\",https://x/h.png,,Colour,\"Red, Blue\"\n" +
				"8,variation,hat-r,Hat red,1,0,0,8,10,,,hat,Colour,Red\n" +
				"9,variation,hat-b,Hat blue,1,1,3,,12,,,id:7,Colour,Blue\n",
		} {
			state, report := runImport(t, s, profileapi.ImportSpec{Kind: "items", Format: format}, strings.NewReader(file))
			if state.State != profileapi.ImportDone || state.Rejected != 0 {
				t.Fatalf("%s: %+v %+v", format, state, report)
			}
		}
		for id, want := range map[string]profileapi.Item{
			"g1": {Title: "Mug", URL: "https://x/mug", CategoryPath: []string{"Kitchen", "Mugs"}, Price: number(15),
				SalePrice: number(12), Currency: "GBP", ParentID: "mugs",
				Stock: &profileapi.Stock{Status: "in_stock"}, Attributes: map[string]any{"color": "red"}},
			"x1": {Title: "Pan", Price: number(30), Currency: "EUR", Stock: &profileapi.Stock{Status: "out_of_stock"}},
			"shirt": {Title: "Shirt", Brand: "Acme", Tags: []string{"blue", "summer"}, Price: number(21), ImageURL: "https://x/1.png",
				Stock: &profileapi.Stock{Status: "in_stock", Quantity: number(4)}},
			"sh-m": {Title: "Shirt", Brand: "Acme", Tags: []string{"blue", "summer"}, Price: number(21),
				ImageURL: "https://x/1.png", ParentID: "shirt",
				Stock: &profileapi.Stock{Status: "in_stock", Quantity: number(4)}, Attributes: map[string]any{"Size": "M"}},
			"7": {Title: "Hat", CategoryPath: []string{"Clothes", "Hats"}, Price: number(12), // of the one that can be bought
				ImageURL: "https://x/h.png", Aliases: []string{"hat"},
				Stock: &profileapi.Stock{Status: "in_stock", Quantity: number(3)}, Attributes: map[string]any{
					"Colour": []any{"Red", "Blue"}, "categories": []any{"Sale"},
				}},
			"8": {Title: "Hat red", Price: number(10), SalePrice: number(8), ParentID: "7", Stock: &profileapi.Stock{
				Status: "out_of_stock", Quantity: number(0),
			},
				Aliases: []string{"hat-r"}, Attributes: map[string]any{"Colour": []any{"Red"}}},
		} {
			want.ItemID, want.Status = id, "active"
			if diff := cmp.Diff(want, itemOf(t, s, id)); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
	})
}

func TestImportOfAFileThatIsNoneFails(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		for format, file := range map[string]string{
			"csv": "colour,size\nred,1\n", "google_merchant_xml": "<rss><item><id>1</id>", "shopify_csv": "a,b\n1,2\n",
		} {
			state, _ := runImport(t, s, profileapi.ImportSpec{Kind: "items", Format: format}, strings.NewReader(file))
			if state.State != profileapi.ImportFailed || state.Problem == "" {
				t.Errorf("%s: %+v", format, state)
			}
		}
	})
}
