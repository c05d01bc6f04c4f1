package language_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

func TestOf(t *testing.T) {
	t.Parallel()
	german := "Dieser bequeme Laufschuh eignet sich besonders gut für lange Strecken auf der Straße und im Gelände."
	for name, c := range map[string]struct{ declared, text, fallback, want, source string }{
		"declared wins over detected":  {"fr-CA", german, "", "fr", language.Declared},
		"detected":                     {"", german, "en", "de", language.Detected},
		"too short: the shop's":        {"", "Mug", "en-GB", "en", language.Assumed},
		"too short and none":           {"", "Mug", "", "", language.Unknown},
		"no text at all":               {"", "", "", "", language.Unknown},
		"nonsense declared":            {"Deutsch (1)", german, "", "de", language.Detected},
		"an underscore":                {"pt_BR", "x", "", "pt", language.Declared},
		"Norwegian declared as Bokmål": {"nb-NO", "x", "", "no", language.Declared},
		"a language of three letters":  {"gsw", "x", "", "gsw", language.Declared},
		"another script":               {"", "Κόκκινη κούπα για καφέ", "", "el", language.Detected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := language.Of(c.declared, c.text, c.fallback)
			if got.Language != c.want || got.Source != c.source {
				t.Errorf("got %+v, want %q, %s", got, c.want, c.source)
			}
			low, high := 0.0, 0.0
			switch c.source {
			case language.Declared:
				low, high = 1, 1
			case language.Detected:
				low, high = .8, 1
			}
			if got.Confidence < low || got.Confidence > high {
				t.Errorf("confidence %v is not within %v and %v", got.Confidence, low, high)
			}
		})
	}
}

func TestVoter(t *testing.T) {
	t.Parallel()
	v := language.NewVoter()
	for text, want := range map[string]string{
		"The lid is great, and it keeps the tea warm for an hour": "en", "Der Deckel ist gut und die Kanne hält den Tee warm": "de",
		"Le couvercle est bon et la théière garde le thé au chaud": "fr", "La tapa es buena y la tetera lo mantiene con su calor": "es",
		"Het deksel is goed en de pot houdt de thee een uur warm":      "nl",
		"Крышка хорошая, и чай в нем не остывает, но он на вид как из": "ru",
		"Κόκκινη κούπα": "el", "Top": "it", "": "it",
	} {
		if got := v.Of(text, "it"); got.Language != want {
			t.Errorf("%q is %+v, want %s", text, got, want)
		}
	}
	for _, code := range tokens.StopLanguages() {
		words := tokens.StopWords(code)
		if len(words) == 0 {
			t.Errorf("%s has no stop words", code)
		}
		alike := code == "da" || code == "no" // too much to vote between them
		if got := v.Of(strings.Join(words, " "), ""); got.Language != code && !alike {
			t.Errorf("the stop words of %s are %+v", code, got)
		}
	}
}

func ExampleOf() {
	fmt.Println(language.Of("de-AT", "", "").Language)
	fmt.Println(language.Of("", "Des chaussures légères pour courir longtemps sur la route et dans la forêt", "").Language)
	fmt.Println(language.Of("", "Mug", "").Source)
	// Output:
	// de
	// fr
	// unknown
}
