// Package garbage keeps the peak of memory of a recompute near what it needs at once.
//
// Left to itself the garbage collector lets as much garbage gather as there is live data. A recompute makes matrix after matrix and lists
// after lists, each a large part of all that lives, so its peak would be twice what it needs. They hold no pointers: a collection before a
// large one is made costs next to nothing beside filling it.
package garbage

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// large is the size from which on a collection is worth its cost.
const large = 16 << 20

// Before is called before so many bytes are made, or after so many became garbage.
func Before(bytes int) {
	if bytes >= large {
		runtime.GC()
	}
}

// Return is called after so many bytes of small things were given up. What is free between small things has no place for a large one, so
// that it goes back to the system, which gives it again in one piece.
func Return(bytes int) {
	if bytes >= large {
		debug.FreeOSMemory()
	}
}

// early counts who has asked for early collection, and knows the percentage of before.
var early struct {
	sync.Mutex
	holders, before int
}

// earlyPercent of garbage beside what lives sets off a collection while somebody asks for it. On 20 million interactions the usual 100
// takes half as much memory again.
const earlyPercent = 25

// CollectEarly has garbage collected early until the function that it returns is called. It is for work on few large things, whose
// collection costs little.
func CollectEarly() (release func()) {
	early.Lock()
	defer early.Unlock()
	if early.holders++; early.holders == 1 {
		if early.before = debug.SetGCPercent(earlyPercent); early.before >= 0 && early.before < earlyPercent {
			debug.SetGCPercent(early.before) // somebody asked for less already
		}
	}
	return sync.OnceFunc(func() {
		early.Lock()
		defer early.Unlock()
		if early.holders--; early.holders == 0 {
			debug.SetGCPercent(early.before)
		}
	})
}
