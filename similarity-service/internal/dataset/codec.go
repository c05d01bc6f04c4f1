package dataset

import (
	"encoding/gob"
	"fmt"
	"io"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// codecVersion is that of what [Write] writes, which lives as long as the job that one process gives others a part of.
//
// Changes of the format: 1, the first; 2, with Together; 3, with Rated.
const codecVersion = 3

// coded is a data set as it is written: what models are made from, and not what was found out about files.
type coded struct {
	Version      int
	Relation     string
	Items        []string
	Train        *csr.Matrix
	Ordered      bool
	Together     csr.Marks
	RowTimes     []int64
	Until        int64
	Liked        float32
	Rated        bool
	Sessions     [][]int32
	Tests        []Case
	CappedRecall bool
}

// Write writes a data set for [Read], without the counts and notes of the files that it is from.
func Write(w io.Writer, d *Data) error {
	c := coded{
		codecVersion, d.Relation, d.Items.IDs(), d.Train, d.Ordered, d.Together, d.RowTimes, d.Until, d.Liked, d.Rated, d.Sessions,
		d.Tests, d.CappedRecall,
	}
	if err := gob.NewEncoder(w).Encode(c); err != nil {
		return fmt.Errorf("write a data set: %w", err)
	}
	return nil
}

// Read reads a data set. Models that are made from it are those that are made from what was written.
func Read(r io.Reader) (*Data, error) {
	var c coded
	if err := gob.NewDecoder(r).Decode(&c); err != nil {
		return nil, fmt.Errorf("read a data set: %w", err)
	}
	if c.Version != codecVersion {
		return nil, fmt.Errorf("a data set is of version %d, want %d: the process that wrote it is of another release",
			c.Version, codecVersion)
	}
	items, err := idmap.New(c.Items)
	if err != nil {
		return nil, fmt.Errorf("read a data set: %w", err)
	}
	if c.Train != nil {
		if c.Train.RowPtr == nil { // without rows
			c.Train.RowPtr = []int{0}
		}
		if err := c.Train.Validate(); err != nil {
			return nil, fmt.Errorf("read a data set: %w", err)
		}
	}
	return &Data{
		Relation: c.Relation, Items: items, Train: c.Train, Ordered: c.Ordered, Together: c.Together, RowTimes: c.RowTimes,
		Until: c.Until, Liked: c.Liked, Rated: c.Rated, Sessions: c.Sessions, Tests: c.Tests, CappedRecall: c.CappedRecall,
	}, nil
}
