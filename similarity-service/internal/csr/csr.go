// Package csr holds sparse matrices in compressed rows.
//
// A matrix of users × items keeps for each row the columns of its entries and, unless all entries are one, their
// values. The columns of a row stay in the order in which they were given: for a history that is oldest first, which
// lets the latest entries be taken without a sort. No row holds a column twice.
package csr

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
)

// Matrix is an m×n sparse matrix. Row i has the columns ColIdx[RowPtr[i]:RowPtr[i+1]] and the values Val at the same
// positions. Val is nil when every entry is 1, which halves the memory. The fields are read only after building.
type Matrix struct {
	Rows, Cols int
	RowPtr     []int // length Rows+1
	ColIdx     []int32
	Val        []float32 // length nnz, or nil for all ones

	// arena is where the entries lie, and those of what is made of the matrix; nil is ordinary memory.
	arena *mmap.Arena
}

// FromRows builds a matrix of ones from one list of columns per row. A column that a row names twice is kept once, at
// its last position. Columns outside 0…cols−1 are an error. Cost O(nnz + cols).
func FromRows(rows [][]int32, cols int) (*Matrix, error) {
	b := NewBuilder(cols)
	for _, row := range rows {
		for _, j := range row {
			b.Add(j, 1)
		}
		if err := b.EndRow(); err != nil {
			return nil, err
		}
	}
	m := b.Matrix()
	m.Val = nil
	return m, nil
}

// Arena is where the entries lie, and those of what is made of the matrix; nil is ordinary memory.
func (m *Matrix) Arena() *mmap.Arena { return m.arena }

// NNZ is the number of stored entries.
func (m *Matrix) NNZ() int { return len(m.ColIdx) }

// Row returns the columns and values of row i; the values are nil when all are one. Neither slice may be changed.
func (m *Matrix) Row(i int) ([]int32, []float32) {
	from, to := m.RowPtr[i], m.RowPtr[i+1]
	if m.Val == nil {
		return m.ColIdx[from:to], nil
	}
	return m.ColIdx[from:to], m.Val[from:to]
}

// Transpose returns the n×m matrix whose row j lists the rows of m that hold column j, in increasing order. O(nnz).
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{
		Rows: m.Cols, Cols: m.Rows, RowPtr: make([]int, m.Cols+1), ColIdx: mmap.Make[int32](m.arena, m.NNZ()), arena: m.arena,
	}
	if m.Val != nil {
		t.Val = mmap.Make[float32](m.arena, m.NNZ())
	}
	for _, j := range m.ColIdx {
		t.RowPtr[j+1]++
	}
	for j := range m.Cols {
		t.RowPtr[j+1] += t.RowPtr[j]
	}
	next := append([]int(nil), t.RowPtr[:m.Cols]...)
	for i := range m.Rows {
		for p := m.RowPtr[i]; p < m.RowPtr[i+1]; p++ {
			j := m.ColIdx[p]
			at := next[j]
			next[j]++
			t.ColIdx[at] = int32(i)
			if m.Val != nil {
				t.Val[at] = m.Val[p]
			}
		}
	}
	return t
}

// RowMass returns Σ_j |x_ij| for each row: the number of entries when all are one.
func (m *Matrix) RowMass() []float64 {
	mass := make([]float64, m.Rows)
	for i := range mass {
		_, val := m.Row(i)
		if val == nil {
			mass[i] = float64(m.RowPtr[i+1] - m.RowPtr[i])
		}
		for _, v := range val {
			mass[i] += math.Abs(float64(v))
		}
	}
	return mass
}

// ColMass returns Σ_i |x_ij| for each column: the number of entries when all are one.
func (m *Matrix) ColMass() []float64 {
	mass := make([]float64, m.Cols)
	for p, j := range m.ColIdx {
		if m.Val == nil {
			mass[j]++
		} else {
			mass[j] += math.Abs(float64(m.Val[p]))
		}
	}
	return mass
}

// Latest returns a matrix whose rows keep only their last limit entries; m itself when no row is longer or limit ≤ 0.
func (m *Matrix) Latest(limit int) *Matrix {
	kept := 0
	for i := range m.Rows {
		kept += min(m.RowPtr[i+1]-m.RowPtr[i], limit)
	}
	if limit <= 0 || kept == m.NNZ() {
		return m
	}
	out := &Matrix{
		Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int, 1, m.Rows+1), ColIdx: mmap.Make[int32](m.arena, kept)[:0], arena: m.arena,
	}
	if m.Val != nil {
		out.Val = mmap.Make[float32](m.arena, kept)[:0]
	}
	for i := range m.Rows {
		from := max(m.RowPtr[i], m.RowPtr[i+1]-limit)
		out.ColIdx = append(out.ColIdx, m.ColIdx[from:m.RowPtr[i+1]]...)
		if m.Val != nil {
			out.Val = append(out.Val, m.Val[from:m.RowPtr[i+1]]...)
		}
		out.RowPtr = append(out.RowPtr, len(out.ColIdx))
	}
	return out
}

// Only returns a matrix with the entries of some rows; the others are empty. rows may be in any order.
func (m *Matrix) Only(rows []int32) *Matrix {
	kept := make([]bool, m.Rows)
	for _, i := range rows {
		kept[i] = true
	}
	out := &Matrix{Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int, 1, m.Rows+1)}
	for i := range m.Rows {
		if kept[i] {
			idx, val := m.Row(i)
			out.ColIdx, out.Val = append(out.ColIdx, idx...), append(out.Val, val...)
		}
		out.RowPtr = append(out.RowPtr, len(out.ColIdx))
	}
	return out
}

// First returns the matrix of the first n rows of m, sharing its memory.
func (m *Matrix) First(n int) *Matrix {
	out := &Matrix{Rows: n, Cols: m.Cols, RowPtr: m.RowPtr[:n+1], ColIdx: m.ColIdx[:m.RowPtr[n]], arena: m.arena}
	if m.Val != nil {
		out.Val = m.Val[:m.RowPtr[n]]
	}
	return out
}

// Validate reports the first broken invariant: pointers that do not rise, a column out of range or named twice in a
// row, a value that is NaN or infinite. O(nnz + cols).
func (m *Matrix) Validate() error {
	if m.Rows < 0 || m.Cols < 0 || len(m.RowPtr) != m.Rows+1 || m.RowPtr[0] != 0 || m.RowPtr[m.Rows] != len(m.ColIdx) {
		return fmt.Errorf("row pointers of %d entries do not frame %d rows and %d columns indices", len(m.RowPtr), m.Rows, len(m.ColIdx))
	}
	if m.Val != nil && len(m.Val) != len(m.ColIdx) {
		return fmt.Errorf("%d values for %d entries", len(m.Val), len(m.ColIdx))
	}
	seen := make([]int, m.Cols)
	for i := range m.Rows {
		if m.RowPtr[i+1] < m.RowPtr[i] {
			return fmt.Errorf("row %d ends before it starts", i)
		}
		for p := m.RowPtr[i]; p < m.RowPtr[i+1]; p++ {
			j := m.ColIdx[p]
			if j < 0 || int(j) >= m.Cols {
				return fmt.Errorf("row %d: column %d lies outside 0…%d", i, j, m.Cols-1)
			}
			if seen[j] == i+1 {
				return fmt.Errorf("row %d names column %d twice", i, j)
			}
			seen[j] = i + 1
			if m.Val != nil && !finite(m.Val[p]) {
				return fmt.Errorf("row %d, column %d: the value is %v, want a finite number", i, j, m.Val[p])
			}
		}
	}
	return nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
