package sessions

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var (
	dataFolder  = flag.String("sessions.data", "", "folder with train_sessions.txt and test_prefixes.txt for BenchmarkQuality")
	evaluations = flag.Int("sessions.evaluations", 0, "evaluations of the search in BenchmarkQuality, 0 for the default")
	casesFlag   = flag.Int("sessions.cases", 0, "cases of the search in BenchmarkQuality, 0 for the default")
	withTest    = flag.Bool("sessions.test", false, "read the test part in BenchmarkQuality")
	paramsFlag  = flag.String("sessions.params", "", "JSON parameters changed from the default for BenchmarkQuality")
)

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkQuality searches on real sessions given by -sessions.data and reports the held-out and, with -sessions.test,
// the test figures.
func BenchmarkQuality(b *testing.B) {
	if *dataFolder == "" {
		b.Skip("give -sessions.data")
	}
	train, test, items := readData(b, *dataFolder)
	for b.Loop() {
		start := DefaultParams()
		if *paramsFlag != "" {
			if err := json.Unmarshal([]byte(*paramsFlag), &start); err != nil {
				b.Fatal(err)
			}
		}
		began := cpuSeconds()
		p, report, err := Search(SearchOptions{
			Train: train, Items: items, Seed: 1, Evaluations: *evaluations, Cases: *casesFlag, Start: &start,
		})
		if err != nil {
			b.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("search %.1f CPU s: %+v\n%s", cpuSeconds()-began, report, text)
		if !*withTest {
			continue
		}
		began = cpuSeconds()
		m, err := Build(train, items, p)
		if err != nil {
			b.Fatal(err)
		}
		built := cpuSeconds()
		got := m.Measure(test, 2)
		b.Logf("build %.1f CPU s, %.0f µs per query; test %d cases: HR@20 %.4f MRR@20 %.4f",
			built-began, 1e6*(cpuSeconds()-built)/float64(len(test)), len(test), got.HR, got.MRR)
	}
}

func readData(tb testing.TB, folder string) (train [][]int32, test []Case, items int) {
	tb.Helper()
	numbers := func(text string) (out []int32) {
		for _, f := range strings.Fields(text) {
			n, err := strconv.ParseInt(f, 10, 32)
			if err != nil {
				tb.Fatal(err)
			}
			items = max(items, int(n)+1)
			out = append(out, int32(n))
		}
		return out
	}
	lines := func(name string, use func(string)) {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		scan := bufio.NewScanner(f)
		scan.Buffer(nil, 1<<24)
		for scan.Scan() {
			use(scan.Text())
		}
		if scan.Err() != nil {
			tb.Fatal(scan.Err())
		}
	}
	lines("train_sessions.txt", func(line string) { train = append(train, numbers(line)) })
	lines("test_prefixes.txt", func(line string) {
		prefix, next, ok := strings.Cut(line, "\t")
		if !ok {
			tb.Fatalf("no tab in %q", line)
		}
		test = append(test, Case{numbers(prefix), numbers(next)[0]})
	})
	return train, test, items
}
