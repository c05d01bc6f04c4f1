package rerank

import "github.com/aisle-rec/aisle/recommender-service/internal/catalogue"

// Limits bound how many items of one value a list has, such as three of a brand. The zero value allows everything.
type Limits struct{ list []limit }

type limit struct {
	name   string
	group  func(*catalogue.Item) (string, bool)
	most   int
	counts map[string]int
}

// Add adds a limit, unless most is 0. group returns an item's value, false for an item that has none and is not limited.
func (l *Limits) Add(name string, most int, group func(*catalogue.Item) (string, bool)) {
	if most > 0 {
		l.list = append(l.list, limit{name, group, most, map[string]int{}})
	}
}

// Allow reports whether no limit forbids one more item like this one, and counts it.
func (l *Limits) Allow(it *catalogue.Item) bool {
	if l.Forbidding(it) != "" {
		return false
	}
	l.Count(it)
	return true
}

// Forbidding names the limit that forbids one more item like this one; "" for none.
func (l *Limits) Forbidding(it *catalogue.Item) string {
	for n := range l.list {
		if value, ok := l.list[n].group(it); ok && l.list[n].counts[value] >= l.list[n].most {
			return l.list[n].name
		}
	}
	return ""
}

// Count counts an item of the list towards every limit.
func (l *Limits) Count(it *catalogue.Item) { l.add(it, 1) }

// Release takes back what Count counted: the item has left the list.
func (l *Limits) Release(it *catalogue.Item) { l.add(it, -1) }

func (l *Limits) add(it *catalogue.Item, more int) {
	for n := range l.list {
		if value, ok := l.list[n].group(it); ok {
			l.list[n].counts[value] += more
		}
	}
}
