package mmap

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// mapFile maps a new file of size bytes. Its blocks are there from the start, so that a full disk is an error here and
// not a fault later; it has no name, so that nothing is left of it after a crash.
func mapFile(size int) (_ file, err error) {
	f, err := os.CreateTemp("", "aisle-array-*")
	if err != nil {
		return file{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return file{}, err
	}
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(size)); err != nil {
		return file{}, fmt.Errorf("make a temporary file of %d bytes: %w", size, err)
	}
	mapped, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return file{}, fmt.Errorf("map a temporary file of %d bytes: %w", size, err)
	}
	return file{f, mapped}, nil
}

func unmap(mapped []byte) error { return syscall.Munmap(mapped) }

const (
	// trimEvery is how often what is resident is looked at, and trimFrom so many bytes of it are given back.
	trimEvery = 100 * time.Millisecond
	trimFrom  = 128 << 20
)

// keepTrimming gives the pages of the arena back whenever many have come together, until stop is called. They stay in
// the system's page cache as long as it has room, so that those in use come back without being read: the process holds
// what it works on, not all that it ever touched.
func (a *Arena) keepTrimming() (stop func()) {
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		tick := time.NewTicker(trimEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if residentFiles() > trimFrom {
					a.trim()
				}
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

func (a *Arena) trim() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.files {
		// Advice: a system that does not take it keeps the pages.
		_ = syscall.Madvise(f.mapped, syscall.MADV_DONTNEED)
	}
}

// residentFiles is how many bytes of mapped files are resident in the process, its program included.
func residentFiles() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text) // size, resident, shared, …
	if len(fields) < 3 {
		return 0
	}
	pages, err := strconv.Atoi(string(fields[2]))
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}
