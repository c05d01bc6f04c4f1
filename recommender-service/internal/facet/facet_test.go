package facet

import (
	"fmt"
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// facetsFor returns the facets that split items best, as field and values with their counts.
func facetsFor(t *testing.T, most int, items ...profileapi.Item) (list []string) {
	t.Helper()
	cataloguetest.Shop(t, items...).Read(func(v *catalogue.View) {
		var all []*catalogue.Item
		v.Items(func(it *catalogue.Item) { all = append(all, it) })
		for _, f := range Split(all, most, nil) {
			text := f.Field
			for _, value := range f.Values {
				switch {
				case value.From == nil:
					text += fmt.Sprintf(" %s:%d", value.Value, value.Items)
				case value.Below == nil:
					text += fmt.Sprintf(" %g…:%d", *value.From, value.Items)
				default:
					text += fmt.Sprintf(" %g…%g:%d", *value.From, *value.Below, value.Items)
				}
			}
			list = append(list, text)
		}
	})
	return list
}

func TestFacetsSplitWhatMayBeShown(t *testing.T) {
	t.Parallel()
	item := func(n int, brand, colour string, price float64) profileapi.Item {
		it := profileapi.Item{ItemID: fmt.Sprintf("i%02d", n), Brand: brand, Attributes: map[string]any{"colour": colour}}
		if price > 0 {
			it.Price = &price
		}
		return it
	}
	var halves, same, alone, priced []profileapi.Item
	for n := range 8 {
		// Brand says as much as colour about half of the items and nothing beyond it.
		halves = append(halves, item(n, []string{"Lux", "Ora"}[n%2], []string{"red", "blue"}[n%2], 0))
		same = append(same, item(n, "Lux", "red", 5))
		alone = append(alone, item(n, fmt.Sprint("brand ", n), fmt.Sprint("colour ", n), 0))
		priced = append(priced, item(n, "Lux", "", float64(n+1)))
	}
	for name, c := range map[string]struct {
		most  int
		items []profileapi.Item
		want  []string
	}{
		"of two that say the same, the first by name": {3, halves, []string{"attributes.colour blue:4 red:4"}},
		"none is asked for":                           {0, halves, nil},
		"nothing differs":                             {3, same, nil},
		"everything differs":                          {3, alone, nil},
		"bands of prices":                             {3, priced, []string{"price 1…3:2 3…5:2 5…7:2 7…:2"}},
		"too few have a value":                        {3, append(alone[:5:5], halves[5:]...), nil},
	} {
		if got := facetsFor(t, c.most, c.items...); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
