package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

func TestPlotsAreSoundXMLAndSayWhatTheyShow(t *testing.T) {
	t.Parallel()
	p := Plot{ID: "p", Title: `A <title> & "more"`, Unit: "clicks", Labels: []string{"a", "<b>"}, Series: []Series{
		{Name: "one<", Values: []float64{1, math.NaN()}, Low: []float64{0.5, 0}, High: []float64{2, 0}},
		{Name: "two", Values: []float64{-1, math.Inf(1)}},
	}}
	for name, svg := range map[string]string{"lines": fmt.Sprint(Lines(p)), "bars": fmt.Sprint(Bars(p)), "bar": fmt.Sprint(Bar(-0.5))} {
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s is no XML: %v\n%s", name, err, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, "style=") {
			t.Errorf("%s: %s", name, svg)
		}
		if name != "bar" && (!strings.Contains(svg, "<title id=\"p-title\">A &lt;title&gt;") || !strings.Contains(svg, "<desc")) {
			t.Errorf("%s has no title or description: %s", name, svg)
		}
	}
}

func TestABandIsDrawnInParts(t *testing.T) {
	t.Parallel()
	gap := OrGap(nil)
	svg := fmt.Sprint(Lines(Plot{ID: "p", Labels: []string{"a", "b", "c", "d"}, Series: []Series{{
		Name: "expected", Values: []float64{2, 2, gap, 2}, Low: []float64{1, 1, gap, 1}, High: []float64{4, 3, gap, 3}, Band: true,
	}}}))
	if strings.Count(svg, "<polygon") != 2 || strings.Contains(svg, `class="range"`) || strings.Contains(svg, "NaN") {
		t.Errorf("%s", svg)
	}
}

func TestNothingToDraw(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Plot{
		"no label": {}, "no number": {Labels: []string{"a"}, Series: []Series{{Values: []float64{math.NaN()}}}},
	} {
		if Lines(p) != nil || Bars(p) != nil {
			t.Errorf("%s: something is drawn", name)
		}
	}
}

func TestTheAxisHasRoundValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ low, high, step, wantLow, wantHigh float64 }{
		{0, 78.03, 20, 0, 80}, {-40.88, 54.97, 25, -50, 75}, {0, .0093, .0025, 0, .01}, {0, 4694, 2000, 0, 6000}, {-3, 0, 1, -3, 0},
		{2, 4, 1, 0, 4}, {0, 1e-9, 2.5e-10, 0, 1e-9},
	} {
		s := newScale(Plot{Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{c.low, c.high}}}})
		for what, pair := range map[string][2]float64{"step": {s.step, c.step}, "low": {s.low, c.wantLow}, "high": {s.high, c.wantHigh}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9*math.Abs(c.high-c.low) {
				t.Errorf("of %v to %v: %s %v, want %v", c.low, c.high, what, pair[0], pair[1])
			}
		}
	}
}
