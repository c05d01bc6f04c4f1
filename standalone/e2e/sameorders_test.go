package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// ordersTwice writes the same 3,000 orders of three lines as CSV with a row per line and as NDJSON with an event per order.
func ordersTwice() (rows, orders string) {
	var csv, ndjson strings.Builder
	csv.WriteString("order_id,user_id,item_id,quantity,price,occurred_at\n")
	from := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -60)
	for o := range 3000 {
		at := from.Add(time.Duration(o) * 20 * time.Minute).Format(time.RFC3339)
		var lines []string
		for l := range 3 {
			item, price := (o%10)*20+(o/10*7+l*5)%20, 5+(o+l)%20
			fmt.Fprintf(&csv, "%d,u%d,item-%d,1,%d.5,%s\n", o, o%400, item, price, at)
			lines = append(lines, fmt.Sprintf(`{"item_id":"item-%d","quantity":1,"price":%d.5}`, item, price))
		}
		fmt.Fprintf(
			&ndjson, `{"type":"purchase","order_id":"%d","user_id":"u%d","occurred_at":"%s","items":[%s]}`+"\n", o, o%400, at,
			strings.Join(lines, ","),
		)
	}
	return csv.String(), ndjson.String()
}

// TestTheSameOrdersMakeTheSameModels imports 9,000 order lines in two forms into two shops: models and what is known of buyers are the same
// to the byte.
func TestTheSameOrdersMakeTheSameModels(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, orders := ordersTwice()
	type outcome struct {
		Checksums map[string]string // by relation
		Purchased []profileapi.PurchasedItem
	}
	made := func(spec profileapi.ImportSpec, file string) (o outcome) {
		c := startStandalone(t, t.TempDir()).connect("")
		var items []profileapi.Item
		for i := range 200 {
			items = append(items, profileapi.Item{ItemID: fmt.Sprint("item-", i), Title: fmt.Sprint("Thing ", i)})
		}
		if _, err := c.profile.PutItems(ctx, items); err != nil {
			t.Fatal(err)
		}
		state, err := c.profile.StartImport(ctx, spec, strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, ctx, "the import ends", func() error {
			if state, err = c.profile.Import(ctx, state.ImportID); err == nil && !state.Ended() {
				err = fmt.Errorf("it is %s", state.State)
			}
			return err
		})
		if state.State != profileapi.ImportDone || state.Rejected+state.Duplicates > 0 {
			t.Fatalf("%+v", state)
		}
		o.Checksums = map[string]string{}
		for _, m := range recomputed(t, ctx, c, similarityapi.Similar, similarityapi.BoughtTogether) {
			o.Checksums[m.Relation] = m.Checksum
		}
		profile, err := c.profile.Profile(ctx, profileapi.ProfileQuery{UserID: "u7"})
		if err != nil {
			t.Fatal(err)
		}
		o.Purchased = profile.Purchased
		return o
	}
	csv := made(profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}, rows)
	ndjson := made(profileapi.ImportSpec{Kind: "events", Format: "ndjson"}, orders)
	if diff := cmp.Diff(csv, ndjson); diff != "" || len(csv.Checksums) != 2 {
		t.Errorf("%d models; (-CSV +NDJSON)\n%s", len(csv.Checksums), diff)
	}
}
