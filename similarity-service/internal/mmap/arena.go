// Package mmap makes arrays of numbers whose memory is a temporary file, mapped into the address space: the system keeps
// the pages that are in use and writes the others back, so that matrices and lists may be larger than the memory that a
// recompute is given. Where there is no such file, for want of room or on other systems than Linux, arrays are made as
// usual.
package mmap

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/aisle-rec/aisle/similarity-service/internal/garbage"
)

// smallest is the size in bytes from which on an array gets a file.
const smallest = 16 << 20

// Make returns n zeros, from arena when they are many. A nil arena is ordinary memory.
func Make[T int32 | float32](arena *Arena, n int) []T {
	bytes := n * int(unsafe.Sizeof(T(0)))
	if arena != nil && bytes >= smallest {
		if region := arena.region(bytes); region != nil {
			return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(region))), n)
		}
	}
	garbage.Before(bytes)
	return make([]T, n)
}

// Arena holds the arrays of one recompute, which all end with it. It is safe for concurrent use.
type Arena struct {
	mu    sync.Mutex
	files []file
	warn  func(error) // nil once it was told
	stop  func()      // ends the trimming of what is resident
}

// file is one array and where its bytes lie.
type file struct {
	*os.File
	mapped []byte
}

// NewArena returns an empty arena, whose arrays may not be used after its Close. warn is told, once, why arrays stay in
// memory.
func NewArena(warn func(error)) *Arena { return &Arena{warn: warn} }

func (a *Arena) region(size int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	region, err := mapFile(size)
	if err != nil {
		if a.warn != nil && !errors.Is(err, errors.ErrUnsupported) {
			a.warn(fmt.Errorf("%d MB stay in memory: %w", size>>20, err))
		}
		a.warn = nil
		return nil
	}
	a.files = append(a.files, region)
	if a.stop == nil {
		a.stop = a.keepTrimming()
	}
	return region.mapped
}

// Close gives up all arrays and their files.
func (a *Arena) Close() error {
	if a == nil {
		return nil
	}
	if a.stop != nil {
		a.stop()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, f := range a.files {
		errs = append(errs, unmap(f.mapped), f.Close())
	}
	a.files, a.stop = nil, nil
	return errors.Join(errs...)
}

// Reader reads parts of an array in any order, for one goroutine. Of an array in a file it copies them: at a touch of a
// mapped page the system brings in fifteen others, and an array that is read all over would become resident as a whole.
type Reader[T int32 | float32] struct {
	array []T
	file  *os.File // nil when the array is in memory
	part  []T
}

// NewReader returns a reader of an array that Make returned for arena.
func NewReader[T int32 | float32](arena *Arena, array []T) Reader[T] {
	return Reader[T]{array: array, file: arena.fileOf(unsafe.Pointer(unsafe.SliceData(array)))}
}

// fileOf returns the file of the array at an address, nil when it is in memory.
func (a *Arena) fileOf(array unsafe.Pointer) *os.File {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.files {
		if unsafe.Pointer(unsafe.SliceData(f.mapped)) == array {
			return f.File
		}
	}
	return nil
}

// Part returns array[from:to], which is valid until the next call and may not be changed.
func (r *Reader[T]) Part(from, to int) []T {
	if r.file == nil || from == to {
		return r.array[from:to]
	}
	r.part = slices.Grow(r.part[:0], to-from)[:to-from]
	size := int(unsafe.Sizeof(T(0)))
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(r.part))), size*(to-from))
	if _, err := r.file.ReadAt(raw, int64(size*from)); err != nil {
		return r.array[from:to] // the same bytes, in the mapping
	}
	return r.part
}
