package mmap

import (
	"slices"
	"testing"
)

// TestAReaderMakesNothingResident reads a part of each fourth page of an array in a file, and of one in memory.
func TestAReaderMakesNothingResident(t *testing.T) {
	a := NewArena(func(err error) { t.Error(err) })
	const n = 4 * smallest
	array := Make[int32](a, n)
	for p := range array {
		array[p] = int32(p)
	}
	inFile, inMemory := NewReader(a, array), NewReader(nil, []int32{5, 6, 7})
	a.trim()
	before := residentFiles()
	for from := 0; from < n; from += 4096 {
		if got := inFile.Part(from, from+8); got[0] != int32(from) || got[7] != int32(from+7) {
			t.Fatalf("from %d on are read %v", from, got)
		}
	}
	if more := residentFiles() - before; more > smallest {
		t.Errorf("reading all over an array of %d MB made %d MB of it resident", 4*n>>20, more>>20)
	}
	if got := inMemory.Part(1, 3); !slices.Equal(got, []int32{6, 7}) {
		t.Errorf("read in memory are %v", got)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
