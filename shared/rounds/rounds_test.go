package rounds

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// visits counts the visits of each shop.
type visits struct {
	mu sync.Mutex
	n  map[string]int
}

func (v *visits) add(shop string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n[shop]++
}

// take returns the counts since the last time.
func (v *visits) take() map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.n
	v.n = map[string]int{}
	return n
}

// running starts the rounds of shops and ends them with the test.
func running(t *testing.T, r *Rounds, shops ...string) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx, func() []string { return shops }); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
}

func TestAShopAtRestIsVisitedSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visits{n: map[string]int{}}
		r := &Rounds{Every: time.Second, Idle: 32 * time.Second, AtOnce: 2,
			Visit: func(_ context.Context, shop string) bool { v.add(shop); return shop == "busy" }}
		running(t, r, "busy", "idle")
		time.Sleep(time.Minute)
		v.take()
		time.Sleep(10 * time.Minute)
		n := v.take()
		if n["busy"] < 595 || n["busy"] > 605 {
			t.Errorf("the busy shop was visited %d times in 600 s, every second was asked", n["busy"])
		}
		if n["idle"] < 18 || n["idle"] > 26 {
			t.Errorf("the shop at rest was visited %d times in 600 s, every 24 to 32 s was asked", n["idle"])
		}
		r.Soon("idle")
		time.Sleep(time.Second + time.Millisecond)
		if n := v.take()["idle"]; n != 1 {
			t.Errorf("a shop that woke was visited %d times within a second", n)
		}
		r.Now("idle")
		synctest.Wait()
		if n := v.take()["idle"]; n != 1 {
			t.Errorf("a shop that was asked for at once was visited %d times", n)
		}
	})
}

func TestWithoutIdleEveryShopIsVisitedEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visits{n: map[string]int{}}
		r := &Rounds{Every: time.Minute, AtOnce: 1, Visit: func(_ context.Context, shop string) bool { v.add(shop); return false }}
		running(t, r, "a", "b")
		time.Sleep(time.Hour)
		for shop, n := range v.take() {
			if n < 60 || n > 61 {
				t.Errorf("shop %s was visited %d times in an hour, every minute was asked", shop, n)
			}
		}
	})
}

func TestASlowShopDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visits{n: map[string]int{}}
		var mu sync.Mutex
		inside, most := map[string]int{}, 0
		r := &Rounds{Every: time.Second, AtOnce: 3, Visit: func(ctx context.Context, shop string) bool {
			mu.Lock()
			inside[shop]++
			if inside[shop] > 1 {
				t.Errorf("shop %s is visited twice at once", shop)
			}
			now := 0
			for _, n := range inside {
				now += n
			}
			most = max(most, now)
			mu.Unlock()
			defer func() { mu.Lock(); inside[shop]--; mu.Unlock() }()
			v.add(shop)
			if shop == "slow" {
				select {
				case <-time.After(time.Minute):
				case <-ctx.Done():
				}
			}
			return true
		}}
		shops := []string{"slow"}
		for n := range 20 {
			shops = append(shops, fmt.Sprint("shop", n))
		}
		running(t, r, shops...)
		time.Sleep(30 * time.Second)
		n := v.take()
		if n["slow"] != 1 {
			t.Errorf("the slow shop was visited %d times during its visit", n["slow"])
		}
		if n["shop19"] < 30 {
			t.Errorf("another shop was visited %d times in 30 s beside a slow one", n["shop19"])
		}
		r.Now("slow")
		time.Sleep(31 * time.Second)
		if n := v.take()["slow"]; n != 1 {
			t.Errorf("a shop asked for during its visit was visited %d times after it", n)
		}
		mu.Lock()
		defer mu.Unlock()
		if most > 3 {
			t.Errorf("%d visits at once, 3 are allowed", most)
		}
	})
}
