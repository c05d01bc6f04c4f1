package affinity

import (
	"maps"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
)

// Taste says how much the visitor chose each value of an attribute, such as a size, by name and value: shares that sum to 1 for a name.
type Taste map[string]map[any]float64

// TasteOf counts the attributes of the variants of a history.
func TasteOf(v *catalogue.View, history []visitor.HistoryItem) Taste {
	t, sums := Taste{}, map[string]float64{}
	for n := range history {
		touched := &history[n]
		i := v.Index(touched.Item, touched.ItemID)
		if i < 0 || touched.Weight <= 0 {
			continue
		}
		it := v.Row(i)
		if it == nil || it.Head == it.Index {
			continue
		}
		it.Source.EachAttribute(func(name string, value any) {
			if _, list := value.([]any); list || value == nil {
				return
			}
			if t[name] == nil {
				t[name] = map[any]float64{}
			}
			t[name][value] += touched.Weight
			sums[name] += touched.Weight
		})
	}
	for name, values := range t {
		for value := range maps.Keys(values) {
			values[value] /= sums[name]
		}
	}
	return t
}

// Of adds up what the visitor chose before of a variant's attributes.
func (t Taste) Of(it *catalogue.Item) (sum float64) {
	if len(t) == 0 {
		return 0
	}
	it.Source.EachAttribute(func(name string, value any) {
		if values := t[name]; values != nil {
			if _, list := value.([]any); !list {
				sum += values[value]
			}
		}
	})
	return sum
}
