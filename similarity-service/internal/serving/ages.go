package serving

import (
	"strings"
	"time"
)

// versionTime is how the name of a version says when it was made.
const versionTime = "20060102T150405.000"

// Age says how many shops have a live model of a relation and how long ago the oldest of those was made.
type Age struct {
	Shops  int
	Oldest time.Duration
}

// Ages returns the ages of live models by relation, over all shops that this process has looked at.
func (r *Registry) Ages() map[string]Age {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now, ages := r.now(), map[string]Age{}
	for _, relations := range r.live {
		for relation, version := range relations {
			made, ok := madeAt(relation, version)
			if !ok {
				continue
			}
			a := ages[relation]
			ages[relation] = Age{a.Shops + 1, max(a.Oldest, now.Sub(made))}
		}
	}
	return ages
}

// madeAt reads from the name of a version, as Store gives it, when it was made.
func madeAt(relation, version string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(version, relation+"-")
	if !ok || len(rest) < len(versionTime) {
		return time.Time{}, false
	}
	at, err := time.Parse(versionTime, rest[:len(versionTime)])
	return at, err == nil
}
