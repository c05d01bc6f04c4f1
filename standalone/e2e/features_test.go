package e2e

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFeatureIsShownByTests holds docs/features.md against the tree: 92 rows, each with tests that there are, or with what is open.
func TestEveryFeatureIsShownByTests(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile("../../" + path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/features.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (.+?) \| (.+) \|$`).FindAllStringSubmatch(string(page), -1)
	named := regexp.MustCompile("`(Test\\w+)`")
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row[1]] {
			t.Errorf("row %s is there twice", row[1])
		}
		seen[row[1]] = true
		shown := named.FindAllStringSubmatch(row[3], -1)
		for _, m := range shown {
			if !tests[m[1]] {
				t.Errorf("row %s, %s: there is no test %s", row[1], row[2], m[1])
			}
		}
		if len(shown) == 0 && !strings.Contains(row[3], "open") {
			t.Errorf("row %s, %s, names no test and is not open", row[1], row[2])
		}
	}
	if len(rows) != 92 {
		t.Errorf("%d rows, want 92", len(rows))
	}
}
