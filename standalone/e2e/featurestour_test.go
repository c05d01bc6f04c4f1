package e2e

import (
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// daysAgo is a moment as events say it.
func daysAgo(days int) string { return time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339) }

// TestFeatures walks the rows of docs/features.md in one shop, a sub-test a row, as a shop owner would try it first:
// through the public API, the command line or a page. A row is tried or open, never neither: one that is open and
// works is as wrong as one that does not.
func TestFeatures(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/features.md")
	if err != nil {
		t.Fatal(err)
	}
	all := probes{}
	for _, chapter := range []probes{all.lists(), all.data(), all.answers(), all.learning(), all.running()} {
		maps.Copy(all, chapter)
	}
	f := openFeatureShop(t)
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (.+?) \| (.+) \|$`).FindAllStringSubmatch(string(page), -1) {
		number, _ := strconv.Atoi(row[1])
		probe, tried := all[number]
		delete(all, number)
		if open := strings.HasPrefix(row[3], "open"); open == tried {
			t.Errorf("row %d, %s: it is open and tried, or neither", number, row[2])
		}
		if tried {
			t.Run(row[1]+" "+row[2], func(t *testing.T) { probe(t, f) })
		}
	}
	for number := range all {
		t.Errorf("row %d is tried and not on the page", number)
	}
}
