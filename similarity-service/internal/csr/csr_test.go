package csr_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

func ExampleFromRows() {
	m, _ := csr.FromRows([][]int32{{2, 0}, {}, {2}}, 3)
	items, _ := m.Transpose().Row(2)
	fmt.Println(m.NNZ(), items)
	// Output: 3 [0 2]
}

func drawRows(t *rapid.T) ([][]int32, int) {
	cols := rapid.IntRange(1, 8).Draw(t, "cols")
	rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Int32Range(0, int32(cols-1)), 0, 12), 0, 8).Draw(t, "rows")
	return rows, cols
}

func TestFromRowsKeepsEachColumnOnceAtItsLastPosition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := drawRows(t)
		m, err := csr.FromRows(rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			want := []int32{}
			for p, j := range row {
				last := true
				for _, later := range row[p+1:] {
					last = last && later != j
				}
				if last {
					want = append(want, j)
				}
			}
			got, _ := m.Row(i)
			if diff := cmp.Diff(want, append([]int32{}, got...)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestTransposeTwiceHoldsTheSameEntries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := drawRows(t)
		b := csr.NewBuilder(0)
		b.Grow(cols)
		for i, row := range rows {
			for p, j := range row {
				b.Add(j, float32(i+p+1))
			}
			if err := b.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
		m := b.Matrix()
		twice := m.Transpose().Transpose()
		for i := range m.Rows {
			if diff := cmp.Diff(entries(m, i), entries(twice, i)); diff != "" {
				t.Fatal(diff)
			}
		}
		if diff := cmp.Diff(m.ColMass(), m.Transpose().RowMass()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func entries(m *csr.Matrix, i int) map[int32]float32 {
	out := map[int32]float32{}
	idx, val := m.Row(i)
	for p, j := range idx {
		out[j] = val[p]
	}
	return out
}

func TestLatest(t *testing.T) {
	t.Parallel()
	m, err := csr.FromRows([][]int32{{0, 1, 2}, {3}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("keeps the end of long rows", func(t *testing.T) {
		t.Parallel()
		got, _ := m.Latest(2).Row(0)
		if diff := cmp.Diff([]int32{1, 2}, got); diff != "" {
			t.Fatal(diff)
		}
	})
	t.Run("returns the matrix itself when nothing is cut", func(t *testing.T) {
		t.Parallel()
		if m.Latest(3) != m || m.Latest(0) != m {
			t.Fatal("a copy was made")
		}
	})
}

func TestOnlySomeRows(t *testing.T) {
	t.Parallel()
	m, err := csr.FromRows([][]int32{{0, 1}, {2}, {3, 0}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := csr.FromRows([][]int32{{0, 1}, {}, {3, 0}}, 4)
	got := m.Only([]int32{2, 0})
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(csr.Matrix{})); diff != "" {
		t.Error(diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := csr.FromRows([][]int32{{0, 7}}, 3); err == nil {
		t.Error("a column out of range was taken")
	}
	b := csr.NewBuilder(1)
	b.Add(0, float32(math.NaN()))
	if err := b.EndRow(); err == nil {
		t.Error("a NaN value was taken")
	}
	broken := &csr.Matrix{Rows: 1, Cols: 2, RowPtr: []int{0, 2}, ColIdx: []int32{1, 1}}
	if err := broken.Validate(); err == nil {
		t.Error("a column named twice was taken")
	}
}
