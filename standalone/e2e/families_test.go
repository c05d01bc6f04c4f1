package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// imported runs "aisle import" against a running Aisle.
func imported(t *testing.T, p *program, file string, args ...string) {
	t.Helper()
	args = append([]string{"import", filepath.Join("testdata", file), "--kind", "items", "--server", "http://" + p.address}, args...)
	if out, err := exec.Command(filepath.Join(binaries, "aisle"), args...).CombinedOutput(); err != nil {
		t.Fatalf("aisle import %s: %v\n%s", file, err, out)
	}
}

// shownAs waits until a scenario shows just these products, as item/variant/family, sorted.
func shownAs(t *testing.T, ctx context.Context, c clients, r recommenderapi.Request, want ...string) {
	t.Helper()
	r.DeadlineMS = 5000
	eventually(t, ctx, r.Scenario, func() error {
		answer, err := c.recommender.Recommend(ctx, r)
		if err != nil {
			return err
		}
		var got []string
		for _, it := range answer.Items {
			got = append(got, it.ItemID+"/"+it.VariantID+"/"+it.FamilyID)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("%s", diff)
		}
		return nil
	})
}

// TestAFeedWithoutParents: Google's feeds join variants by item_group_id and have no row of the product.
func TestAFeedWithoutParents(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := startStandalone(t, t.TempDir())
	c := d.connect("")
	imported(t, d.programs[0], "feed-without-parents.xml")
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "home.trending"}, "v11//g1", "v21//g2")
	for asked, instead := range map[string]string{"v12": "v11", "g1": "v11", "v11": "", "v21": ""} {
		got, err := c.recommender.Explain(ctx, recommenderapi.ExplainRequest{
			Request: recommenderapi.Request{Scenario: "home.trending", DeadlineMS: 5000}, ItemID: asked,
		})
		if err != nil || !got.Included || got.RecommendedInstead != instead {
			t.Errorf("%s: %v included %v, instead %q", asked, err, got.Included, got.RecommendedInstead)
		}
	}
	post(t, ctx, c, []profileapi.Event{
		{Type: "purchase", UserID: "a", OrderID: "1", ItemID: "v12"}, {Type: "purchase", UserID: "b", OrderID: "2", ItemID: "v12"},
		{Type: "purchase", UserID: "c", OrderID: "3", ItemID: "v11"},
	})
	// it counts popularity anew, whatever else it makes
	if job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 1}); err == nil {
		_, _ = c.similarity.WaitForJob(ctx, job.JobID, nil)
	}
	// the best seller of its group
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "search_no_results.best_sellers", UserID: "new"}, "v12//g1", "v21//g2")
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "home.trending", Cart: []string{"v12"}}, "v21//g2")
}

// TestAProductWhoseFirstVariantIsSoldOut: a Shopify export, whose rows are variants and whose products are known by handle and by SKU.
func TestAProductWhoseFirstVariantIsSoldOut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	stock := func(quantity float64) *profileapi.Stock {
		s := &profileapi.Stock{Status: profileapi.InStock, Quantity: &quantity}
		if quantity == 0 {
			s.Status = profileapi.OutOfStock
		}
		return s
	}
	item := func(id, parent, size string, price, quantity float64, aliases ...string) profileapi.Item {
		it := profileapi.Item{ItemID: id, ParentID: parent, Price: &price, Stock: stock(quantity), Aliases: aliases}
		if size != "" {
			it.Attributes = map[string]any{"size": size}
		}
		return it
	}
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{
		{ItemID: "bangle-pair", Title: "Bangle Pair", Brand: "Ora"}, item("bangle-pair-silver", "bangle-pair", "", 80, 0),
		item("bangle-pair-gold", "bangle-pair", "", 80, 2),
		{ItemID: "tee", Title: "Plain Tee", Brand: "Ora"}, item("TEE-S", "tee", "S", 20, 0), item("TEE-M", "tee", "M", 20, 9),
		item("TEE-L", "tee", "L", 22, 4),
		item("cap", "", "", 15, 5, "CAP-1"),
	}); err != nil {
		t.Fatal(err)
	}
	all := []string{"bangle-pair/bangle-pair-gold/bangle-pair", "cap//", "tee/TEE-L/tee"}
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "home.trending"}, all...)
	post(t, ctx, c, []profileapi.Event{
		{Type: "purchase", UserID: "ann", OrderID: "1", ItemID: "CAP-1"}, {Type: "view_item", UserID: "ann", ItemID: "TEE-M"},
	})
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "order_confirmation.buy_again", UserID: "ann", Fallback: "strict"}, "cap//")
	shownAs(
		t, ctx, c, recommenderapi.Request{Scenario: "cart.complementary", UserID: "ann"}, "bangle-pair/bangle-pair-gold/bangle-pair",
		"tee/TEE-M/tee",
	)
	cheap := &recommenderapi.Condition{
		All: []recommenderapi.Condition{{Field: "price", Op: "lte", Value: 21.0}, {Field: "brand", Value: "Ora"}},
	}
	shownAs(t, ctx, c, recommenderapi.Request{Scenario: "home.trending", Filter: cheap}, "tee/TEE-M/tee")
}
