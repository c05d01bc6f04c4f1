package imports

import (
	"cmp"
	"slices"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// maxKinds bounds the kinds of warnings that are named; further ones are counted with the last.
const maxKinds = 200

// tally counts warnings by code and column, with the first of each as example and its line.
type tally struct {
	kinds map[[2]string]*profileapi.ImportWarning
}

func newTally() *tally { return &tally{kinds: map[[2]string]*profileapi.ImportWarning{}} }

func (t *tally) add(line int64, w warning) {
	key := [2]string{w.code, w.column}
	kind := t.kinds[key]
	if kind == nil {
		if len(t.kinds) >= maxKinds {
			key = [2]string{"other", ""}
			w = warning{"other", "", w.example, "Further kinds of warnings."}
			kind = t.kinds[key]
		}
		if kind == nil {
			kind = &profileapi.ImportWarning{Code: w.code, Column: w.column, Example: sample(w.example), Line: line, Detail: w.detail}
			t.kinds[key] = kind
		}
	}
	kind.Count++
}

// list returns the kinds, the most frequent first.
func (t *tally) list() []profileapi.ImportWarning {
	out := make([]profileapi.ImportWarning, 0, len(t.kinds))
	for _, k := range t.kinds {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b profileapi.ImportWarning) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Column, b.Column))
	})
	return out
}
