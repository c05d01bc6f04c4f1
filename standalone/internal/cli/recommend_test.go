package cli

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestRowsArePrintedWithWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	price := 12.5
	var out bytes.Buffer
	printAnswer(&out, recommenderapi.Answer{Rows: []recommenderapi.Row{{
		Kind: "bundles", Title: "Lamp", ItemID: "lamp", Items: []recommenderapi.RecommendedItem{{ItemID: "bulb", Position: 1}},
		Bundle: &recommenderapi.BundleOffer{Support: 40, Lift: 6.42, Price: &price, Currency: "EUR"},
	}}})
	for _, want := range []string{
		"bundles: Lamp lamp\n", "in 40 orders, 6.4 times as often as by chance, 12.50 EUR together\n", "  1  bulb",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}

// TestRecommendSaysWhyAListIsEverybodys asks a shop of one item with ids that it does not have, and with those that it has.
func TestRecommendSaysWhyAListIsEverybodys(t *testing.T) {
	t.Parallel()
	a, server := serveEmpty(t)
	client := httpclient.New(httpclient.Options{BaseURL: server})
	recommend := func(args ...string) string {
		var out, errors bytes.Buffer
		if code := Execute(t.Context(), append([]string{"recommend", "--server", server}, args...), &out, &errors); code != 0 {
			t.Fatalf("%v: exit code %d, %s", args, code, errors.String())
		}
		return errors.String()
	}
	if said := recommend("home.trending"); !strings.Contains(said, "The list is empty: --why ITEM") {
		t.Errorf("of an empty shop: %q", said)
	}
	err := client.Call(t.Context(), http.MethodPut, "/v1/items/lamp", nil, profileapi.Item{Title: "Lamp"}, nil)
	if err == nil {
		_, err = a.Clients().Profile.PostEvents(t.Context(), []profileapi.Event{{Type: "view_item", UserID: "ann", ItemID: "lamp"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	said := recommend("product_detail.similar", "--item", "lamp,lmap", "--user", "anne")
	for _, want := range []string{`context_items/1: the catalogue has no item "lmap"`, "Nothing is known of this visitor"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q lacks %q", said, want)
		}
	}
	if strings.Contains(said, `no item "lamp"`) {
		t.Error(said)
	}
	said = recommend("category.best_sellers", "--category", "Lamps")
	if !strings.Contains(said, `category: no item is in the category "Lamps"`) {
		t.Errorf("of a category that is none: %q", said)
	}
	if said := recommend("home.trending", "--user", "ann"); strings.Contains(said, "Nothing is known") {
		t.Errorf("of somebody known: %q", said)
	}
}
