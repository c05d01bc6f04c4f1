// Package room keeps the peak of memory of a recompute near what it needs at once.
//
// Left to itself the garbage collector lets as much garbage gather as there is live data. A recompute makes matrix after matrix and lists
// after lists, each a large part of all that lives, so its peak would be twice what it needs. They hold no pointers: a collection before a
// large one is made costs next to nothing beside filling it.
package room

import (
	"runtime"
	"runtime/debug"
)

// large is the size from which on a collection is worth its cost.
const large = 16 << 20

// For is called before so many bytes are made, or after so many became garbage.
func For(bytes int) {
	if bytes >= large {
		runtime.GC()
	}
}

// GiveBack is called after so many bytes of small things were given up. What is free between small things has no place for a large one, so that it goes
// back to the system, which gives it again in one piece.
func GiveBack(bytes int) {
	if bytes >= large {
		debug.FreeOSMemory()
	}
}
