package view

import (
	"fmt"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/words"
)

// Progress is a bar of how much is done, a share between 0 and 1, with the same in per cent behind it; label is its name for screen
// readers.
func Progress(share float64, label string) g.Node {
	return g.Group{
		h.Progress(h.Max("1"), h.Value(fmt.Sprint(share)), h.Aria("label", label)), g.Text(" " + words.Percent(share)),
	}
}
