package entities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/entities"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

func values() []entities.Value {
	return []entities.Value{
		{Kind: "brand", Name: "apple", Items: 3}, {Kind: "brand", Name: "north face", Items: 4}, {Kind: "colour", Name: "rot", Items: 9},
		{Kind: "colour", Name: "navy blue", Items: 2}, {Kind: "colour", Name: "blue", Items: 5}, {Kind: "colour", Name: "orange", Items: 5},
		{Kind: "brand", Name: "orange", Items: 1}, {Kind: "size", Name: "s", Items: 8}, {Kind: "size", Name: "42", Items: 8},
		{Kind: "material", Name: "cotton", Items: 6}, {Kind: "fit", Name: "the", Items: 2},
	}
}

// found are the entities of a text as "kind=value@start+length".
func found(g *entities.Gazetteer, language, text string) []string {
	a := tokens.New(language)
	var out []string
	for _, e := range g.Find(a.Tokens(text, 100), a) {
		out = append(out, fmt.Sprintf("%s=%s@%d+%d", e.Kind, e.Value, e.Start, e.Length))
	}
	return out
}

func TestFind(t *testing.T) {
	t.Parallel()
	g := entities.New(values())
	for name, c := range map[string]struct {
		language, text string
		want           []string
	}{
		"in the forms of a language":       {"de", "Roter Schal, rote Mütze", []string{"colour=rot@0+1", "colour=rot@2+1"}},
		"the longest":                      {"en", "a navy blue coat", []string{"colour=navy blue@1+2"}},
		"two kinds, the one of most items": {"en", "Orange bag", []string{"colour=orange@0+1", "brand=orange@0+1"}},
		"brands as they are written":       {"en", "apples by Apple", []string{"brand=apple@2+1"}},
		"several words":                    {"en", "North Face cottons", []string{"brand=north face@0+2", "material=cotton@2+1"}},
		"the same in another language":     {"fr", "veste NORTH FACE en cotton", []string{"brand=north face@1+2", "material=cotton@4+1"}},
		"no single letters, digits, stops": {"en", "men's shoe size 42 the best", nil},
		"model numbers":                    {"en", "Sony WH-1000XM5 and GSR 12V-15", []string{"model number=wh-1000xm5@1+2"}},
		"model numbers of letters and digits": {
			"", "A2337 dp-3t450 h264", []string{"model number=a2337@0+1", "model number=dp-3t450@1+2", "model number=h264@3+1"},
		},
		"measures are none":         {"en", "500ml 24x30cm 16-bit 10-pack 4K 3-in-1 t-shirt-24 2x", nil},
		"nothing":                   {"en", "", nil},
		"characters without spaces": {"ja", "赤いコーヒーカップ", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, found(g, c.language, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAttributesThatNameNothingAreLeftOut(t *testing.T) {
	t.Parallel()
	many := func(kind string, n, items int) (list []entities.Value) {
		for v := range n {
			list = append(list, entities.Value{Kind: kind, Name: fmt.Sprint("v", strings.Repeat("x", v%7), v), Items: items})
		}
		return list
	}
	for name, c := range map[string]struct {
		values []entities.Value
		want   int
	}{
		"few values of one item each":    {many("colour", 50, 1), 50},
		"another value for each item":    {many("supplier", 51, 1), 0},
		"many values of several items":   {many("pattern", 400, 3), 400},
		"more values than anybody reads": {many("note", 5001, 10), 0},
		"any number of brands":           {many("brand", 6000, 1), 6000},
		"none":                           {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := entities.New(c.values).Len(); got != c.want {
				t.Errorf("%d values, want %d", got, c.want)
			}
		})
	}
}

func TestTheOrderOfValuesSaysNothing(t *testing.T) {
	t.Parallel()
	text := "orange navy blue coat of North Face, cotton, WH-1000XM5"
	want := found(entities.New(values()), "en", text)
	for seed := range uint64(20) {
		list := values()
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if diff := cmp.Diff(want, found(entities.New(list), "en", text)); diff != "" {
			t.Fatal(diff)
		}
	}
	if !slices.Contains(want, "colour=navy blue@1+2") {
		t.Errorf("found %v", want)
	}
}

func ExampleGazetteer() {
	g := entities.New([]entities.Value{{Kind: "brand", Name: "fleet", Items: 12}, {Kind: "colour", Name: "rot", Items: 30}})
	german := tokens.New("de")
	for _, e := range g.Find(german.Tokens("Rote Laufschuhe FX-310 von Fleet", 100), german) {
		fmt.Println(e.Kind, e.Value, e.From)
	}
	// Output:
	// colour rot catalogue
	// model number fx-310 shape
	// brand fleet catalogue
}
