package service_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/aisle-rec/aisle/recommender-service/internal/agentfeed"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// feedSchema lets the feed be held against the protocol's own bundle of schemas: -feed-schema schema.feed.json.
var feedSchema = flag.String("feed-schema", "", "the published schema of the Agentic Commerce Protocol's feed, beside the one of the tests")

// product returns the schema of a line of the feed.
func productSchemas(t *testing.T) (list []*jsonschema.Schema) {
	t.Helper()
	for file, place := range map[string]string{"testdata/agentfeed.schema.json": "", *feedSchema: "#/$defs/Product"} {
		if file == "" {
			continue
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		schema, err := c.Compile(file + place)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, schema)
	}
	return list
}

// feed fetches the feed, holds each line against the schemas, and returns the products by id.
func (r *running) feed(t *testing.T, query string) map[string]agentfeed.Product {
	t.Helper()
	schemas := productSchemas(t)
	products := map[string]agentfeed.Product{}
	for lines := bufio.NewScanner(bytes.NewReader(r.raw(t, "/v1/feeds/agents?"+query))); lines.Scan(); {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(lines.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for _, schema := range schemas {
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s: %v", lines.Text(), err)
			}
		}
		var p agentfeed.Product
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		products[p.ID] = p
	}
	return products
}

// raw fetches a body as it is.
func (r *running) raw(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := r.http.Send(t.Context(), httpclient.Request{Method: http.MethodGet, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestAssistantsReadTheCatalogueAsAFeed(t *testing.T) {
	t.Parallel()
	s := families(t)
	s.world.edit("north", func(d *shopData) {
		d.put(
			profileapi.Item{
				ItemID: "kettle", Title: "Kettle <2 l>", Description: "Boils.", Price: amount(19.99), SalePrice: amount(14.5),
				Currency: "EUR", GTIN: "4006381333931",
				CategoryPath: []string{"Kitchen", "Kettles"}, URL: "https://shop.example/kettle",
				ImageURL:   "https://shop.example/kettle.jpg",
				Attributes: map[string]any{"condition": "new"},
				Prices: []profileapi.MarketPrice{
					{Country: "JP", Currency: "JPY", Price: 2400}, {Country: "KW", Currency: "KWD", Price: 5.125},
				},
			},
			profileapi.Item{ItemID: "hidden", Title: "Hidden", Status: profileapi.ItemHidden, Price: amount(1), Currency: "EUR"},
			profileapi.Item{ItemID: "nameless", Price: amount(1), Currency: "EUR", URL: "javascript:alert(1)"},
			profileapi.Item{ItemID: "page", Title: "Page", Price: amount(1), Currency: "EUR", URL: "javascript:alert(1)"},
			profileapi.Item{ItemID: "only-fr", Title: "Only in France", Price: amount(1), Currency: "EUR", Countries: []string{"FR"}},
		)
	})
	s.await(t, api.Request{Scenario: "home.trending", Limit: 1}, func(api.Answer) bool {
		var found api.FeedFindings
		_, err := s.call(t, http.MethodGet, "/v1/feeds/agents/check", nil, nil, &found)
		return err == nil && found.LeftOut["not_shown"].Count == 1
	})
	feed := s.feed(t, "seller=Example+Shop")
	want := agentfeed.Product{ID: "kettle", Title: "Kettle <2 l>", Variants: []agentfeed.Variant{{
		ID: "kettle", Title: "Kettle <2 l>", Description: &agentfeed.Description{Plain: "Boils."}, URL: "https://shop.example/kettle",
		Barcodes: []agentfeed.Barcode{{Type: "GTIN", Value: "4006381333931"}}, Price: &agentfeed.Price{Amount: 1450, Currency: "EUR"},
		ListPrice:    &agentfeed.Price{Amount: 1999, Currency: "EUR"},
		Availability: agentfeed.Availability{Available: true, Status: "in_stock"},
		Categories:   []agentfeed.Category{{Value: "Kitchen > Kettles", Taxonomy: "merchant"}}, Condition: []string{"new"},
		Media:  []agentfeed.Media{{Type: "image", URL: "https://shop.example/kettle.jpg", AltText: "Kettle <2 l>"}},
		Seller: &agentfeed.Seller{Name: "Example Shop"},
	}}}
	if diff := cmp.Diff(want, feed["kettle"]); diff != "" {
		t.Error(diff)
	}
	shirt := feed["shirt"]
	if shirt.Title != "Shirt" || len(shirt.Variants) != 3 {
		t.Fatalf("got %+v", shirt)
	}
	small := shirt.Variants[slices.IndexFunc(shirt.Variants, func(v agentfeed.Variant) bool { return v.ID == "shirt-s" })]
	if small.Availability != (agentfeed.Availability{Status: "out_of_stock"}) ||
		!slices.Equal(small.Options, []agentfeed.Option{{Name: "size", Value: "S"}}) {
		t.Errorf("the sold out size: %+v", small)
	}
	if sleeve := feed["g1"]; len(sleeve.Variants) != 2 || sleeve.Title == "" {
		t.Errorf("a family without a row: %+v", sleeve)
	}
	for _, id := range []string{"hidden", "nameless", "shirt-s", "v11"} {
		if _, in := feed[id]; in {
			t.Errorf("%s is a product of the feed", id)
		}
	}
	for query, want := range map[string]agentfeed.Price{
		"country=JP&currency=JPY": {Amount: 2400, Currency: "JPY"}, "country=KW&currency=KWD": {Amount: 5125, Currency: "KWD"},
	} {
		market := s.feed(t, query)
		if got := market["kettle"]; len(got.Variants) != 1 || *got.Variants[0].Price != want {
			t.Errorf("%s: %+v", query, got)
		}
		if _, in := market["only-fr"]; in {
			t.Errorf("%s: what is sold in France only is in the feed", query)
		}
	}
	var found api.FeedFindings
	if _, err := s.call(t, http.MethodGet, "/v1/feeds/agents/check", nil, nil, &found); err != nil {
		t.Fatal(err)
	}
	if found.Products != len(feed) || !slices.Equal(found.LeftOut["no_title"].ItemIDs, []string{"nameless"}) ||
		!slices.Equal(found.LeftOut["not_shown"].ItemIDs, []string{
			"hidden",
		}) || !slices.Contains(found.Lacking["no_url"].ItemIDs, "i000") ||
		slices.Contains(found.Lacking["no_image"].ItemIDs, "kettle") || found.Lacking["no_price"].Count == 0 {
		t.Errorf("got %+v", found)
	}
	if strings.Contains(string(s.raw(t, "/v1/feeds/agents")), "javascript:") {
		t.Error("a script is an address of the feed")
	}
}
