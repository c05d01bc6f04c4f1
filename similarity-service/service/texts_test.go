package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestTheTextOfAnItemIsShownStepByStep has a German item, whose colour and brand other items teach, and a variant of it.
func TestTheTextOfAnItemIsShownStepByStep(t *testing.T) {
	t.Parallel()
	p := shop(1)
	p.items = append(p.items,
		profileapi.Item{ItemID: "shoe", Title: "Rote <b>Laufschuhe</b> FX-310 von Fleet", Language: "de-AT"},
		profileapi.Item{ItemID: "shoe-42", ParentID: "shoe", Title: "Rote Laufschuhe 42"},
		profileapi.Item{ItemID: "hat", Title: "Hut", Language: "de", Brand: "Fleet", Attributes: map[string]any{"Farbe": "rot", "weight": 7.5}},
	)
	c := start(t, p, settings(t))
	var got similarityapi.ItemText
	eventually(t, "the colour is learnt", func() (err error) {
		if got, err = c.ItemText(deadline(t), "shoe-42"); err == nil && len(got.Entities) < 3 {
			err = fmt.Errorf("entities: %+v", got.Entities)
		}
		return err
	})
	if want := (similarityapi.TextLanguage{Code: "de", Source: "declared", Confidence: 1}); got.Language != want || got.ItemID != "shoe" || !got.Indexed {
		t.Errorf("item %q, indexed %v, language %+v", got.ItemID, got.Indexed, got.Language)
	}
	title := got.Fields[0]
	if title.Field != "title" || title.Normalised != "rote laufschuhe fx-310 von fleet" ||
		!slices.Equal(title.Stems, []string{"rot", "laufschuh", "fx", "310", "", "fleet"}) || !slices.Equal(title.StopWords, []string{"von"}) {
		t.Errorf("title: %+v", title)
	}
	var found []string
	for _, e := range title.Entities {
		found = append(found, fmt.Sprintf("%s=%s from %s at %d", e.Kind, e.Value, e.From, *e.Position))
	}
	want := []string{"farbe=rot from catalogue at 0", "model number=fx-310 from shape at 2", "brand=fleet from catalogue at 5"}
	if !slices.Equal(found, want) {
		t.Errorf("entities %v, want %v", found, want)
	}
	if !slices.IsSortedFunc(got.Terms, func(a, b similarityapi.TextTerm) int { return int(1e9 * (b.Weight - a.Weight)) }) || len(got.Terms) != 5 {
		t.Errorf("terms: %+v", got.Terms)
	}
	if _, err := c.ItemText(deadline(t), "nothing"); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("an unknown item: %v", err)
	}
}
