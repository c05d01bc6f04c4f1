// Package room keeps the peak of memory of a recompute near what it needs at once.
//
// Left to itself the garbage collector lets as much garbage gather as there is live data. A recompute makes matrix after matrix and lists
// after lists, each a large part of all that lives, so its peak would be twice what it needs. They hold no pointers: a collection before a
// large one is made costs next to nothing beside filling it.
package room

import "runtime"

// large is the size from which on a collection is worth its cost.
const large = 16 << 20

// For is called before so many bytes are made, or after so many were given up.
func For(bytes int) {
	if bytes >= large {
		runtime.GC()
	}
}
