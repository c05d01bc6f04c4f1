package modeltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// Random returns a matrix of ones in which popular items and long rows are common, the same for the same arguments.
// A user has 2 to 13 draws, of which repeats make one entry; the lowest indices are the most
// popular.
func Random(users, items int, seed uint64) *csr.Matrix {
	rng := rand.New(rand.NewPCG(seed, 0x7e57))
	b := csr.NewBuilder(items)
	for range users {
		for range 2 + rng.IntN(12) {
			b.Add(int32(float64(items)*math.Pow(rng.Float64(), 2)), 1)
		}
		if b.EndRow() != nil {
			panic("a random row is never refused")
		}
	}
	m := b.Matrix()
	m.Val = nil
	return m
}

// Groups of GroupItems items each are what the users of [Grouped] choose from.
const Groups, GroupItems = 6, 10

// Grouped makes users who choose mostly within one of six groups of ten items: something that popularity cannot know.
func Grouped(t *testing.T, users int, relation string) *dataset.Data {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	items := &idmap.Map{}
	for i := range Groups * GroupItems {
		if _, err := items.Add(string(rune('A'+i/GroupItems)) + string(rune('a'+i%GroupItems))); err != nil {
			t.Fatal(err)
		}
	}
	d := &dataset.Data{Relation: relation, Items: items, Ordered: relation == dataset.ViewedNext}
	var train [][]int32
	for u := range users {
		group := rng.IntN(Groups)
		draw := func() int32 {
			if rng.Float64() < .1 {
				return int32(rng.IntN(Groups * GroupItems))
			}
			return int32(group*GroupItems + rng.IntN(GroupItems))
		}
		var row []int32
		for range 3 + rng.IntN(5) {
			row = append(row, draw())
		}
		train = append(train, row)
		if relation == dataset.Similar {
			d.Tests = append(d.Tests, dataset.Case{Row: int32(u), Relevant: unseen(row, draw)})
		} else if u%4 == 0 {
			d.Tests = append(d.Tests, dataset.Case{Row: -1, Seeds: row[:1], Relevant: unseen(row[:1], draw)})
		}
	}
	if relation == dataset.ViewedNext {
		d.Sessions = train
		return d
	}
	var err error
	if d.Train, err = csr.FromRows(train, items.Len()); err != nil {
		t.Fatal(err)
	}
	return d
}

func unseen(row []int32, draw func() int32) []int32 {
	for {
		j := draw()
		seen := false
		for _, i := range row {
			seen = seen || i == j
		}
		if !seen {
			return []int32{j}
		}
	}
}
