package dictionary_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/dictionary"
)

// item makes an item of titles "en: red mug; de: rot becher".
func item(key uint64, titles string) dictionary.Item {
	it := dictionary.Item{Key: key}
	for title := range strings.SplitSeq(titles, ";") {
		language, words, _ := strings.Cut(title, ":")
		list := strings.Fields(words)
		slices.Sort(list)
		it.Titles = append(it.Titles, dictionary.Title{Language: strings.TrimSpace(language), Words: list})
	}
	return it
}

// shop has colours and things in three languages; brands are the same in all.
func shop() []dictionary.Item {
	colours := [][3]string{{"red", "rot", "roug"}, {"blue", "blau", "bleu"}, {"green", "grün", "vert"}, {"black", "schwarz", "noir"}}
	things := [][3]string{
		{"mug", "bech", "tass"}, {"shirt", "hemd", "chemis"}, {"shoe", "schuh", "chaussur"}, {"run shoe", "laufschuh", "chaussur cours"},
	}
	brands := []string{"fleet", "ora", "clay"}
	var items []dictionary.Item
	for n, c := range colours {
		for m, t := range things {
			brand := brands[(n+m*2)%3]
			items = append(items, item(uint64(n*100+m*7), fmt.Sprintf(
				"en: %s %s %s; de: %s %s %s; fr: %s %s %s", c[0], t[0], brand, c[1], t[1], brand, t[2], c[2], brand,
			)))
		}
	}
	return items
}

func TestWordsAreTranslatedBothWays(t *testing.T) {
	t.Parallel()
	d := dictionary.Learn(shop())
	for _, c := range []struct{ language, word, into, want string }{
		{"en", "red", "de", "rot"}, {"de", "rot", "en", "red"}, {"de", "schwarz", "fr", "noir"}, {"fr", "vert", "en", "green"},
		{"en", "mug", "fr", "tass"}, {"de", "hemd", "en", "shirt"}, {"fr", "cours", "de", "laufschuh"},
	} {
		got := d.Translate(c.word, c.language, c.into)
		if len(got) == 0 || got[0].Text != c.want || got[0].Probability < .2 || got[0].Probability > 1+1e-9 {
			t.Errorf("%s of %s in %s: %v, want %s", c.word, c.language, c.into, got, c.want)
		}
	}
	for _, w := range d.Translate("laufschuh", "de", "en") {
		if w.Text != "run" && w.Text != "shoe" {
			t.Errorf("laufschuh is %v", w)
		}
	}
	if got := d.Translate("ora", "en", "de"); got != nil {
		t.Errorf("a brand is translated as %v", got)
	}
	if got := d.Translate("red", "en", "it"); got != nil {
		t.Errorf("an unknown language has %v", got)
	}
}

func TestOneTitleTeachesNothing(t *testing.T) {
	t.Parallel()
	d := dictionary.Learn([]dictionary.Item{item(1, "en: red mug; de: rot bech"), item(2, "en: sofa"), item(3, "en: ; de: sofa")})
	if d.Len() != 0 || d.Fingerprint() != 0 {
		t.Errorf("%d words", d.Len())
	}
	var none *dictionary.Dictionary
	if none.Len() != 0 || none.Fingerprint() != 0 || none.Translate("a", "en", "de") != nil || dictionary.Learn(nil).Len() != 0 {
		t.Error("nothing is something")
	}
}

func TestTheOrderOfItemsSaysNothing(t *testing.T) {
	t.Parallel()
	items := shop()
	want := dictionary.Learn(items)
	for seed := range uint64(10) {
		rand.New(rand.NewPCG(seed, 3)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		got := dictionary.Learn(items)
		if got.Len() != want.Len() || got.Fingerprint() != want.Fingerprint() {
			t.Fatalf("%d words with %x, want %d with %x", got.Len(), got.Fingerprint(), want.Len(), want.Fingerprint())
		}
		if a, b := got.Translate("red", "en", "de")[0], want.Translate("red", "en", "de")[0]; a != b {
			t.Fatalf("%v, want %v to the bit", a, b)
		}
	}
	if changed := dictionary.Learn(items[1:]); changed.Fingerprint() == want.Fingerprint() {
		t.Error("another dictionary has the same fingerprint")
	}
}

func TestProbabilitiesOfAWordSumToAtMostOne(t *testing.T) {
	t.Parallel()
	d := dictionary.Learn(shop())
	for _, word := range []string{"red", "mug", "shoe", "run"} {
		sum := 0.0
		for _, w := range d.Translate(word, "en", "de") {
			sum += w.Probability
		}
		if sum > 1+1e-9 || math.IsNaN(sum) {
			t.Errorf("%s: %v", word, sum)
		}
	}
}

func ExampleDictionary() {
	d := dictionary.Learn(shop())
	for _, w := range d.Translate("rot", "de", "en") {
		fmt.Println(w.Text)
	}
	// Output: red
}

func BenchmarkLearn(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var items []dictionary.Item
	for n := range 20_000 {
		var en, de strings.Builder
		for range 6 {
			w := int(math.Pow(5000, r.Float64()))
			fmt.Fprintf(&en, " e%d", w)
			fmt.Fprintf(&de, " d%d", w)
		}
		items = append(items, item(uint64(n)*0x9e3779b97f4a7c15, "en:"+en.String()+";de:"+de.String()))
	}
	b.ResetTimer()
	for b.Loop() {
		b.ReportMetric(float64(dictionary.Learn(items).Len()), "words")
	}
}
