package sessions

import "fmt"

// Renumber returns the model built again for another numbering of the items: number[i] is the new index of item i in [0, items), or
// −1 for an item that is gone, whose clicks are left out.
func (m *Model) Renumber(number []int32, items int) (*Model, error) {
	if len(number) != m.Items() {
		return nil, fmt.Errorf("%d new numbers for %d items: give one per item", len(number), m.Items())
	}
	train := make([][]int32, 0, m.Sessions())
	for s := range m.Sessions() {
		var kept []int32
		for _, i := range m.ix.session(int32(s)) {
			if number[i] >= 0 {
				kept = append(kept, number[i])
			}
		}
		train = append(train, kept)
	}
	return buildAt(train, m.ix.times, items, m.params)
}
