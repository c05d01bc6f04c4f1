package service

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// write makes histories of two tastes; every user with an even number likes the first.
func write(t *testing.T) string {
	t.Helper()
	var train, test strings.Builder
	for u := range 120 {
		fmt.Fprintf(&train, "%d", u)
		fmt.Fprintf(&test, "%d %d\n", u, 20*(u%2)+(u*7+9)%20)
		for p := range 3 + u%4 {
			fmt.Fprintf(&train, " %d", 20*(u%2)+(u*7+p)%20)
		}
		train.WriteByte('\n')
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"train.txt": train.String(), "test.txt": test.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheReportIsOnePage(t *testing.T) {
	t.Parallel()
	path := write(t)
	for name, o := range map[string]EvaluateOptions{
		"one run": {TestAll: true},
		"folds":   {Folds: 2, Seeds: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Path, o.Format, o.Seed, o.BudgetSeconds, o.K, o.Algorithms = path, "lightgcn", 1, 1, 5, []string{"two_hop", "ease"}
			r, err := Evaluate(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			b := r.Breakdown
			for what, groups := range map[string][]similarityapi.ReportGroup{"activity": b.ByActivity, "popularity": b.ByPopularity} {
				count, sum := 0, 0.
				for _, g := range groups {
					count += g.Count
					sum += float64(g.Count) * g.Values["ease"]
				}
				if len(groups) < 2 || count == 0 {
					t.Errorf("%s has %d groups of %d", what, len(groups), count)
				}
				if ease := r.Result("ease").Metrics["ndcg@5"].Value; o.Folds == 0 && what == "activity" &&
					(sum/float64(count)-ease) > 1e-9 {
					t.Errorf("the groups have an NDCG of %v together, want %v", sum/float64(count), ease)
				}
			}
			if len(b.Samples) != 6 || len(b.Samples[0].Lists["cosine"]) == 0 {
				t.Errorf("samples %+v", b.Samples)
			}
			var out bytes.Buffer
			if err := WriteReport(&out, r); err != nil {
				t.Fatal(err)
			}
			text, want := out.String(), 8
			if o.Folds > 0 { // a search each
				want = 7
			}
			if n := strings.Count(text, "<svg"); n != want {
				t.Errorf("%d drawings, want %d", n, want)
			}
			for _, from := range []string{"src=", "href=\"http", "@import", "<script"} {
				if strings.Contains(text, from) {
					t.Errorf("the page needs something from elsewhere: %s", from)
				}
			}
			for _, drawing := range strings.Split(text, "<figure>")[1:] {
				wellFormed(t, "<figure>"+drawing[:strings.Index(drawing, "</figure>")]+"</figure>")
			}
		})
	}
}

// wellFormed reads markup token by token.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader("<all>" + text + "</all>"))
	decoder.Strict = true
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the drawings are not well-formed: %v", err)
		}
	}
}
