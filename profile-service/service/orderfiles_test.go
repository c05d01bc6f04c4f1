package service_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// orderFiles writes the same 3,000 orders of three lines as a CSV with a row per line, as that CSV with its rows in another order, and as
// NDJSON with an event per order. Some lines are equal but for nothing, some orders have an item twice.
func orderFiles() (csv, apart, ndjson string) {
	var rows []string
	var orders bytes.Buffer
	from := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -60)
	for o := range 3000 {
		at := from.Add(time.Duration(o) * time.Minute)
		var lines []string
		for l := range 3 {
			item, quantity, price := (o*7+l*13)%200, 1+(o+l)%3, 5+(o+l)%20
			if o%50 == 0 {
				item, quantity, price = o%200, 1, 9
			}
			rows = append(
				rows, fmt.Sprintf("%d;u%d;item-%d;%d;%d,50;%s", o, o%400, item, quantity, price, at.Format("02.01.2006 15:04:05")),
			)
			lines = append(lines, fmt.Sprintf(`{"item_id":"item-%d","quantity":%d,"price":%d.5}`, item, quantity, price))
		}
		fmt.Fprintf(
			&orders, `{"type":"purchase","order_id":"%d","user_id":"u%d","occurred_at":"%s","items":[%s]}`+"\n", o, o%400,
			at.Format(time.RFC3339), strings.Join(lines, ","),
		)
	}
	const header = "Bestellnummer;Kunde;Artikelnummer;Menge;Einzelpreis;Datum\n"
	csv = header + strings.Join(rows, "\n") + "\n"
	shuffled := slices.Clone(rows)
	for i := range shuffled { // first lines first, then second ones, then third ones
		shuffled[i] = rows[i%3000*3+i/3000]
	}
	return csv, header + strings.Join(shuffled, "\n") + "\n", orders.String()
}

// boughtOf sums what each line of the interactions says, whatever the order in which they were stored.
func boughtOf(t *testing.T, c *profileapi.Client) map[string]float32 {
	t.Helper()
	bought := map[string]float32{}
	for _, i := range readAll(t, c, profileapi.InteractionsQuery{Relation: "bought_together"}) {
		bought[fmt.Sprintf("%s %s %s %d", i.UserID, i.OrderID, i.ItemID, i.OccurredAt.UnixMilli())] += i.Quantity
	}
	return bought
}

func TestOrdersAreTheSameWhateverTheFileThatTheyCameIn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		csv, apart, ndjson := orderFiles()
		south := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: s.url, Key: s.keys["south"]}))
		spec := profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}
		state, report := runImport(t, s, spec, strings.NewReader(csv))
		if state.Accepted != 9000 || state.Rejected != 0 {
			t.Fatalf("CSV: %+v %+v", state, report[:min(3, len(report))])
		}
		want := boughtOf(t, s.client)
		if state, _ = runImport(t, s, spec, strings.NewReader(apart)); state.Accepted != 0 || state.Duplicates != 9000 {
			t.Errorf("the same rows in another order: %+v", state)
		}
		other := &running{url: s.url, keys: s.keys, client: south}
		if state, report = runImport(t, other, profileapi.ImportSpec{Kind: "events"}, strings.NewReader(ndjson)); state.Accepted != 3000 {
			t.Fatalf("NDJSON: %+v %+v", state, report[:min(3, len(report))])
		}
		if diff := cmp.Diff(want, boughtOf(t, south)); diff != "" {
			t.Errorf("orders of NDJSON differ: %.2000s", diff)
		}
	})
}

// TestOrdersWithoutIdsAreToldByTheirTime imports purchases that name no order, as Recombee lists them: the time is taken for its id.
func TestOrdersWithoutIdsAreToldByTheirTime(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		at := time.Now().Unix() - 3600
		list := fmt.Sprintf(`[{"userId":"ann","itemId":"pot","timestamp":%[1]d.0,"amount":2,"price":20},`+
			`{"userId":"bob","itemId":"pot","timestamp":%[1]d.0,"amount":1,"price":10},`+
			`{"userId":"ann","itemId":"mug","timestamp":%[1]d.0,"amount":1,"price":7},`+
			`{"userId":"ann","itemId":"mug","timestamp":%[2]d.0,"amount":1,"price":7}]`, at, at+60)
		spec := profileapi.ImportSpec{
			Kind: "events", Mapping: map[string]string{"amount": "quantity", "price": "value"},
			Set: map[string]string{"type": "purchase", "order_id": "{time}"},
		}
		const missing = `the column "time", which is not in the file`
		if state, _ := runImport(t, s, spec, strings.NewReader(list)); !strings.Contains(state.Problem, missing) {
			t.Errorf("a column that is not there: %+v", state)
		}
		spec.Set["order_id"] = "{timestamp}"
		if state, report := runImport(t, s, spec, strings.NewReader(list)); state.Accepted != 4 || state.Warned != 0 {
			t.Fatalf("%+v %+v", state, report)
		}
		orders := map[string]int{}
		for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{Relation: "bought_together"}) {
			orders[i.UserID+" "+i.OrderID]++
		}
		lines := slices.Sorted(maps.Values(orders))
		if !slices.Equal(lines, []int{1, 1, 2}) {
			t.Errorf("lines of orders: %v", orders)
		}
	})
}
