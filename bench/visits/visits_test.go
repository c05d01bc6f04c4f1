package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestBothForms runs the built benchmark at the smallest size against built programs, so that it does not rot. What it measures is no
// matter here.
func TestBothForms(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := testenv.Programs(bin); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the benchmark: %v\n%s", err, out)
	}
	for form, figures := range map[string]int{"three": 29, "one": 24} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "figures.json")
			run := exec.Command(filepath.Join(bin, "visits"), "-form", form, "-bin", bin, "-visitors", "150", "-items",
				"600", "-seconds", ".2", "-open-seconds", ".3",
				"-search-seconds", ".1", "-idle-seconds", ".5", "-json", file, "-profile", filepath.Join(filepath.Dir(file), "cpu"))
			out, failure := run.CombinedOutput()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (%v)\n%s", failure, err, out)
			}
			var result struct {
				Figures []struct {
					Name                                          string
					Units, Answers, Failed, Repeats, BlindRepeats int
					TotalCPU                                      float64
				}
				Layers map[string]float64
			}
			if err := json.Unmarshal(data, &result); err != nil {
				t.Fatal(err)
			}
			if len(result.Figures) != figures || len(result.Layers) == 0 {
				t.Errorf("%d figures instead of %d, %d layers", len(result.Figures), figures, len(result.Layers))
			}
			for _, f := range result.Figures {
				if f.Units == 0 || f.Failed > 0 || f.Repeats > f.BlindRepeats || strings.HasPrefix(f.Name, "visit") &&
					f.Answers != 2*f.Units {
					t.Errorf("%+v", f)
				}
			}
			if failure != nil && !strings.Contains(string(out), "had bought them") {
				t.Errorf("%v\n%s", failure, out)
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}
