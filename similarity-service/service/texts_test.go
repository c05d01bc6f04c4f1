package service_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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
		profileapi.Item{ItemID: "hat", Title: "Hut", Language: "de", Brand: "Fleet",
			Attributes: map[string]any{"Farbe": "rot", "weight": 7.5}},
	)
	c := start(t, p, settings(t))
	var got similarityapi.ItemText
	eventually(t, "the colour is learnt", func() (err error) {
		if got, err = c.ItemText(deadline(t), "shoe-42"); err == nil && len(got.Entities) < 3 {
			err = fmt.Errorf("entities: %+v", got.Entities)
		}
		return err
	})
	declared := similarityapi.TextLanguage{Code: "de", Source: "declared", Confidence: 1}
	if got.Language != declared || got.ItemID != "shoe" || !got.Indexed {
		t.Errorf("item %q, indexed %v, language %+v", got.ItemID, got.Indexed, got.Language)
	}
	title := got.Fields[0]
	if title.Field != "title" || title.Normalised != "rote laufschuhe fx-310 von fleet" ||
		!slices.Equal(title.Stems, []string{"rot", "laufschuh", "fx", "310", "", "fleet"}) ||
		!slices.Equal(title.StopWords, []string{"von"}) {
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
	lighter := func(a, b similarityapi.TextTerm) int { return cmp.Compare(b.Weight, a.Weight) }
	if !slices.IsSortedFunc(got.Terms, lighter) || len(got.Terms) != 5 {
		t.Errorf("terms: %+v", got.Terms)
	}
	if _, err := c.ItemText(deadline(t), "nothing"); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("an unknown item: %v", err)
	}
}

// A slip of the pen in an id looked like an item that nothing goes with.
func TestNeighboursOfAnItemThatThereIsNotAreNotFound(t *testing.T) {
	t.Parallel()
	_, h := startWithHandler(t, shop(1), settings(t))
	known := itemID(0, 1)
	for path, missing := range map[string]bool{
		known: false, "nope": true, "nope?relation=bought_together": true, known + "/" + itemID(0, 2): false, known + "/nope": true,
		"nope/" + known: true,
	} {
		// Nothing is said to be missing before the catalogue has been read.
		eventually(t, path, func() error {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequestWithContext(deadline(t), http.MethodGet, "http://localhost/v1/similarities/"+path, nil))
			told := strings.Contains(answer.Body.String(), `There is no item \"nope\"`)
			if missing != (answer.Code == http.StatusNotFound) || missing && !told {
				return fmt.Errorf("%d %s", answer.Code, answer.Body)
			}
			return nil
		})
	}
}

// TestAWordFindsWhatIsCalledOtherwise has pots and mugs with names in two languages, from which the words of a German query are learnt,
// and a pot with an English name alone.
func TestAWordFindsWhatIsCalledOtherwise(t *testing.T) {
	t.Parallel()
	p := shop(1)
	for n, colour := range [][2]string{{"Red", "Rote"}, {"Blue", "Blaue"}, {"Green", "Grüne"}} {
		for m, thing := range [][2]string{{"teapot", "Teekanne"}, {"mug", "Tasse"}} {
			p.items = append(p.items, profileapi.Item{
				ItemID: fmt.Sprintf("both-%d-%d", n, m), Title: colour[0] + " " + thing[0], Language: "en",
				Translations: profileapi.Translations{"de-DE": {Title: colour[1] + " " + thing[1]}},
			})
		}
	}
	p.items = append(p.items, profileapi.Item{ItemID: "pot", Title: "Teapot with a lid", Language: "en"})
	c := start(t, p, settings(t))
	eventually(t, "the pot is found in German", func() error {
		answer, err := c.Search(deadline(t), similarityapi.SearchRequest{Q: "Teekannen", Language: "de", Limit: 20})
		if err == nil && !slices.ContainsFunc(answer.Items, func(n similarityapi.Neighbour) bool { return n.ItemID == "pot" }) {
			err = fmt.Errorf("found %+v", answer.Items)
		}
		return err
	})
	got, err := c.ItemText(deadline(t), "both-1-1")
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, f := range got.Fields {
		fields = append(fields, f.Field+" "+f.Language+": "+f.Normalised)
	}
	at := slices.IndexFunc(got.Terms, func(t similarityapi.TextTerm) bool { return t.Term == "mug" })
	if at < 0 || len(got.Terms[at].Translations) != 1 || got.Terms[at].Translations[0].Term != "tass" {
		t.Errorf("terms: %+v", got.Terms)
	}
	if want := []string{"title en: blue mug", "title de: blaue tasse"}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q", fields, want)
	}
}
