package dataset

import "math"

// latestShare is the share of an ordered history that is its latest part.
const latestShare = .2

// Marks is a set of numbers from 0 on, a bit for each up to the highest.
type Marks []uint64

// Add puts n into the set.
func (m *Marks) Add(n int) {
	for len(*m) <= n/64 {
		*m = append(*m, 0)
	}
	(*m)[n/64] |= 1 << (n % 64)
}

// Has reports whether n is in the set.
func (m Marks) Has(n int) bool { return n/64 < len(m) && m[n/64]>>(n%64)&1 == 1 }

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
