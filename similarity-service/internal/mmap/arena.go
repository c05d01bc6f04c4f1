// Package mmap makes arrays of numbers whose memory is a temporary file, mapped into the address space: the system keeps
// the pages that are in use and writes the others back, so that matrices and lists may be larger than the memory that a
// recompute is given. Where there is no such file, for want of room or on other systems than Linux, arrays are made as
// usual.
package mmap

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/aisle-rec/aisle/similarity-service/internal/garbage"
)

// smallest is the size in bytes from which on an array gets a file.
const smallest = 16 << 20

// Allocator returns so many zeroed bytes for an array, nil when it has none. Nil is ordinary memory.
type Allocator func(bytes int) []byte

// Make returns n zeros, from alloc when they are many.
func Make[T int32 | float32](alloc Allocator, n int) []T {
	bytes := n * int(unsafe.Sizeof(T(0)))
	if alloc != nil && bytes >= smallest {
		if region := alloc(bytes); region != nil {
			return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(region))), n)
		}
	}
	garbage.Before(bytes)
	return make([]T, n)
}

// Arena holds the arrays of one recompute, which all end with it. It is safe for concurrent use.
type Arena struct {
	mu      sync.Mutex
	regions [][]byte
	warn    func(error) // nil once it was told
	stop    func()      // ends the trimming of what is resident
}

// NewArena returns an empty arena. warn is told, once, why arrays stay in memory.
func NewArena(warn func(error)) *Arena { return &Arena{warn: warn} }

// Allocator gives each array a file of its own. Arrays may not be used after a's Close. That of a nil arena is nil.
func (a *Arena) Allocator() Allocator {
	if a == nil {
		return nil
	}
	return a.region
}

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
	a.regions = append(a.regions, region)
	if a.stop == nil {
		a.stop = a.keepTrimming()
	}
	return region
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
	for _, region := range a.regions {
		errs = append(errs, unmap(region))
	}
	a.regions, a.stop = nil, nil
	return errors.Join(errs...)
}
