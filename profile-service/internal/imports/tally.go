package imports

import (
	"cmp"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/imports/rows"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// maxKinds bounds the kinds of warnings that are named; further ones are counted with the last.
const maxKinds = 200

// tally counts warnings by code and column, with the first of each as example and its line.
type tally struct {
	kinds map[[2]string]*profileapi.ImportWarning
}

func newTally() *tally { return &tally{kinds: map[[2]string]*profileapi.ImportWarning{}} }

func (t *tally) add(line int64, w rows.Warning) {
	key := [2]string{w.Code, w.Column}
	kind := t.kinds[key]
	if kind == nil {
		if len(t.kinds) >= maxKinds {
			key = [2]string{"other", ""}
			w = rows.Warning{Code: "other", Example: w.Example, Detail: "Further kinds of warnings."}
			kind = t.kinds[key]
		}
		if kind == nil {
			kind = &profileapi.ImportWarning{
				Code: w.Code, Column: w.Column, Example: cut(w.Example, maxSample), Line: line, Detail: w.Detail,
			}
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
