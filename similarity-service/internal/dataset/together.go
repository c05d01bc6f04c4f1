package dataset

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

// latestShare is the share of an ordered history that is its latest part.
const latestShare = .2

// LatestPart returns how many entries at the end of training row u are its latest part: about a fifth, of which none came at the same time
// as an entry before them. It is 0 where all came at once, or there is one.
func (d *Data) LatestPart(u int) int {
	from := d.Train.RowPtr[u]
	return LatestPart(d.Train.RowPtr[u+1]-from, func(p int) bool { return d.Together.Has(from + p) })
}

// LatestPart is that of a history of n entries, oldest first; together says of one whether it came at the same time as the one before it.
// What a visitor buys next is another question than the rest of an order of which a part is known: so the latter is not asked.
func LatestPart(n int, together func(entry int) bool) int {
	return latestPart(n, together, latestShare)
}

// Fifth is how many of n entries are the part that is held out where nothing says which belong together; at least 1.
func Fifth(n int) int { return max((n+2)/5, 1) }

func latestPart(n int, together func(entry int) bool, share float64) int {
	best, target := 0, share*float64(n)
	for part := 1; part < n; part++ {
		nearer := best == 0 || math.Abs(float64(part)-target) <= math.Abs(float64(best)-target)
		if nearer && !together(n-part) {
			best = part
		}
	}
	return best
}

// TogetherIn marks, as Together does, the entries of a matrix whose rows are the first of Train's, perhaps with fewer entries.
func (d *Data) TogetherIn(m *csr.Matrix) csr.Marks {
	if d.Together == nil || m.RowPtr[m.Rows] == d.Train.RowPtr[m.Rows] {
		return d.Together
	}
	var marks csr.Marks
	for u := range m.Rows {
		all, _ := d.Train.Row(u)
		kept, _ := m.Row(u)
		same, at := true, 0
		for p, j := range all {
			same = same && d.Together.Has(d.Train.RowPtr[u]+p)
			if at < len(kept) && kept[at] == j {
				if at > 0 && same {
					marks.Add(m.RowPtr[u] + at)
				}
				same, at = true, at+1
			}
		}
	}
	return marks
}
