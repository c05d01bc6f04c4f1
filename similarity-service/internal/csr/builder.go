package csr

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
)

// Builder makes a matrix row by row, in one pass and without knowing the number of rows.
type Builder struct {
	m    Matrix
	at   []int // at[j] is one more than the position of column j, valid when it lies in the open row
	from int   // start of the open row
	bad  error
}

// NewBuilder returns a builder for matrices with cols columns; more columns appear as [Builder.Grow] allows.
func NewBuilder(cols int) *Builder {
	return &Builder{m: Matrix{Cols: cols, RowPtr: []int{0}, ColIdx: []int32{}, Val: []float32{}}, at: make([]int, cols)}
}

// Grow raises the number of columns to cols; a smaller number changes nothing.
func (b *Builder) Grow(cols int) {
	if cols > b.m.Cols {
		b.at = append(b.at, make([]int, cols-b.m.Cols)...)
		b.m.Cols = cols
	}
}

// Reserve makes room for n entries, so that adding them moves nothing. It comes before the first entry.
func (b *Builder) Reserve(n int, arena *mmap.Arena) {
	b.m.ColIdx, b.m.Val, b.m.arena = mmap.Make[int32](arena, n)[:0], mmap.Make[float32](arena, n)[:0], arena
}

// Add puts value v at column j of the open row. When the row has j already the values add up and the entry moves to
// the end of the row, because its latest occurrence is the one that dates it.
func (b *Builder) Add(j int32, v float32) {
	if j < 0 || int(j) >= b.m.Cols {
		if b.bad == nil {
			b.bad = fmt.Errorf("row %d: column %d lies outside 0…%d", len(b.m.RowPtr)-1, j, b.m.Cols-1)
		}
		return
	}
	if p := b.at[j] - 1; p >= b.from && p < len(b.m.ColIdx) && b.m.ColIdx[p] == j {
		v += b.m.Val[p]
		b.m.ColIdx[p] = -1
	}
	b.m.ColIdx = append(b.m.ColIdx, j)
	b.m.Val = append(b.m.Val, v)
	b.at[j] = len(b.m.ColIdx)
}

// Entries is the number of entries of the closed rows and those added to the open one.
func (b *Builder) Entries() int { return len(b.m.ColIdx) }

// EndRow closes the open row. It reports the first column out of range or value that is not finite.
func (b *Builder) EndRow() error {
	if b.bad != nil {
		return b.bad
	}
	to := b.from
	for p := b.from; p < len(b.m.ColIdx); p++ {
		if b.m.ColIdx[p] < 0 {
			continue
		}
		if !finite(b.m.Val[p]) {
			return fmt.Errorf("row %d, column %d: the value is %v, want a finite number", len(b.m.RowPtr)-1, b.m.ColIdx[p], b.m.Val[p])
		}
		b.m.ColIdx[to], b.m.Val[to] = b.m.ColIdx[p], b.m.Val[p]
		to++
	}
	b.m.ColIdx, b.m.Val = b.m.ColIdx[:to], b.m.Val[:to]
	b.m.RowPtr = append(b.m.RowPtr, to)
	b.from = to
	return nil
}

// Matrix returns what was built. The builder must not be used afterwards.
func (b *Builder) Matrix() *Matrix {
	b.m.Rows = len(b.m.RowPtr) - 1
	return &b.m
}
