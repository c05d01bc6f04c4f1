package rows

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestLinesOfAnOrderInCells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"a cell for each line": {
			"order_id,customer_id,line_item_1,line_item_2\n8,5,name:Tee: M|product_id:11|sku:|quantity:1|total:20.00," +
				"sku:S|quantity:2|price:2.5\n" +
				"9,5,sku:S|quantity:two,\n10,5,,\n", []string{
				`{"order_id":"8","type":"purchase","user_id":"5",` +
					`"items":[{"item_id":"11","quantity":1},{"item_id":"S","price":2.5,"quantity":2}]}`,
				`! line_item_1: The lines of the order cannot be read: ` +
					`they are no pairs such as sku:T|quantity:2. Export a row for each line, ` +
					`or, where they are ids alone, pass --map 'line_item_1=items' (mapping in the API).`,
				`{"order_id":"10","type":"purchase","user_id":"5"}`}},
		"a cell for all lines": {
			"Order ID,Customer ID,Product Details\n8,5,\"Product ID: 11, Product Qty: 2, Product SKU: T, Product Name: Tee, blue, " +
				"Product Unit Price: 20.00, Product Total Price: 40.00|Product ID: 12, Product Qty: 1, " +
				"Product Unit Price: 5.00\"\n", []string{
				`{"order_id":"8","type":"purchase","user_id":"5",` +
					`"items":[{"item_id":"11","price":20,"quantity":2},{"item_id":"12","price":5,"quantity":1}]}`}},
		"columns for each line": {
			"Order Number;Customer;Product Item 1 Name;Product Item 1 SKU;Product Item 1 Quantity;Product Item 1 Price;" +
				"Product Item 1 Total;Product Item 2 Name;Product Item 2 SKU;Product Item 2 Quantity;Product Item 2 Price\n" +
				"8;u;Tee;T;2;19,99;39,98;Sock;S;1;5\n9;u;Tee;;2;;;;;0;0,00\n10;u;;;2;;;Sock;S;1;\n11;u;Tee;T;two;;;;;;\n", []string{
				`{"order_id":"8","type":"purchase","user_id":"u",` +
					`"items":[{"item_id":"T","price":19.99,"quantity":2},{"item_id":"S","price":5,"quantity":1}]}`,
				`{"order_id":"9","type":"purchase","user_id":"u","items":[{"item_id":"Tee","quantity":2}]} no_sku`,
				`! Product Item 1 Name: The line of the order names no item by these columns, or has a number that cannot be read. ` +
					`Pass --decimal where it is written with another mark.`,
				`! Product Item 1 Name: The line of the order names no item by these columns, or has a number that cannot be read. ` +
					`Pass --decimal where it is written with another mark.`}},
		"columns for each line, some with the number of the product alone": {
			"Order Number,Customer,Product Item 1 Name,Product Item 1 id,Product Item 1 SKU," +
				"Product Item 2 Name,Product Item 2 id,Product Item 2 SKU\n" +
				"8,u,Tee,11,T,Sock,12,\n", []string{
				`{"order_id":"8","type":"purchase","user_id":"u","items":[{"item_id":"T"},{"item_id":"12"}]}`}},
		"names behind their number": {
			"Order #,Customer,Product(s)\n8,u,\"1× Tee, blue, 12× Sock\"\n9,u,Tee\n", []string{
				`{"order_id":"8","type":"purchase","user_id":"u",` +
					`"items":[{"item_id":"Tee, blue","quantity":1},{"item_id":"Sock","quantity":12}]} no_sku`,
				`! Product(s): The lines of the order cannot be read: ` +
					`they are no pairs such as sku:T|quantity:2. Export a row for each line, ` +
					`or, where they are ids alone, pass --map 'Product(s)=items' (mapping in the API).`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rowsOf(t, profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}, c.file)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}
