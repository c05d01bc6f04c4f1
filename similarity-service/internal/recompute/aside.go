package recompute

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
)

// asideFrom entries on a matrix is worth a temporary file: 32 MiB.
const asideFrom = 4 << 20

// aside puts what the final model learns from into a temporary file while the search, the longest part of a recompute and the one that
// takes most memory, works on the part before the cut. back brings it back; drop gives the file up and is always to be called. Without
// room for the file everything stays in memory.
func (r *Recomputer) aside(p *prepare.Prepared, shop, relation string) (back func() error, drop func()) {
	nothing := func() error { return nil }
	m := p.Full.Train
	if m == nil || m == p.Split.Train || m.NNZ() < asideFrom {
		return nothing, func() {}
	}
	spilled, err := csr.Spill(m, "")
	if err != nil {
		r.Logger.Warn("interactions stay in memory during the search", "shop", shop, "relation", relation, "error", err)
		return nothing, func() {}
	}
	p.Full.Train = nil
	back = func() (err error) {
		p.Full.Train, err = spilled.Load()
		return err
	}
	return back, func() {
		if err := spilled.Close(); err != nil {
			r.Logger.Warn("a temporary file was not removed", "shop", shop, "relation", relation, "error", err)
		}
	}
}
