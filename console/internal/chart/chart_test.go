package chart

import (
	"encoding/xml"
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
	for name, svg := range map[string]string{"lines": string(Lines(p)), "bars": string(Bars(p)), "bar": string(Bar(-0.5))} {
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
	svg := string(Lines(Plot{ID: "p", Labels: []string{"a", "b", "c", "d"}, Series: []Series{{
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
		if got := Lines(p) + Bars(p); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
