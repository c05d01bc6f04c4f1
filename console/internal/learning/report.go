package learning

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// reportData is what the search behind a version tried, and how well each algorithm does.
type reportData struct {
	Version string
	similarityapi.Report
}

// Heading implements the page's title.
func (d *reportData) Heading() string { return "Report of " + d.Version }

// report shows the report of a version with its drawings; 404 for one that has none.
func report(v *page.Visit) (any, error) {
	d := &reportData{Version: v.PathValue("version")}
	var err error
	d.Report, err = page.Get[similarityapi.Report](v, v.Similarity, "/v1/models/"+page.Escape(d.Version)+"/report", nil)
	return d, err
}

// figures are the names of the figures of the test part: NDCG first, then the others that are means over cases and so have an interval.
func (d *reportData) figures() []string {
	sampled := map[string]bool{}
	for _, r := range d.Results {
		for name, f := range r.Metrics {
			sampled[name] = f.Low != nil
		}
	}
	rank := func(name string) int {
		switch {
		case strings.HasPrefix(name, "ndcg"):
			return 0
		case sampled[name]:
			return 1
		}
		return 2
	}
	return slices.SortedFunc(maps.Keys(sampled), func(a, b string) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a, b))
	})
}

// cell is a figure of an algorithm with its interval, a dash where it was not measured.
func (d *reportData) cell(r similarityapi.ReportResult, name string) string {
	f, ok := r.Metrics[name]
	switch {
	case !ok:
		return view.None
	case f.Low == nil || f.High == nil:
		return words.Short(f.Value)
	}
	return words.Interval(f.Value, *f.Low, *f.High)
}

// tested are the algorithms that were scored on the test part.
func (d *reportData) tested() (names []string) {
	for _, r := range d.Results {
		if r.Metrics != nil {
			names = append(names, r.Name)
		}
	}
	return names
}

// drawn is a drawing as the address of a picture, data:…: the styles inside an SVG hold in a
// picture only, where those of the page do not allow them.
func drawn(d similarityapi.ReportDrawing) string {
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(d.SVG))
}
