package serving

import (
	"strings"
	"time"
)

// versionTime is how the name of a version says when it was made.
const versionTime = "20060102T150405.000"

// VerdictUnknown stands for what the gate said of a model when it was not asked.
const VerdictUnknown = "unknown"

// Verdicts returns what the gate may have said of a live model; one that was refused serves since somebody published it all the same.
func Verdicts() []string { return []string{"passed", "unmeasured", "refused", VerdictUnknown} }

// Age says how many shops have a live model of a relation, by verdict, and how long ago the oldest of those was made.
type Age struct {
	Shops  map[string]int
	Oldest time.Duration
}

// Ages returns the ages of live models by relation, over all shops that this process has looked at.
func (r *Registry) Ages() map[string]Age {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now, ages := r.now(), map[string]Age{}
	for _, relations := range r.live {
		for relation, s := range relations {
			made, ok := madeAt(relation, s.version)
			if !ok {
				continue
			}
			a := ages[relation]
			if a.Shops == nil {
				a.Shops = map[string]int{}
			}
			a.Shops[s.verdict]++
			ages[relation] = Age{a.Shops, max(a.Oldest, now.Sub(made))}
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
