package catalogue

import "testing"

func TestAMeanForgetsWhatHasGone(t *testing.T) {
	t.Parallel()
	var m mean
	for _, v := range []float64{.1, .2, 1e308, 1e13, 7e9} {
		m.add(v, 1)
	}
	for _, v := range []float64{1e308, 7e9, .1, 1e13} {
		m.add(v, -1)
	}
	if got := m.value(); got != .2 {
		t.Errorf("of .2 alone the mean is %v", got)
	}
	m.add(.2, -1)
	if got := m.value(); got != 0 {
		t.Errorf("of nothing the mean is %v", got)
	}
}
