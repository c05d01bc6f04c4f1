package sessions

import (
	"fmt"
	"math"
	"slices"
)

// index holds the training sessions, oldest first, in flat arrays, and for every item the sessions that contain it.
// It costs about 10 bytes per click and 16 per session.
type index struct {
	items  int
	start  []int32 // sessions+1 offsets into clicks
	clicks []int32
	times  []int64 // per session, nil when not known
	age    []float64

	postStart   []int32 // items+1 offsets into the postings
	postSession []int32 // newest session first, each session once per item
	postClick   []uint16
}

func (ix *index) sessions() int { return len(ix.start) - 1 }

func (ix *index) session(s int32) []int32 { return ix.clicks[ix.start[s]:ix.start[s+1]] }

// support is the number of sessions that contain the item.
func (ix *index) support(item int32) int { return int(ix.postStart[item+1] - ix.postStart[item]) }

// newIndex copies the latest maxSession clicks of every session. times is nil or holds one time per session, not
// decreasing, in any unit.
func newIndex(train [][]int32, times []int64, items, maxSession int) (*index, error) {
	if items < 0 || items > math.MaxInt32-1 {
		return nil, fmt.Errorf("items is %d: give 0 to %d", items, math.MaxInt32-1)
	}
	if times != nil && len(times) != len(train) {
		return nil, fmt.Errorf("%d times for %d sessions: give one per session or none", len(times), len(train))
	}
	if times != nil && !slices.IsSorted(times) {
		return nil, fmt.Errorf("session times go backwards: sort the sessions oldest first")
	}
	ix := &index{items: items, times: slices.Clone(times), start: make([]int32, 1, len(train)+1)}
	for s, session := range train {
		for n, item := range session {
			if item < 0 || int(item) >= items {
				return nil, fmt.Errorf("session %d, click %d: item %d is outside 0 to %d", s, n, item, items-1)
			}
		}
		session = session[max(0, len(session)-maxSession):]
		if len(ix.clicks)+len(session) > math.MaxInt32 {
			return nil, fmt.Errorf("session %d: more than %d clicks in all: pass only the newer sessions", s, math.MaxInt32)
		}
		ix.clicks = append(ix.clicks, session...)
		ix.start = append(ix.start, int32(len(ix.clicks)))
	}
	ix.setAges()
	ix.setPostings()
	return ix, nil
}

// setAges spreads sessions over [0, 1] by time, or by rank when times are missing or all the same.
func (ix *index) setAges() {
	n := ix.sessions()
	ix.age = make([]float64, n)
	byTime := n > 1 && ix.times != nil && ix.times[n-1] > ix.times[0]
	for s := range ix.age {
		switch {
		case byTime:
			newest := float64(ix.times[n-1])
			ix.age[s] = (newest - float64(ix.times[s])) / (newest - float64(ix.times[0]))
		case n > 1:
			ix.age[s] = float64(n-1-s) / float64(n-1)
		}
	}
}

// setPostings lists for every item its sessions newest first, with the item's last position in each.
func (ix *index) setPostings() {
	last := make([]int32, ix.items)
	for i := range last {
		last[i] = -1
	}
	ix.postStart = make([]int32, ix.items+1)
	each := func(visit func(item, session int32, click int)) {
		for s := int32(ix.sessions()) - 1; s >= 0; s-- {
			session := ix.session(s)
			for c := len(session) - 1; c >= 0; c-- {
				if item := session[c]; last[item] != s {
					last[item] = s
					visit(item, s, c)
				}
			}
		}
	}
	each(func(item, _ int32, _ int) { ix.postStart[item+1]++ })
	for i := range ix.items {
		ix.postStart[i+1] += ix.postStart[i]
		last[i] = -1
	}
	next := slices.Clone(ix.postStart[:ix.items])
	ix.postSession = make([]int32, ix.postStart[ix.items])
	ix.postClick = make([]uint16, ix.postStart[ix.items])
	each(func(item, session int32, click int) {
		ix.postSession[next[item]], ix.postClick[next[item]] = session, uint16(click)
		next[item]++
	})
}
