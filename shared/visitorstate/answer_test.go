package visitorstate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/visitorstate"
)

func TestAnswersAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]visitorstate.Answer{
		"nobody": {LastSeq: 1},
		"somebody": {
			LastSeq: 1 << 40, Known: true, HalfLife: 30 * 24 * time.Hour, Person: []byte(`{"locale":"de"}`), State: []byte{1, 2, 3},
		},
		"a record alone":    {Known: true, Person: []byte(`{}`)},
		"events alone":      {Known: true, State: []byte{1}},
		"without a consent": {Known: true, Withheld: true},
	} {
		data := a.Append(nil)
		got, err := visitorstate.DecodeAnswer(data)
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		for cut := range min(len(data), 3) {
			if _, err := visitorstate.DecodeAnswer(data[:cut]); err == nil {
				t.Errorf("%s: read %d of %d bytes", name, cut, len(data))
			}
		}
	}
}
