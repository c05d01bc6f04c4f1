package rotation

import (
	"fmt"
	"testing"
)

func TestTheLatestListsOfAVisitorAreRemembered(t *testing.T) {
	t.Parallel()
	l := NewLog(1<<20, nil, "one")
	ann, bob := Key{"s", "u/ann", "home"}, Key{"s", "u/bob", "home"}
	for n := range 7 {
		l.Add(ann, List{int64(n), []string{fmt.Sprint(n)}})
	}
	if got := l.Of(ann); len(got) != kept || got[0].AtMs != 6 || got[kept-1].AtMs != 2 {
		t.Errorf("ann was shown %v", got)
	}
	if got := l.Of(bob); got != nil {
		t.Errorf("bob was shown %v", got)
	}
}
