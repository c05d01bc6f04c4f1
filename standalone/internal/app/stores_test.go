package app

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func TestKeysOfTheInProcessRedisExpireInTheirTime(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ticks, stop := make(chan time.Time), make(chan struct{})
	go expireKeys(m, start, ticks, stop)
	defer func() { stop <- struct{}{} }()
	// A tick is taken only when the one before is done with, so the same one again waits for it.
	moveTo := func(after time.Duration) {
		for range 2 {
			ticks <- start.Add(after)
		}
	}
	if err := m.Set("lock", "job"); err != nil {
		t.Fatal(err)
	}
	m.SetTTL("lock", 30*time.Second)
	if err := m.Set("model", "live"); err != nil {
		t.Fatal(err)
	}
	moveTo(29 * time.Second)
	if !m.Exists("lock") || m.TTL("lock") != time.Second {
		t.Fatalf("after 29 s of 30 the lock exists: %v, for %s", m.Exists("lock"), m.TTL("lock"))
	}
	m.SetTTL("lock", 30*time.Second) // as a running job does
	moveTo(58 * time.Second)
	if !m.Exists("lock") {
		t.Fatal("a lock that was prolonged ran out")
	}
	moveTo(59 * time.Second)
	if m.Exists("lock") || !m.Exists("model") {
		t.Fatalf("30 s after it was prolonged the lock exists: %v; a key without a time: %v", m.Exists("lock"), m.Exists("model"))
	}
}
