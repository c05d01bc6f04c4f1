// Package changes tells whether anything that a visitor's profile is made of has changed since a moment, for the price of reading one number of the
// database: the last seq of the shop. What lies between the last look and that number is read once, for all visitors, and remembered by subject. It
// sees what every replica has committed. The main type is Log.
package changes

import (
	"context"
	"sync"
	"time"
)

const (
	// remembered is how many subjects a shop's log holds in each of its two generations.
	remembered = 100_000
	// longestTail is how many numbers are looked through; beyond it, as after an import, everybody counts as changed.
	longestTail = 50_000
	// longestSilence is how long ago the last look may be. Changes of people are kept for longer than that.
	longestSilence = 15 * time.Minute
)

// Store is the port to the database; see store.EventLog.
type Store interface {
	LastSeq(ctx context.Context, shop string) (int64, error)
	Changed(ctx context.Context, shop string, after, upTo int64, f func(seq, subjectHash int64)) error
}

// Log is safe for concurrent use.
type Log struct {
	store Store
	now   func() time.Time

	mu    sync.Mutex
	shops map[string]*shopLog
}

// NewLog returns a log that knows nothing yet.
func NewLog(s Store, now func() time.Time) *Log {
	return &Log{store: s, now: now, shops: map[string]*shopLog{}}
}

// Since reports whether any of the subjects (by event.Hash) has changed after seq. It may say so of subjects that have not, never the other way round.
func (l *Log) Since(ctx context.Context, shop string, seq int64, subjects []int64) (bool, error) {
	last, err := l.store.LastSeq(ctx, shop)
	if err != nil {
		return true, err
	}
	if last == seq {
		return false, nil
	}
	s := l.shop(shop)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(ctx, l, shop, last); err != nil {
		return true, err
	}
	return s.changed(seq, subjects), nil
}

func (l *Log) shop(name string) *shopLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.shops[name]
	if !ok {
		s = &shopLog{}
		l.shops[name] = s
	}
	return s
}

// shopLog remembers the last change of each subject with a seq in (floor, upTo].
type shopLog struct {
	mu            sync.Mutex
	floor, upTo   int64
	looked        time.Time
	recent, older map[int64]int64 // subject hash → seq
	olderUpTo     int64           // no change in older has a higher seq
}

func (s *shopLog) catchUp(ctx context.Context, l *Log, shop string, last int64) error {
	now := l.now()
	switch {
	case last <= s.upTo:
		return nil
	case s.recent == nil || last-s.upTo > longestTail || now.Sub(s.looked) > longestSilence:
		s.floor, s.recent, s.older = last, map[int64]int64{}, nil
	default:
		err := l.store.Changed(ctx, shop, s.upTo, last, func(seq, subject int64) { s.recent[subject] = max(s.recent[subject], seq) })
		if err != nil {
			return err
		}
	}
	s.upTo, s.looked = last, now
	if len(s.recent) > remembered {
		if s.older != nil {
			s.floor = s.olderUpTo
		}
		s.older, s.olderUpTo, s.recent = s.recent, last, map[int64]int64{}
	}
	return nil
}

func (s *shopLog) changed(seq int64, subjects []int64) bool {
	if seq < s.floor {
		return true
	}
	for _, subject := range subjects {
		if s.recent[subject] > seq || s.older[subject] > seq {
			return true
		}
	}
	return false
}
