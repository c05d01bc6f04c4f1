package sessions

// scratch is the working memory of one query: 18 bytes per session and 12 per item.
type scratch struct {
	similar []float64 // per session
	mask    []uint64  // per session: which seeds matched
	anchor  []uint16  // per session: position of its latest matched seed
	touched []int32
	near    []neighbour
	seeds   []seed
	bonuses []bonus
	scores  *accumulator
	slot    []int32 // per item: 1 + place in the answer, 0 if none
	parts   []float64
	best    []Scored
}

func newScratch(ix *index) *scratch {
	n := ix.sessions()
	return &scratch{
		similar: make([]float64, n), mask: make([]uint64, n), anchor: make([]uint16, n),
		scores: newAccumulator(ix.items), slot: make([]int32, ix.items),
	}
}
