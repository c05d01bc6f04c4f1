package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aisle-rec/aisle/shared/readiness"
)

// probeBytes is what a probe writes: more than the commit of an event.
const probeBytes = 64 << 10

// Room reports why nothing can be written into a folder now: it writes a file and removes it.
func Room(folder string) error {
	f, err := os.CreateTemp(folder, ".probe-*")
	if err != nil {
		return roomProblem(err)
	}
	_, err = f.Write(make([]byte, probeBytes))
	if err == nil {
		err = f.Sync()
	}
	return roomProblem(errors.Join(err, f.Close(), os.Remove(f.Name())))
}

// roomProblem says what is wrong in an operator's words; nil for nothing.
func roomProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case FaultOf(err) == DiskFull:
		return fmt.Errorf("no room is left on the disk: free or add some (%w)", err)
	}
	return fmt.Errorf("it cannot be written: %w", err)
}

// Ready says for /readyz whether the database of a URL answers, and, where it is a file, whether there is room for it to grow.
func Ready(ctx context.Context, url string, ping func(context.Context) error) readiness.Part {
	p := readiness.Part{Name: "database", Err: ping(ctx)}
	if p.Err == nil && !IsPostgres(url) {
		p.Err = Room(filepath.Dir(SQLitePath(url)))
	}
	return p
}
