package names_test

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/names"
)

func TestMeantFields(t *testing.T) {
	t.Parallel()
	table := names.Table{Fields: []string{"item_id", "category_path", "price"}, Synonyms: map[string]string{"sku": "item_id"}}
	for name, want := range map[string]string{
		"itemId": "item_id", "Item-ID": "item_id", "SKU": "item_id", "catgory_path": "category_path", "prize": "price", "colour": "",
		"x": "",
	} {
		if got, ok := table.Meant(name); got != want || ok != (want != "") {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"purchase", "view_list", "view_item", "größe"}
	for name, want := range map[string]string{
		"purchases": "purchase", "View-Items": "view_item", "view_lism": "view_list", "viewXXXX": "", "Groeße": "größe",
		"zzz": "", "": "",
	} {
		if got := names.Nearest(name, known); got != want {
			t.Errorf("%q is near %q, want %q", name, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]int{{"", ""}: 0, {"abc", ""}: 3, {"", "ab"}: 2, {"kitten", "sitting"}: 3, {"price", "price"}: 0} {
		if got := names.Edits(pair[0], pair[1]); got != want {
			t.Errorf("%v: %d, want %d", pair, got, want)
		}
	}
}
