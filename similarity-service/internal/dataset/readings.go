package dataset

import "github.com/aisle-rec/aisle/similarity-service/internal/csr"

// Reading is one way in which the training values may weigh.
type Reading struct {
	Name string
	Rows *csr.Matrix // rows as in Data.Train, possibly with fewer entries
}

// Readings returns the ways in which the training values may weigh: of ratings all as one, graded, or only the liked ones; of plain
// weights all as one or as given. Of data without values there is one, "ones". Cost O(entries); nothing is kept.
func (d *Data) Readings() []Reading {
	if d.Train == nil {
		return []Reading{{"ones", d.Occurrences()}}
	}
	if d.Train.Val == nil {
		return []Reading{{"ones", d.Train}}
	}
	ones := *d.Train
	ones.Val = nil
	if !d.Rated {
		return []Reading{{"ones", &ones}, {"weights", d.Train}}
	}
	highest := float32(0)
	for _, v := range d.Train.Val {
		highest = max(highest, v)
	}
	graded := reweigh(d.Train, func(v float32) float32 { return v / highest })
	liked := reweigh(d.Train, func(v float32) float32 {
		if v >= d.Liked {
			return 1
		}
		return 0
	})
	liked.Val = nil
	return []Reading{{"ones", &ones}, {"graded", graded}, {"liked", liked}}
}

// reweigh applies f to every value and drops the entries that become 0.
func reweigh(m *csr.Matrix, f func(float32) float32) *csr.Matrix {
	out := &csr.Matrix{Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int, 1, m.Rows+1), Val: []float32{}}
	for i := range m.Rows {
		idx, val := m.Row(i)
		for p, j := range idx {
			if w := f(val[p]); w != 0 {
				out.ColIdx = append(out.ColIdx, j)
				out.Val = append(out.Val, w)
			}
		}
		out.RowPtr = append(out.RowPtr, len(out.ColIdx))
	}
	return out
}

// Occurrences has a row of distinct items per training row or session.
func (d *Data) Occurrences() *csr.Matrix {
	if d.Train != nil {
		m := *d.Train
		m.Val = nil
		return &m
	}
	m, err := csr.FromRows(d.Sessions, d.Items.Len())
	if err != nil {
		panic(err) // an item outside the map of its own data set: a mistake of a loader
	}
	return m
}

// Counts is the number of interactions of each item. Ratings are no numbers of interactions, as
// weights are: one of five stars is one interaction.
func (d *Data) Counts() []float64 {
	if d.Rated {
		return d.Occurrences().ColMass()
	}
	return d.Popularity()
}

// Popularity is the number of interactions of each item, in the order of their numbers; with
// values it is their sum.
func (d *Data) Popularity() []float64 {
	if d.Train != nil {
		return d.Train.ColMass()
	}
	mass := make([]float64, d.Items.Len())
	for _, s := range d.Sessions {
		for _, i := range s {
			mass[i]++
		}
	}
	return mass
}
