package csr

// Marks is a set of entries of a matrix, by their places in it: a bit for each up to the highest.
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
