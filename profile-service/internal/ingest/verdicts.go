package ingest

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The bounds of what is remembered: the latest verdicts of a shop, and for so many shops.
const (
	maxVerdicts = 100
	maxShops    = 256
	maxText     = 256 // bytes of a type or id
	maxErrors   = 20  // of one event
)

// verdictLog remembers the latest verdicts that were not plain acceptance, in the memory of this process: whoever builds a sender sees what
// is wrong with what it sends. It holds no visitor and no body.
type verdictLog struct {
	mu     sync.Mutex
	byShop map[string][]profileapi.Verdict // the oldest first
}

func newVerdictLog() *verdictLog { return &verdictLog{byShop: map[string][]profileapi.Verdict{}} }

// add notes the verdicts on events that were refused, warned of or known already.
func (l *verdictLog) add(shop string, now time.Time, events []event.Judged, answer *profileapi.EventsAnswer) {
	var noted []profileapi.Verdict
	for i := len(events) - 1; i >= 0 && len(noted) < maxVerdicts; i-- {
		if r := &answer.Results[i]; r.Status != profileapi.StatusAccepted || len(r.Warnings) > 0 {
			v := profileapi.Verdict{At: wire.TimeOf(now), Type: truncated(events[i].Event.Type), Result: *r}
			v.ID, v.Errors, v.Warnings = truncated(v.ID), few(v.Errors), few(v.Warnings)
			noted = append(noted, v)
		}
	}
	if len(noted) == 0 {
		return
	}
	slices.Reverse(noted)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.byShop[shop]; !known && len(l.byShop) >= maxShops {
		for other := range l.byShop {
			delete(l.byShop, other)
			break
		}
	}
	all := append(l.byShop[shop], noted...)
	l.byShop[shop] = slices.Clone(all[max(0, len(all)-maxVerdicts):])
}

// truncated bounds what a sender can have remembered: what is refused may be as long as a body. It cuts between characters, and copies, so
// that no body is kept for a word of it.
func truncated(text string) string {
	return strings.ToValidUTF8(strings.Clone(text[:min(len(text), maxText)]), "")
}

// few keeps the first of what was found wrong with one event.
func few(list []profileapi.FieldError) []profileapi.FieldError {
	return slices.Clone(list[:min(len(list), maxErrors)])
}

// Verdicts returns the latest verdicts of a shop that were not plain acceptance, the newest first, of events that this process received.
func (in *Ingest) Verdicts(shop string) []profileapi.Verdict {
	in.verdictLog.mu.Lock()
	defer in.verdictLog.mu.Unlock()
	list := slices.Clone(in.verdictLog.byShop[shop])
	slices.Reverse(list)
	return list
}
