package report

import (
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
)

const (
	// groups is how many parts of about the same size visitors and items are divided into.
	groups = 4
	// samples is the number of visitors whose lists are shown, sampleItems that of the items shown of a history or list.
	samples     = 6
	sampleItems = 10
)

// breakdown divides the test cases by how much is known of the visitor, and what was to be found by how popular it
// is: a model that is good on average may be good only for heavy buyers or for best sellers. Sample visitors are
// taken evenly from all cases. nil when nothing was tested. Only the first run is looked at: groups of another fold have
// other members.
func breakdown(runs *study.Study, k int) *similarityapi.ReportBreakdown {
	d := runs.Data
	if len(d.Tests) == 0 {
		return nil
	}
	b := &similarityapi.ReportBreakdown{}
	tested := slices.DeleteFunc(slices.Clone(runs.Runs[0].Board.Results), func(r evaluate.Result) bool { return !r.Tested })
	activity := make([]int, len(d.Tests))
	var popularity []int
	counts := d.Counts()
	for n, c := range d.Tests {
		activity[n] = len(history(d, c))
		for _, j := range c.Relevant {
			popularity = append(popularity, int(counts[j]))
		}
	}
	b.ByActivity = grouped(activity, at("ndcg", k), tested, func(r *evaluate.Result) []float64 {
		out := make([]float64, len(r.TestCases))
		for n, a := range r.TestCases {
			out[n] = a.NDCG
		}
		return out
	})
	b.ByPopularity = grouped(popularity, at("found", k), tested, func(r *evaluate.Result) []float64 {
		var out []float64
		for n, c := range d.Tests {
			for _, j := range c.Relevant {
				found := 0.
				if slices.Contains(r.TestLists[n], j) {
					found = 1
				}
				out = append(out, found)
			}
		}
		return out
	})
	// From the middle of each part.
	step := max(len(d.Tests)/samples, 1)
	for n := step / 2; n < len(d.Tests) && len(b.Samples) < samples; n += step {
		b.Samples = append(b.Samples, sample(d, n, tested))
	}
	return b
}

// history is what the models know of a case. It is in the order of time where the data set has
// one.
func history(d *dataset.Data, c dataset.Case) []int32 {
	if c.Row < 0 {
		return c.Seeds
	}
	items, _ := d.Train.Row(int(c.Row))
	return items
}

// grouped divides by the size that each value belongs to and takes the means of the values in
// each part. Parts are of about the same number of values; equal sizes are never divided, so
// that there may be fewer than groups. A part is named by its sizes, "3–7". values returns one
// figure for each of sizes, by a tested algorithm.
func grouped(sizes []int, measure string, tested []evaluate.Result, values func(r *evaluate.Result) []float64) []similarityapi.ReportGroup {
	sorted := slices.Sorted(slices.Values(sizes))
	var out []similarityapi.ReportGroup
	var upper []int
	for g := range groups {
		last := sorted[max((g+1)*len(sorted)/groups, 1)-1]
		if len(upper) > 0 && last == upper[len(upper)-1] {
			continue
		}
		upper = append(upper, last)
		out = append(out, similarityapi.ReportGroup{Measure: measure, Values: map[string]float64{}})
	}
	part := make([]int, len(sizes))
	low := make([]int, len(out))
	for n, size := range sizes {
		p, _ := slices.BinarySearch(upper, size)
		part[n] = p
		if out[p].Count++; out[p].Count == 1 || size < low[p] {
			low[p] = size
		}
	}
	for p := range out {
		out[p].Name = fmt.Sprintf("%d–%d", low[p], upper[p])
	}
	for at := range tested {
		r := &tested[at]
		for n, v := range values(r) {
			out[part[n]].Values[r.Name] += v
		}
		for p := range out {
			out[p].Values[r.Name] /= float64(out[p].Count)
		}
	}
	return out
}

// sample is one visitor: what was known of him, the latest sampleItems of it, what was to be
// found, and what each algorithm answered.
func sample(d *dataset.Data, n int, tested []evaluate.Result) similarityapi.ReportSample {
	ids := func(items []int32) []string {
		var out []string
		for _, j := range items {
			out = append(out, d.Items.ID(j))
		}
		return out
	}
	c := d.Tests[n]
	past := history(d, c)
	s := similarityapi.ReportSample{
		History: ids(past[max(0, len(past)-sampleItems):]), Relevant: ids(c.Relevant), Lists: map[string][]string{},
	}
	for _, r := range tested {
		s.Lists[r.Name] = ids(r.TestLists[n][:min(len(r.TestLists[n]), sampleItems)])
	}
	return s
}
