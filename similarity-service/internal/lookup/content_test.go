package lookup

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/text"
)

func TestTextsAndVectorsSpeakOfItemsTogether(t *testing.T) {
	t.Parallel()
	c := newContent()
	lamp := func(v ...float32) *profileapi.Item {
		return &profileapi.Item{Title: "Lamp", Vectors: profileapi.Vectors{"picture": v}}
	}
	c.changed("both", lamp(1, 0))
	c.changed("alike in both", lamp(1, 0))
	c.changed("text", &profileapi.Item{Title: "Lamp"})
	c.changed("picture", &profileapi.Item{Vectors: profileapi.Vectors{"picture": {1, 0}}})
	c.changed("sofa", &profileapi.Item{Title: "Sofa", Vectors: profileapi.Vectors{"picture": {0, 1}}})
	for id, want := range map[string]struct {
		alike  []text.Neighbour[string]
		source string
	}{
		"both": {
			[]text.Neighbour[string]{{ID: "alike in both", Score: 1}, {ID: "picture", Score: .5}, {ID: "text", Score: .5}}, sourceBlend,
		},
		"text":    {[]text.Neighbour[string]{{ID: "alike in both", Score: 1}, {ID: "both", Score: 1}}, sourceText},
		"picture": {[]text.Neighbour[string]{{ID: "alike in both", Score: 1}, {ID: "both", Score: 1}}, sourceVectors},
	} {
		t.Run(id, func(t *testing.T) {
			alike, source := c.similar(id, 10)
			slices.SortFunc(alike, func(a, b text.Neighbour[string]) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
			})
			if diff := gocmp.Diff(want.alike, alike, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if source != want.source {
				t.Errorf("the source is %q, want %q", source, want.source)
			}
		})
	}
}

func TestTheFingerprintFollowsVectors(t *testing.T) {
	t.Parallel()
	c := newContent()
	c.changed("lamp", &profileapi.Item{Title: "Lamp"})
	plain := c.fingerprint()
	if plain != c.texts.Texts() {
		t.Error("without vectors it is not that of the texts")
	}
	c.changed("lamp", &profileapi.Item{Title: "Lamp", Vectors: profileapi.Vectors{"picture": {1, 0}}})
	if c.fingerprint() == plain {
		t.Error("a vector changes nothing")
	}
	c.changed("lamp", &profileapi.Item{Title: "Lamp", Status: profileapi.ItemArchived})
	if c.fingerprint() != newContent().fingerprint() {
		t.Error("an archived item leaves something behind")
	}
}
