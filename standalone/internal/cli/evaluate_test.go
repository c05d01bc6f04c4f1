package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeOrders makes a table of orders of two kinds of goods that are bought apart.
func writeOrders(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("order_id,sku,quantity,order_date\n")
	for n := range 300 {
		for p := range 3 {
			fmt.Fprintf(&b, "%d,%s%d,1,2024-%02d-%02d\n", n, []string{"tea", "saw"}[n%2], (n/2+p)%8, 1+n/60, 1+n%28)
		}
	}
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEvaluateWritesTheReport(t *testing.T) {
	t.Parallel()
	path := writeOrders(t)
	t.Run("as JSON", func(t *testing.T) {
		t.Parallel()
		var out, progress bytes.Buffer
		args := []string{"evaluate", "--data", path, "--format", "baskets", "--k", "5", "--budget", "1", "--json"}
		if code := Execute(context.Background(), args, &out, &progress); code != 0 {
			t.Fatalf("exit code %d: %s", code, progress.String())
		}
		var report struct {
			Data     map[string]any
			Selected string
			Results  []struct {
				Name, Relation string
				Parameters     map[string]any
				Metrics        map[string]struct{ Value, Low, High *float64 }
				CPUSeconds     *float64 `json:"cpu_seconds"`
				PeakBytes      int64    `json:"peak_bytes"`
			}
		}
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
		tested := map[string]bool{}
		for _, r := range report.Results {
			m, ok := r.Metrics["ndcg@5"]
			if ok && (m.Value == nil || m.Low == nil || m.High == nil || *m.Low > *m.Value || *m.High < *m.Value) {
				t.Errorf("%s: interval %+v", r.Name, m)
			}
			tested[r.Name] = ok
			if r.Relation != "bought_together" || r.Parameters == nil || r.CPUSeconds == nil || r.PeakBytes <= 0 {
				t.Errorf("incomplete result %+v", r)
			}
		}
		if !tested[report.Selected] || !tested["popular"] || !tested["cosine"] || tested["two_hop"] && report.Selected != "two_hop" {
			t.Errorf("tested %v, selected %s", tested, report.Selected)
		}
	})
	t.Run("as a table", func(t *testing.T) {
		t.Parallel()
		var out, progress bytes.Buffer
		args := []string{"evaluate", "--data", path, "--format", "baskets", "--algorithms", "two_hop", "--budget", "1"}
		if code := Execute(context.Background(), args, &out, &progress); code != 0 {
			t.Fatalf("exit code %d: %s", code, progress.String())
		}
		for _, want := range []string{"selected on validation: ", "ndcg@20", "cosine", "popular", "two_hop"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in\n%s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "ease") {
			t.Error("an algorithm that was not asked for competed")
		}
	})
}

func TestARunFileMakesTheSameReportAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run.json")
	evaluate := func(args ...string) map[string]any {
		t.Helper()
		var out, progress bytes.Buffer
		if code := Execute(context.Background(), append([]string{"evaluate", "--json"}, args...), &out, &progress); code != 0 {
			t.Fatalf("exit code %d: %s", code, progress.String())
		}
		var report map[string]any
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		forget(report)
		return report
	}
	first := evaluate("--data", writeOrders(t), "--format", "baskets", "--k", "5", "--budget", "1", "--folds", "2",
		"--seeds", "2", "--seed", "4",
		"--algorithms", "two_hop", "--set", "two_hop.beta=.2", "--save-run", file)
	if diff := cmp.Diff(first, evaluate("--run", file)); diff != "" {
		t.Error(diff)
	}
	var out, said bytes.Buffer
	if code := Execute(context.Background(), []string{"evaluate", "--run", file, "--without-reloads"}, &out, &said); code == 0 ||
		!strings.Contains(said.String(), "only the format sessions has reloads") {
		t.Errorf("a flag that is no part of baskets does not stand above the file: %d %s", code, said.String())
	}
	if runs := first["runs"].([]any); len(runs) != 4 {
		t.Errorf("%d runs, want 4", len(runs))
	}
	if changed := evaluate(
		"--run", file, "--folds", "3", "--algorithms", "ease", "--set", "two_hop.beta=.4", "--algorithms", "two_hop",
	); len(changed["runs"].([]any)) != 6 {
		t.Error("flags do not stand above the file")
	}
}

