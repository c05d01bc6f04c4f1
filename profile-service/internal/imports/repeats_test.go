package imports

import "testing"

func TestRepeatsForgetOnlyWhatIsFarBehind(t *testing.T) {
	t.Parallel()
	r := newRepeats()
	if r.next(1) != 1 || r.next(1) != 2 {
		t.Fatal("a repeated row is not counted")
	}
	for n := range uint64(repeatWindow) {
		r.next(n + 10)
	}
	if got := r.next(1); got != 3 {
		t.Errorf("after a window it is occurrence %d, want 3", got)
	}
	for n := range uint64(3 * repeatWindow) {
		r.next(n + 10)
	}
	if got := r.next(2); got != 1 || len(r.recent)+len(r.older) > 2*repeatWindow {
		t.Errorf("occurrence %d, %d rows are remembered", got, len(r.recent)+len(r.older))
	}
}
