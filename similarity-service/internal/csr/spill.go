package csr

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"slices"
)

// Spilled is a matrix that lies in a temporary file until it is needed again.
type Spilled struct {
	file                *os.File
	rows, cols, entries int
	weighted            bool // it has values
	sum                 uint32
}

// spillBlock is how many numbers are turned into bytes at a time.
const spillBlock = 1 << 16

// Spill writes m to a file of the given folder ("" means that of the system), 8 bytes an entry or 4 when all are one. The caller closes
// it. Where the system allows it the file has no name any more, so that a crash leaves nothing behind.
func Spill(m *Matrix, folder string) (*Spilled, error) {
	file, err := os.CreateTemp(folder, "aisle-matrix-*")
	if err != nil {
		return nil, fmt.Errorf("spill a matrix of %d entries: %w", m.NNZ(), err)
	}
	_ = os.Remove(file.Name()) // Windows keeps an open file: Close takes it away
	s := &Spilled{file: file, rows: m.Rows, cols: m.Cols, entries: m.NNZ(), weighted: m.Val != nil}
	sum := crc32.NewIEEE()
	w := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<20)
	pointers := make([]int64, len(m.RowPtr))
	for i, p := range m.RowPtr {
		pointers[i] = int64(p)
	}
	if err := errors.Join(putColumn(w, pointers), putColumn(w, m.ColIdx), putColumn(w, m.Val), w.Flush()); err != nil {
		return nil, fmt.Errorf("spill a matrix of %d entries: %w", m.NNZ(), errors.Join(err, s.Close()))
	}
	s.sum = sum.Sum32()
	return s, nil
}

// Load reads the matrix back. What comes back is what was written, or an error.
func (s *Spilled) Load() (*Matrix, error) {
	m := &Matrix{Rows: s.rows, Cols: s.cols, RowPtr: make([]int, s.rows+1), ColIdx: make([]int32, s.entries)}
	if s.weighted {
		m.Val = make([]float32, s.entries)
	}
	sum := crc32.NewIEEE()
	r := io.TeeReader(bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 1<<20), sum)
	pointers := make([]int64, len(m.RowPtr))
	err := errors.Join(takeColumn(r, pointers), takeColumn(r, m.ColIdx), takeColumn(r, m.Val), s.check(sum))
	if err != nil {
		return nil, fmt.Errorf("read back a spilled matrix of %d entries: %w", s.entries, err)
	}
	for i, p := range pointers {
		m.RowPtr[i] = int(p)
	}
	return m, nil
}

func (s *Spilled) check(sum hash.Hash32) error {
	if sum.Sum32() != s.sum {
		return errors.New("the file was changed meanwhile")
	}
	return nil
}

// Close gives the file up.
func (s *Spilled) Close() error {
	err := s.file.Close()
	if removed := os.Remove(s.file.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

type number interface{ int32 | int64 | float32 }

func putColumn[T number](w io.Writer, column []T) error {
	var room []byte
	for block := range slices.Chunk(column, spillBlock) {
		var err error
		if room, err = binary.Append(room[:0], binary.LittleEndian, block); err != nil {
			return err
		}
		if _, err := w.Write(room); err != nil {
			return err
		}
	}
	return nil
}

func takeColumn[T number](r io.Reader, column []T) error {
	for block := range slices.Chunk(column, spillBlock) {
		if err := binary.Read(r, binary.LittleEndian, block); err != nil {
			return err
		}
	}
	return nil
}
