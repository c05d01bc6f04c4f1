package text

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the pipeline makes of the test catalogue into its golden file")

// TestWhatThePipelineMakesOfThreeLanguages reads ten items of each of English, German and French, whose languages nobody declares, and
// holds what becomes of them against a file that people have looked at.
func TestWhatThePipelineMakesOfThreeLanguages(t *testing.T) {
	t.Parallel()
	items := golden(t)
	ix := newIndex(t, DefaultOptions(), items...)
	var out strings.Builder
	for _, item := range items {
		e := ix.Explain(item)
		if want := item.ID[:2]; e.Language.Language != want {
			t.Errorf("%s is read as %q, want %q", item.ID, e.Language.Language, want)
		}
		write(&out, item, e)
		fmt.Fprintf(&out, "  alike: %s\n", strings.Join(ids(ix.Similar(item.ID, 3)), ", "))
	}
	path := filepath.Join("testdata", "pipeline.golden")
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("run with -update and look at what changed:\n%s", diff)
	}
}

// TestTheSameProductIsFoundInOtherLanguages counts, for every item, how many of the two items that are the same in another language are
// among its ten nearest: they share brands, model numbers, measures and some words, and no translation.
func TestTheSameProductIsFoundInOtherLanguages(t *testing.T) {
	t.Parallel()
	items := golden(t)
	ix := newIndex(t, DefaultOptions(), items...)
	found := 0
	for _, item := range items {
		for _, n := range ix.Similar(item.ID, 10) {
			if n.ID[3:] == item.ID[3:] {
				found++
			}
		}
	}
	if found < 50 {
		t.Errorf("%d of 60 were found", found)
	}
	t.Logf("%d of 60 were found", found)
}

func golden(t *testing.T) []Item {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "catalogue.json"))
	if err != nil {
		t.Fatal(err)
	}
	var items []Item
	if err := json.Unmarshal(data, &items); err != nil {
		t.Fatal(err)
	}
	return items
}

func write(out *strings.Builder, item Item, e Explanation) {
	fmt.Fprintf(out, "%s %s (%s, %.2f)\n", item.ID, e.Language.Language, e.Language.Source, e.Language.Confidence)
	for _, f := range e.Fields[:2] {
		var stems []string
		for _, token := range f.Tokens {
			if !token.Stop {
				stems = append(stems, token.Stem)
			}
		}
		fmt.Fprintf(out, "  %s: %s\n", f.Name, strings.Join(stems, " "))
		for _, found := range f.Entities {
			fmt.Fprintf(out, "    %s %s at %d, %s\n", found.Kind, found.Value, found.Start, found.From)
		}
	}
	var terms []string
	for _, term := range e.Terms[:8] {
		terms = append(terms, fmt.Sprintf("%s %.2f", term.Term, term.Weight))
	}
	fmt.Fprintf(out, "  terms: %s\n", strings.Join(terms, ", "))
}
