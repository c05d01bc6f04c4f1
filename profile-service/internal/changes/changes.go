// Package changes tells whether anything that a visitor's profile is made of has changed since a moment, for the price of reading one number of the
// database: the last seq of the shop. What lies between the last look and that number is read once, for all visitors, and remembered by subject. It
// sees what every replica has committed. Where the database keeps that number at hand, an answer that is known needs no wait at all. The main type is Log.
package changes

import (
	"context"
	"maps"
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
	KnownSeq(shop string) (int64, bool)
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
	if err := s.catchUp(ctx, l, shop, last); err != nil {
		return true, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed(seq, subjects), nil
}

// Unchanged reports that none of the subjects has changed after seq, if that is known without waiting for anything; if not, Since finds out.
func (l *Log) Unchanged(shop string, seq int64, subjects []int64) bool {
	last, known := l.store.KnownSeq(shop)
	if !known || last == seq {
		return known
	}
	s := l.shop(shop)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.upTo >= last && !s.changed(seq, subjects)
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
	reading sync.Mutex // held while the database is read; who holds it is the only one to change what follows

	mu            sync.RWMutex // of what follows; never held while waiting
	floor, upTo   int64
	looked        time.Time
	recent, older map[int64]int64 // subject hash → seq
	olderUpTo     int64           // no change in older has a higher seq
}

// catchUp reads what lies between the last look and last.
func (s *shopLog) catchUp(ctx context.Context, l *Log, shop string, last int64) error {
	if s.knows(last) {
		return nil
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.knows(last) {
		return nil
	}
	now := l.now()
	if s.recent == nil || last-s.upTo > longestTail || now.Sub(s.looked) > longestSilence {
		s.restart(last, now)
		return nil
	}
	changed := map[int64]int64{}
	err := l.store.Changed(ctx, shop, s.upTo, last, func(seq, subject int64) { changed[subject] = max(changed[subject], seq) })
	if err == nil {
		s.add(changed, last, now)
	}
	return err
}

func (s *shopLog) knows(seq int64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return seq <= s.upTo
}

// restart forgets everything: before last everybody counts as changed.
func (s *shopLog) restart(last int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor, s.recent, s.older = last, map[int64]int64{}, nil
	s.upTo, s.looked = last, now
}

// add notes the changes in (s.upTo, last].
func (s *shopLog) add(changed map[int64]int64, last int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.recent, changed)
	s.upTo, s.looked = last, now
	if len(s.recent) > remembered {
		if s.older != nil {
			s.floor = s.olderUpTo
		}
		s.older, s.olderUpTo, s.recent = s.recent, last, map[int64]int64{}
	}
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
