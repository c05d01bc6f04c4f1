package rows

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestSeveralItemsInACell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, as string // what the caller says of the column sku; "" for nothing
		note     string
		want     []string
	}{
		"ids that other rows have": {
			file: "order,customer,sku\n1,u,\"A1, A2; TEE\"\n2,u,A2 x2 | 3x A1\n3,u,TEE\n4,u,A2 x4\n5,u,\"A2,New\"\n",
			note: "are taken apart",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u","items":[{"item_id":"A1"},{"item_id":"A2"},{"item_id":"TEE"}]}`,
				`{"order_id":"2","type":"purchase","user_id":"u","items":[{"item_id":"A2","quantity":2},{"item_id":"A1","quantity":3}]}`,
				`{"order_id":"3","type":"purchase","user_id":"u","item_id":"TEE"}`,
				`{"order_id":"4","type":"purchase","user_id":"u","items":[{"item_id":"A2","quantity":4}]}`,
				`{"order_id":"5","type":"purchase","user_id":"u","items":[{"item_id":"A2"},{"item_id":"New"}]}`,
			}},
		"pieces and prices in other columns": {
			file: "order,customer,sku,qty,price\n1,u,\"A1,A2\",\"1,2\",\"5.50;7\"\n2,u,\"A2,A1\",3,9.90\n3,u,A1,2,5.50\n",
			note: "are taken apart",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u",` +
					`"items":[{"item_id":"A1","price":5.5,"quantity":1},{"item_id":"A2","price":7,"quantity":2}]}`,
				`{"order_id":"2","type":"purchase","user_id":"u","items":[{"item_id":"A2"},{"item_id":"A1"}]} whose_value whose_value`,
				`{"order_id":"3","type":"purchase","user_id":"u","items":[{"item_id":"A1","price":5.5,"quantity":2}]}`,
			}},
		"ids that are nowhere else": {
			file: "order,customer,sku\n1,u,\"A1,A2\"\n2,u,\"A3,A4\"\n", note: "pass --map 'sku=items'",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u","item_id":"A1,A2"}`,
				`{"order_id":"2","type":"purchase","user_id":"u","item_id":"A3,A4"}`,
			}},
		"names with commas": {
			file: "order,customer,sku\n1,u,\"Tee,blue\"\n2,u,\"Cap,blue\"\n3,u,\"Big hat, 10\"\n", note: "may name several",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u","item_id":"Tee,blue"}`,
				`{"order_id":"2","type":"purchase","user_id":"u","item_id":"Cap,blue"}`,
				`{"order_id":"3","type":"purchase","user_id":"u","item_id":"Big hat, 10"}`,
			}},
		"as the caller says": {
			file: "order,customer,sku\n1,u,\"A1, A2 (2)\"\n2,u,A3\n", as: "items",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u","items":[{"item_id":"A1"},{"item_id":"A2","quantity":2}]}`,
				`{"order_id":"2","type":"purchase","user_id":"u","items":[{"item_id":"A3"}]}`,
			}},
		"not as the caller says": {
			file: "order,customer,sku\n1,u,\"A1,A2\"\n2,u,\"A2,A1\"\n", as: "item_id",
			want: []string{
				`{"order_id":"1","type":"purchase","user_id":"u","item_id":"A1,A2"}`,
				`{"order_id":"2","type":"purchase","user_id":"u","item_id":"A2,A1"}`,
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}
			if c.as != "" {
				spec.Mapping = map[string]string{"sku": c.as}
			}
			got, err := rowsOf(t, spec, c.file)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v: %s", err, diff)
			}
			if notes := notesOf(t, spec, c.file); !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, "several") {
				t.Errorf("notes: %s", notes)
			}
		})
	}
}
