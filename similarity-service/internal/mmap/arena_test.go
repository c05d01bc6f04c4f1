package mmap

import (
	"os"
	"runtime"
	"slices"
	"testing"
)

// TestArraysLieInFiles fills arrays larger than what is trimmed, one of each kind, and reads them back after their pages were given back.
func TestArraysLieInFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("arrays lie in files on Linux only")
	}
	a := NewArena(func(err error) { t.Error(err) })
	const n = smallest / 4
	whole, parts := Make[int32](a, n), Make[float32](a, n)
	if len(a.files) != 2 || slices.Max(whole) != 0 {
		t.Fatalf("%d arrays of 2 lie in files; they begin with zeros up to %d", len(a.files), slices.Max(whole))
	}
	for p := range whole {
		whole[p], parts[p] = int32(p), float32(p)/4
	}
	a.trim()
	for p := range whole {
		if whole[p] != int32(p) || parts[p] != float32(p)/4 {
			t.Fatalf("at %d are %d and %v after the pages were given back", p, whole[p], parts[p])
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestArraysStayInMemory has three ways to come to no file: too little, no arena, and no place for files, which is told once.
func TestArraysStayInMemory(t *testing.T) {
	told := 0
	a := NewArena(func(error) { told++ })
	if Make[int32](a, 10); len(a.files) != 0 {
		t.Error("ten numbers have a file of their own")
	}
	if got := Make[float32](nil, smallest); len(got) != smallest {
		t.Errorf("without an arena there are %d numbers of %d", len(got), smallest)
	}
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.Remove(os.Getenv("TMPDIR")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := Make[float32](a, smallest); len(got) != smallest || len(a.files) != 0 {
			t.Errorf("without a place for files there are %d numbers of %d, %d arrays in files", len(got), smallest, len(a.files))
		}
	}
	if runtime.GOOS == "linux" && told != 1 {
		t.Errorf("told %d times, want once", told)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
