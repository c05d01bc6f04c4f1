package cacheclock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/shared/cacheclock"
)

// An entry ends when it is to, though what has ended is dropped half a minute later.
func TestEntriesEndOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := otter.Must(&otter.Options[string, int]{
			Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[string, int](10 * time.Second),
		})
		defer cache.StopAllGoroutines()
		cache.Set("a", 1)
		time.Sleep(9 * time.Second)
		if got, ok := cache.GetIfPresent("a"); !ok || got != 1 {
			t.Fatalf("after 9 of 10 seconds: %d, %v", got, ok)
		}
		time.Sleep(2 * time.Second)
		if _, ok := cache.GetIfPresent("a"); ok {
			t.Fatal("an entry of 10 seconds is read after 11")
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := cache.EstimatedSize(); n != 0 {
			t.Fatalf("%d entries are kept after half a minute more", n)
		}
	})
}
