package validation

import "github.com/aisle-rec/aisle/similarity-service/internal/csr"

// Scratch is one case laid out for scoring: known seeds with values, and the hidden entries
// by item. It is reused from case to case, and of one goroutine.
type Scratch struct {
	Row         int32 // −1 for a case of a basket or a session
	Seeds       []int32
	Values      []float32
	Exclude     []int32   // what is not ranked
	Hidden      []float32 // value in the row of a hidden item, else 0; length n
	isHid       []bool    // which items are hidden, also those of the value 0 under this reading
	HiddenItems []int32   // those of the row of the case, in any order
}

// NewScratch returns a scratch for n items.
func NewScratch(n int) *Scratch {
	return &Scratch{Hidden: make([]float32, n), isHid: make([]bool, n)}
}

// Begin lays out case c over the rows of m.
func (t *Scratch) Begin(m *csr.Matrix, c *Case) {
	for _, j := range t.HiddenItems {
		t.Hidden[j], t.isHid[j] = 0, false
	}
	t.Row, t.HiddenItems = c.Row, c.Hidden
	t.Seeds, t.Values, t.Exclude = t.Seeds[:0], t.Values[:0], t.Exclude[:0]
	if c.Row < 0 {
		for _, i := range c.Seeds {
			t.Seeds, t.Values = append(t.Seeds, i), append(t.Values, 1)
		}
		t.Exclude = append(t.Exclude, c.Known...)
		return
	}
	for _, j := range c.Hidden {
		t.isHid[j] = true
	}
	items, val := m.Row(int(c.Row))
	for p, i := range items {
		x := float32(1)
		if val != nil {
			x = val[p]
		}
		if t.isHid[i] {
			t.Hidden[i] = x
			continue
		}
		t.Seeds, t.Values = append(t.Seeds, i), append(t.Values, x)
	}
	t.Exclude = append(t.Exclude, c.Known...)
}
