package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsATermAsAWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		item Item
		want []string
	}{
		"a brand, in no language's stems": {Item{Brand: "Adidas", Language: "en"}, []string{"brand/adidas"}},
		"steps of a category": {
			Item{Category: []string{"Mugs & Cups", " ", "Red"}}, []string{"category/mugs cups", "category/mugs cups/red"},
		},
		"values of attributes": {
			Item{Attributes: []Attribute{{"Colour", "Navy Blue"}, {"Colour", "Red"}, {"size", "42"}}},
			[]string{"colour/navy blue", "colour/red", "size/42"},
		},
		"no ids, dates and addresses": {
			Item{Attributes: []Attribute{{"ean", "4006381333931"}, {"since", "2024-01-31"}, {"page", "https://a.example"},
				{"year", "1995"}}},
			[]string{"year/1995"},
		},
		"no texts": {Item{Attributes: []Attribute{{"care", "Wash it by hand in cold water"}, {"", "x"}, {"x", "!"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, term := range newReader(DefaultOptions()).analyse(c.item).terms {
				if strings.Contains(term.name, "/") {
					got = append(got, term.name)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
