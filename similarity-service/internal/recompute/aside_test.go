package recompute

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
)

// large is a matrix of ones that is worth a file.
func large() *csr.Matrix {
	const rows, each = asideFrom / 1024, 1024
	m := &csr.Matrix{Rows: rows, Cols: 2 * each, RowPtr: make([]int, rows+1), ColIdx: make([]int32, rows*each)}
	for u := range rows {
		m.RowPtr[u+1] = (u + 1) * each
		for p := range each {
			m.ColIdx[u*each+p] = int32(p + u%each)
		}
	}
	return m
}

func TestWhatIsPutAsideComesBack(t *testing.T) {
	t.Parallel()
	m := large()
	p := &prepare.Prepared{Full: &dataset.Data{Train: m}, Split: &dataset.Data{Train: &csr.Matrix{}}}
	back, drop := (&Recomputer{Logger: slog.New(slog.DiscardHandler)}).aside(p, "default", "similar")
	defer drop()
	if p.Full.Train != nil {
		t.Error("the matrix is still in memory")
	}
	if err := back(); err != nil {
		t.Fatal(err)
	}
	if got := p.Full.Train; got.Rows != m.Rows || got.Val != nil || !slices.Equal(got.ColIdx, m.ColIdx) || !slices.Equal(got.RowPtr, m.RowPtr) {
		t.Error("another matrix came back")
	}
}

func TestWhatTheSearchNeedsIsNotPutAside(t *testing.T) {
	t.Parallel()
	p := &prepare.Prepared{Full: &dataset.Data{Train: large()}}
	p.Split = untested(p.Full)
	_, drop := (&Recomputer{}).aside(p, "default", "similar")
	drop()
	if p.Full.Train == nil || p.Split.Train == nil {
		t.Error("the search has nothing to learn from")
	}
}

func TestWithoutRoomForTheFileEverythingStaysInMemoryAndSaysSo(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	var log bytes.Buffer
	p := &prepare.Prepared{Full: &dataset.Data{Train: large()}, Split: &dataset.Data{}}
	back, drop := (&Recomputer{Logger: slog.New(slog.NewTextHandler(&log, nil))}).aside(p, "default", "similar")
	defer drop()
	if err := back(); err != nil || p.Full.Train == nil {
		t.Errorf("the matrix is gone (%v)", err)
	}
	if !strings.Contains(log.String(), "stay in memory") {
		t.Errorf("nothing was said: %q", log.String())
	}
}
