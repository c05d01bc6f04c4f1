package sqlite

import "sync"

// seqs remembers the last seq of each shop, so that asking for it costs no query. It never lags behind a write that was acknowledged: a commit raises it
// before inTx returns, and one whose fate is unknown makes it forget, after which the file is asked again. Seqs only grow, so the higher of two numbers
// is the newer one.
type seqs struct {
	mu   sync.RWMutex
	last map[string]int64
}

func (s *seqs) known(shop string) (int64, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	seq, ok := s.last[shop]
	return seq, ok
}

func (s *seqs) raise(shop string, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[shop] = max(s.last[shop], seq)
}

func (s *seqs) forget(shop string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, shop)
}
