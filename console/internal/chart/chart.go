// Package chart draws plots as SVG for web pages: lines with intervals and bars. Colours come from the page's style sheet by class, and
// lines differ by their dashes as well, so that a plot is read without colour. Each has a title and a description for screen readers;
// numbers belong in a table beside it.
package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

// The size of a plot in its own units, with room for the labels of the axes.
const (
	width, height = 640, 220
	left, bottom  = 56, 38
	top, right    = 26, 10
	kinds         = 5 // of lines that the style sheet tells apart
	ticks         = 4 // of the values, at most one or two more
)

// Series is one line: a value per label of the plot; NaN leaves a gap. Low and High, when set, are the ends of the intervals, which a band
// draws as an area.
type Series struct {
	Name              string
	Values, Low, High []float64
	Band              bool
}

// OrGap returns a value, or a gap for none.
func OrGap(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Plot is what is drawn.
type Plot struct {
	ID     string // of the page, for the title's id
	Title  string
	Unit   string // of the values: "clicks", "%"
	Labels []string
	Series []Series
}

// Lines draws a line per series. Without a finite value it returns nil.
func Lines(p Plot) g.Node {
	s := newScale(p)
	if s.empty {
		return nil
	}
	var b strings.Builder
	s.begin(&b, p)
	for n, line := range p.Series {
		class := "s" + strconv.Itoa(n%kinds)
		var points []string
		beside := 0. // lines with intervals stand beside each other, so that all of them are seen
		if line.Low != nil && !line.Band {
			beside = 7 * (float64(n) - float64(len(p.Series)-1)/2)
		}
		if line.Band {
			s.band(&b, &line)
		}
		for i, v := range line.Values {
			if !finite(v) {
				continue
			}
			x := s.x(i) + beside
			points = append(points, point(x, s.y(v)))
			if !line.Band && i < len(line.Low) && i < len(line.High) && finite(line.Low[i]) && finite(line.High[i]) {
				fmt.Fprintf(&b, `<line class="range" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, x, s.y(line.Low[i]), s.y(line.High[i]))
			}
			fmt.Fprintf(&b, `<circle class="series %s" cx="%.1f" cy="%.1f" r="3"/>`, class, x, s.y(v))
		}
		fmt.Fprintf(&b, `<polyline class="series %s" points="%s"/>`, class, strings.Join(points, " "))
		fmt.Fprintf(&b, `<line class="series %s" x1="%d" x2="%d" y1="%d" y2="%d"/><text x="%d" y="%d">%s</text>`,
			class, left+8+n*130, left+32+n*130, height-6, height-6, left+36+n*130, height-2, escape(cut(line.Name, 14)))
	}
	b.WriteString("</svg>")
	return g.Raw(b.String()) // every text in it is escaped
}

// band draws the area between the ends of the intervals, in parts where there are gaps.
func (s scale) band(b *strings.Builder, line *Series) {
	var above, below []string
	for i := 0; i <= len(line.Values); i++ {
		if i < len(line.Values) && finite(line.Low[i]) && finite(line.High[i]) {
			above, below = append(above, point(s.x(i), s.y(line.High[i]))), append(below, point(s.x(i), s.y(line.Low[i])))
			continue
		}
		if len(above) > 0 {
			slices.Reverse(below)
			fmt.Fprintf(b, `<polygon class="band" points="%s"/>`, strings.Join(append(above, below...), " "))
		}
		above, below = nil, nil
	}
}

// Bars draws a bar per label for the first series. Without a finite value it returns nil.
func Bars(p Plot) g.Node {
	s := newScale(p)
	if s.empty {
		return nil
	}
	var b strings.Builder
	s.begin(&b, p)
	each := float64(width-left-right) / float64(len(p.Labels))
	for i, v := range p.Series[0].Values {
		if finite(v) {
			y, zero := s.y(v), s.y(0)
			fmt.Fprintf(
				&b, `<rect class="bar" x="%.1f" width="%.1f" y="%.1f" height="%.1f"/>`, left+each*(float64(i)+.15), each*.7, min(y, zero),
				math.Abs(zero-y),
			)
		}
	}
	b.WriteString("</svg>")
	return g.Raw(b.String()) // every text in it is escaped
}

// Bar draws a share of a whole, -1 to 1, as one small bar; it stands beside its number, so that it is hidden from screen readers.
func Bar(share float64) g.Node {
	class := "bar"
	if share < 0 {
		class = "bar negative"
	}
	if !finite(share) {
		share = 0
	}
	return g.Rawf(`<svg class="mini" viewBox="0 0 100 8" preserveAspectRatio="none" `+
		`aria-hidden="true"><rect class="%s" width="%.1f" height="8"/></svg>`,
		class, 100*min(1, math.Abs(share)))
}

// scale maps values to the plot. Zero is always on it, and its ends are multiples of step.
type scale struct {
	low, high, step float64
	labels          int
	empty           bool
}

func newScale(p Plot) scale {
	s := scale{labels: len(p.Labels), empty: true}
	for _, line := range p.Series {
		for _, values := range [][]float64{line.Values, line.Low, line.High} {
			for _, v := range values {
				if finite(v) {
					s.low, s.high, s.empty = min(s.low, v), max(s.high, v), false
				}
			}
		}
	}
	if s.high == s.low {
		s.high = s.low + 1
	}
	s.empty = s.empty || s.labels == 0
	s.step = roundStep((s.high - s.low) / ticks)
	s.low, s.high = s.step*math.Floor(s.low/s.step), s.step*math.Ceil(s.high/s.step)
	return s
}

// roundStep returns the smallest of 1, 2, 2.5 and 5 times a power of ten that is at least v, which is positive.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 2.5, 5} {
		if step*power >= v*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

func (s scale) x(i int) float64 {
	return left + (float64(i)+.5)*float64(width-left-right)/float64(s.labels)
}

func (s scale) y(v float64) float64 {
	return top + (s.high-v)/(s.high-s.low)*float64(height-top-bottom)
}

// begin writes the frame: title, description, axes and their labels.
func (s scale) begin(b *strings.Builder, p Plot) {
	fmt.Fprintf(b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-labelledby="%[3]s-title %[3]s-desc"><title `+
		`id="%[3]s-title">%[4]s</title>`,
		width, height, escape(p.ID), escape(p.Title))
	fmt.Fprintf(
		b, `<desc id="%s-desc">%d values in %s, from %.4g to %.4g. The table has the numbers.</desc>`, escape(p.ID), s.labels,
		escape(p.Unit), s.low, s.high,
	)
	for n := range int(math.Round((s.high-s.low)/s.step)) + 1 {
		v := s.low + float64(n)*s.step
		fmt.Fprintf(
			b, `<line class="axis" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="2" y="%.1f">%s</text>`, left, width-right, s.y(v), s.y(v),
			s.y(v)+4, tick(v),
		)
	}
	step := max(1, (s.labels+7)/8)
	for i := 0; i < s.labels; i += step {
		fmt.Fprintf(b, `<text text-anchor="middle" x="%.1f" y="%d">%s</text>`, s.x(i), height-bottom+13, escape(cut(p.Labels[i], 12)))
	}
	fmt.Fprintf(b, `<text x="2" y="12">%s</text>`, escape(p.Unit))
}

func tick(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func point(x, y float64) string { return fmt.Sprintf("%.1f,%.1f", x, y) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func escape(s string) string { return html.EscapeString(s) }

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
