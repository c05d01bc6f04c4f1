package csr_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

func TestASpilledMatrixComesBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := drawRows(t)
		m, err := csr.FromRows(rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "weighted") {
			m.Val = make([]float32, m.NNZ())
			for p := range m.Val {
				m.Val[p] = rapid.Float32Range(-8, 8).Draw(t, "value")
			}
		}
		spilled, err := csr.Spill(m, folder)
		if err != nil {
			t.Fatal(err)
		}
		back, err := spilled.Load()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, back); diff != "" {
			t.Fatal(diff)
		}
		if err := spilled.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%d files left behind (%v)", len(left), err)
	}
}

func TestALargeSpilledMatrixComesBack(t *testing.T) {
	t.Parallel()
	rows := make([][]int32, 50_000) // more pointers and entries than one block takes
	for u := range rows {
		rows[u] = []int32{int32(u % 977), int32((u + 1 + u%5) % 977), int32((u + 500) % 977)}
	}
	m, err := csr.FromRows(rows, 977)
	if err != nil {
		t.Fatal(err)
	}
	spilled, err := csr.Spill(m, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spilled.Close()
	back, err := spilled.Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Fatal(diff)
	}
}

func TestAMatrixIsNotSpilledIntoAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	m, err := csr.FromRows([][]int32{{0}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := csr.Spill(m, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error")
	}
}
