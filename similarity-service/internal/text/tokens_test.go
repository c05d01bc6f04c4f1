package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		language, text string
		want           []string
	}{
		"English stems and stop words": {"en", "The running shoes of a Runner", []string{"run", "shoe", "runner"}},
		"German stems":                 {"de", "Die roten Schuhe und der rote Schuh", []string{"rot", "schuh", "rot", "schuh"}},
		"French elision":               {"fr", "L'élégance des chaussures élégantes", []string{"éleg", "chaussur", "éleg"}},
		"Russian stems":                {"ru", "красная кружка и красные кружки", []string{"красн", "кружк", "красн", "кружк"}},
		"Spanish":                      {"es", "las zapatillas para correr", []string{"zapatill", "corr"}},
		"Turkish dotted capital":       {"tr", "IŞIK", []string{"ışık"}},
		"Chinese as pairs":             {"zh", "红色跑步鞋", []string{"红色", "色跑", "跑步", "步鞋"}},
		"one Chinese character":        {"", "茶 500g", []string{"茶", "500g"}},
		"Japanese beside Latin":        {"ja", "Nike スニーカー", []string{"nike", "スニ", "ニー", "ーカ", "カー"}},
		"Thai as pairs":                {"th", "รองเท้า", []string{"รอ", "อง", "งเ", "เท", "ท้", "้า"}},
		"compatibility forms":          {"", "Ｎｉｋｅ ﬁt ①", []string{"nike", "fit", "1"}},
		"combining marks are composed": {"", "cafe\u0301", []string{"café"}},
		"entities": {
			"", "Salt &amp; Pepper &#233;clair caf&eacute;", []string{"salt", "pepper", "éclair", "café"},
		},
		"tags part words": {"", "<p>red</p><p>mug</p>big<br/>cup", []string{"red", "mug", "big", "cup"}},
		"scripts and styles": {
			"", "a1<script>var x = 'b';</script>c1<style>p{d:e}</style>f1<!-- g -->", []string{"a1", "c1", "f1"},
		},
		"a bare less-than sign":             {"", "size < 40 & more", []string{"size", "40", "more"}},
		"an unclosed tag":                   {"", "mug <b", []string{"mug"}},
		"unknown language keeps words":      {"xx", "the Shoes", []string{"the", "shoes"}},
		"broken UTF-8":                      {"", "red\xffmug", []string{"red", "mug"}},
		"over-long words are dropped":       {"", strings.Repeat("x", 81) + " mug", []string{"mug"}},
		"nothing but signs":                 {"en", "!!! --- ★★★", nil},
		"Norwegian declared as Bokmål (nb)": {languageOf("nb-NO"), "husene", []string{"hus"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, newAnalyser(c.language).terms(c.text, 100)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("stops at the limit", func(t *testing.T) {
		t.Parallel()
		if got := newAnalyser("").terms("a b c d 红色跑步鞋", 5); len(got) != 5 {
			t.Errorf("got %q", got)
		}
	})
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	german := "Dieser bequeme Laufschuh eignet sich besonders gut für lange Strecken auf der Straße und im Gelände."
	for name, c := range map[string]struct {
		item     Item
		fallback string
		want     string
	}{
		"declared wins over detected": {Item{Title: german, Language: "fr-CA"}, "", "fr"},
		"detected":                    {Item{Title: german}, "en", "de"},
		"detected in markup":          {Item{Description: "<div class=\"the description of this\">" + german + "</div>"}, "en", "de"},
		"too short: the shop's":       {Item{Title: "Mug"}, "en-GB", "en"},
		"too short and none":          {Item{Title: "Mug"}, "", ""},
		"nonsense declared":           {Item{Title: german, Language: "Deutsch (1)"}, "", "de"},
		"underscore":                  {Item{Title: "x", Language: "pt_BR"}, "", "pt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := DefaultOptions()
			o.Language = c.fallback
			if _, got := newReader(o).analyse(c.item); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzTerms(f *testing.F) {
	f.Add("de", "Die <b>roten</b> Schuhe &amp; スニーカー\xff")
	f.Add("tr", "IŞIK")
	f.Add("", "<script")
	f.Fuzz(func(t *testing.T, language, text string) {
		got := newAnalyser(languageOf(language)).terms(text, 50)
		if len(got) > 50 {
			t.Errorf("%d terms", len(got))
		}
		for _, term := range got {
			if term == "" || !utf8.ValidString(term) || strings.ContainsAny(term, " <>&/") {
				t.Errorf("term %q", term)
			}
		}
	})
}
