package scenario

import (
	"cmp"
	"slices"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Book finds the scenarios of a shop. It is safe for concurrent use.
type Book struct {
	builtin map[string]*api.Scenario
}

// NewBook returns a book with the built-in scenarios.
func NewBook() *Book {
	b := &Book{builtin: map[string]*api.Scenario{}}
	for _, s := range Builtin() {
		b.builtin[s.ScenarioID] = &s
	}
	return b
}

// Find returns a scenario of a shop, which the caller must not change.
func (b *Book) Find(_, id string) (*api.Scenario, bool) {
	s, ok := b.builtin[id]
	return s, ok
}

// List returns the scenarios of a shop in order of id.
func (b *Book) List(string) []*api.Scenario {
	list := make([]*api.Scenario, 0, len(b.builtin))
	for _, s := range b.builtin {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *api.Scenario) int { return cmp.Compare(a.ScenarioID, b.ScenarioID) })
	return list
}
