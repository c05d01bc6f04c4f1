package service_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// largeShop answers for the profile-service with a made-up shop that it holds nothing of: interaction n is a function of n.
// Items are as popular as Zipf's law says; a visitor takes seven of ten from a group of a thousandth of the items.
type largeShop struct {
	items, users, interactions int
	start                      time.Time
}

// perVisitor interactions are the mean history; groupsOfItems hold what goes together.
const perVisitor, groupsOfItems = 40, 1000

func (s *largeShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/changes/items":
		s.catalogue(w, r)
	case "/v1/interactions":
		s.stream(w)
	default:
		http.NotFound(w, r)
	}
}

// catalogue gives the items in pages; a follower that has them all waits until it goes away.
func (s *largeShop) catalogue(w http.ResponseWriter, r *http.Request) {
	after := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
	to := min(after+1000, s.items)
	if after == to && r.URL.Query().Has("wait_ms") {
		<-r.Context().Done()
		return
	}
	page := profileapi.ItemChanges{Changes: []profileapi.ItemChange{}, Next: fmt.Sprint(to)}
	for n := after; n < to; n++ {
		id := fmt.Sprint("item-", n)
		page.Changes = append(page.Changes, profileapi.ItemChange{
			Cursor: fmt.Sprint(n + 1), ItemID: id, Item: &profileapi.Item{ItemID: id},
		})
	}
	_ = json.NewEncoder(w).Encode(page)
}

func (s *largeShop) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", profileapi.InteractionsContentType)
	writer := profileapi.NewInteractionWriter(w)
	for n := range s.interactions {
		i := s.interaction(n)
		writer.Add(&i)
		if writer.Len() == 4000 {
			if writer.Flush(fmt.Sprint(n+1)) != nil {
				return
			}
		}
	}
	if writer.Len() > 0 {
		_ = writer.Flush(fmt.Sprint(s.interactions))
	}
	_ = writer.Close()
}

func (s *largeShop) interaction(n int) profileapi.Interaction {
	visitor := mixed(uint64(n)) % uint64(s.users)
	taste := mixed(uint64(n) + 1<<40)
	item := zipf(mixed(taste), s.items)
	if taste%10 < 7 {
		group := mixed(visitor+1<<50) % groupsOfItems
		item = zipf(mixed(taste), s.items/groupsOfItems)*groupsOfItems + int(group)
	}
	return profileapi.Interaction{
		UserID: "visitor-" + strconv.FormatUint(visitor, 10), ItemID: "item-" + strconv.Itoa(item), Type: "purchase", Weight: 5,
		Quantity:   1,
		OccurredAt: wire.TimeOf(s.start.Add(time.Duration(float64(n) / float64(s.interactions) * float64(180*24*time.Hour)))),
	}
}

// zipf maps 64 random bits to 0…n−1, k with a chance of about 1/(k+1).
func zipf(bits uint64, n int) int {
	u := float64(bits>>11) / (1 << 53)
	return min(int(math.Pow(float64(n+1), u))-1, n-1)
}

// mixed scatters n over 64 bits (the finaliser of SplitMix64).
func mixed(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// BenchmarkLargeRecompute makes the `similar` model of a made-up shop of AISLE_BENCH_ITEMS items (20,000) and AISLE_BENCH_INTERACTIONS
// interactions (2 million) with the settings that are delivered, and reports the peak of resident memory, all of the process and what the
// recompute added per interaction. Run it alone and once (-benchtime 1x): a peak only grows.
func BenchmarkLargeRecompute(b *testing.B) {
	shop := &largeShop{items: sizeFrom(b, "AISLE_BENCH_ITEMS", 20_000), interactions: sizeFrom(b, "AISLE_BENCH_INTERACTIONS", 2_000_000)}
	shop.users, shop.start = max(shop.interactions/perVisitor, 1), time.Now().Add(-190*24*time.Hour)
	config := settings(b)
	config.SearchSeconds = 60
	client, _ := startService(b, shop, config)
	before := residentPeak(b)
	for b.Loop() {
		job, err := client.StartJob(b.Context(), similarityapi.JobRequest{Kind: "recompute", Relations: []string{similarityapi.Similar}})
		if err != nil {
			b.Fatal(err)
		}
		stage := ""
		job, err = client.WaitForJob(b.Context(), job.JobID, func(j similarityapi.Job) {
			if j.Stage != stage {
				stage = j.Stage
				b.Logf("%5d MB %s", residentPeak(b)>>20, stage)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		text, _ := json.Marshal(job.Result)
		b.Logf("%s", text)
	}
	peak := residentPeak(b)
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
	b.ReportMetric(float64(peak-before)/float64(shop.interactions), "B/interaction")
}

func sizeFrom(b *testing.B, name string, otherwise int) int {
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < groupsOfItems {
		b.Fatalf("%s is %q, want a whole number from %d on", name, text, groupsOfItems)
	}
	return n
}

// residentPeak is the largest resident size of this process so far, in bytes.
func residentPeak(b *testing.B) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skipf("the peak of resident memory is read from /proc: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	b.Fatal("/proc/self/status has no VmHWM")
	return 0
}