func TestRunsOnTheTestPartHaveNoFold(t *testing.T) {
	t.Parallel()
	var out, said bytes.Buffer
	args := []string{"evaluate", "--data", writeOrders(t), "--format", "baskets", "--budget", "1", "--algorithms", "cosine", "--seeds", "2"}
	if code := Execute(context.Background(), args, &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if !strings.Contains(out.String(), "seed 2: ") || strings.Contains(out.String(), "fold") {
		t.Errorf("got\n%s", out.String())
	}
}

// forget takes out what differs from run to run: time and memory.
func forget(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "cpu_seconds")
		delete(v, "peak_bytes")
		for _, one := range v {
			forget(one)
		}
	case []any:
		for _, one := range v {
			forget(one)
		}
	}
}

func TestEvaluateFailsClearly(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	path, few := writeOrders(t), filepath.Join(t.TempDir(), "few.csv")
	if err := os.WriteFile(few, []byte("user,item\nu,a\nu,b\nv,a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		args []string
		want string
	}{
		"no data":        {context.Background(), []string{"--format", "csv"}, "--data and --format are needed"},
		"missing folder": {context.Background(), []string{"--data", "/nowhere", "--format", "lightgcn"}, "no file train.txt in /nowhere"},
		"bad format":     {context.Background(), []string{"--data", path, "--format", "xml"}, "want one of"},
		"bad resplit":    {context.Background(), []string{"--data", path, "--format", "csv", "--resplit", "odd"}, "want random or nothing"},
		"bad set": {
			context.Background(), []string{"--data", path, "--format", "csv", "--set", "two_hop=1"}, "want ALGORITHM.PARAMETER=NUMBER",
		},
		"bad parameter": {
			context.Background(), []string{"--data", "/nowhere", "--format", "csv", "--set", "two_hop.gamma=1"}, `no parameter "gamma"`,
		},
		"a 0 that is no default": {
			context.Background(), []string{"--data", path, "--format", "baskets", "--k", "0"}, "--k is 0, want more",
		},
		"long lists": {
			context.Background(), []string{"--data", "/nowhere", "--format", "csv", "--k", "100000000"}, "k is 100000000, want 1 to 10000",
		},
		// Before the data set is read, which may take hours.
		"page that cannot be written": {
			context.Background(), []string{"--data", "/nowhere", "--format", "csv", "--report", "/nowhere/page.html"}, "cannot be written",
		},
		"run file that cannot be written": {
			context.Background(), []string{"--data", "/nowhere", "--format", "csv", "--save-run", "/nowhere/run.json"},
			"cannot be written",
		},
		"one parameter by two names": {
			context.Background(),
			[]string{"--data", path, "--format", "baskets", "--set", "two_hop.beta=.1", "--set", "two_hop.target_exponent=.2"},
			"is given twice",
		},
		"one fold": {
			context.Background(), []string{"--data", path, "--format", "baskets", "--folds", "1"}, "folds is 1, want 2 or more",
		},
		"no run file": {context.Background(), []string{"--run", "/nowhere"}, "read the run"},
		"nothing to find": {
			context.Background(), []string{"--data", few, "--format", "csv"}, "a smaller train fraction holds out more",
		},
		"bad fraction": {
			context.Background(), []string{"--data", path, "--format", "baskets", "--train-fraction", "2"}, "train fraction is 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			if code := Execute(c.ctx, append([]string{"evaluate"}, c.args...), &out, &stderr); code != 1 ||
				!strings.Contains(stderr.String(), c.want) {
				t.Fatalf("exit code %d: %s; want 1 and %q", code, stderr.String(), c.want)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		var out, stderr bytes.Buffer
		code := Execute(cancelled, []string{"evaluate", "--data", path, "--format", "baskets"}, &out, &stderr)
		if out.Len() != 0 || code != 130 {
			t.Errorf("a cancelled evaluation ended with %d and reported %s", code, out.String())
		}
	})
}
