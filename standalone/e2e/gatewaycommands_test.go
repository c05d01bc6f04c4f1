package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCommandsThroughAGateway has a shop with a key import, recompute, look at a list and tune on the command line, all at the one address
// of a gateway before three processes.
func TestCommandsThroughAGateway(t *testing.T) {
	t.Parallel()
	const visitors, days = 240, 8
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	key := keyOf(t, keys, "north")
	address := startBehindGateway(t, keys).programs[0].address
	run := func(want string, args ...string) string {
		t.Helper()
		code, output := aisle(t, address, append(args, "--key", key)...)
		if code != 0 || !strings.Contains(output, want) {
			t.Fatalf("aisle %s: exit code %d, want 0 and %q:\n%s", strings.Join(args, " "), code, want, output)
		}
		return output
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run("300 accepted, 0 duplicates, 0 rejected", "import", write("products.ndjson", teasAndSaws()))
	run(
		fmt.Sprintf("%d accepted, 0 duplicates, 0 rejected", visitors*days*4), "import",
		write("events.ndjson", visitsOfTwoTastes(time.Now(), visitors, days)),
	)
	run("published", "recompute", "--search-seconds", "1")
	// What sells best drowns what goes with the item of the page, which anything better will mend.
	drowned := `{"limit":20,"allow_purchased":true,"sources":[{"kind":"best_sellers","weight":1},` +
		`{"kind":"context_bought_together","weight":0.001}]}`
	run("page.with_this", "scenarios", "put", "page.with_this", write("scenario.json", drowned))
	list := run("best_sellers", "recommend", "page.with_this", "--item", "tea17", "--limit", "2")
	if strings.Contains(list, "bought_together") {
		t.Errorf("before tuning:\n%s", list)
	}
	run(
		"page.with_this changed to version 2: best_sellers 1 → 1, context_bought_together 0.001 → ", "tune", "page.with_this",
		"--search-seconds", "1", "--questions", "220", "--apply",
	)
	// Whoever looks at a tea buys the one before or after it.
	list = run("best_sellers", "recommend", "page.with_this", "--item", "tea17", "--limit", "2")
	if strings.Count(list, "bought_together_with tea17") != 2 {
		t.Errorf("after tuning:\n%s", list)
	}
}

// teasAndSaws is a catalogue of 150 teas and 150 saws.
func teasAndSaws() string {
	var b strings.Builder
	for n := range 150 {
		for _, kind := range []string{"tea", "saw"} {
			fmt.Fprintf(&b, `{"item_id":"%s%d","title":"The %s %d","price":%d,"currency":"EUR"}`+"\n", kind, n, kind, n, 10+n)
		}
	}
	return b.String()
}

// visitsOfTwoTastes are events until now: on each day every visitor looks at three things of one kind that are next to
// each other and buys two of them.
func visitsOfTwoTastes(now time.Time, visitors, days int) string {
	var b strings.Builder
	for day := range days {
		for u := range visitors {
			at := now.AddDate(0, 0, day-days).Add(time.Duration(u) * time.Second)
			kind := []string{"tea", "saw"}[u%2]
			first := u + day*3
			for n := range 3 {
				fmt.Fprintf(&b, `{"type":"view_item","user_id":"u%d","item_id":"%s%d","occurred_at":%d}`+"\n",
					u, kind, (first+n)%150, at.Add(time.Duration(n)*time.Minute).UnixMilli())
			}
			fmt.Fprintf(&b, `{"type":"purchase","user_id":"u%d","items":[{"item_id":"%s%d"},{"item_id":"%s%d"}],"occurred_at":%d}`+"\n",
				u, kind, first%150, kind, (first+1)%150, at.Add(time.Hour).UnixMilli())
		}
	}
	return b.String()
}
