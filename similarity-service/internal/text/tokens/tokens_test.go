package tokens

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
		"Russian stems": {"ru", "красная кружка и красные кружки",
			[]string{"красн", "кружк", "красн", "кружк"}},
		"Spanish":                {"es", "las zapatillas para correr", []string{"zapatill", "corr"}},
		"Turkish dotted capital": {"tr", "IŞIK", []string{"ışık"}},
		"Chinese as pairs":       {"zh", "红色跑步鞋", []string{"红色", "色跑", "跑步", "步鞋"}},
		"one Chinese character":  {"", "茶 500g", []string{"茶", "500g"}},
		"Japanese beside Latin":  {"ja", "Nike スニーカー", []string{"nike", "スニ", "ニー", "ーカ", "カー"}},
		"Thai as pairs": {"th", "รองเท้า",
			[]string{"รอ", "อง", "งเ", "เท", "ท้", "้า"}},
		"compatibility forms":          {"", "Ｎｉｋｅ ﬁt ①", []string{"nike", "fit", "1"}},
		"combining marks are composed": {"", "cafe\u0301", []string{"café"}},
		"entities": {
			"", "Salt &amp; Pepper &#233;clair caf&eacute;", []string{"salt", "pepper", "éclair", "café"},
		},
		"tags part words": {"", "<p>red</p><p>mug</p>big<br/>cup", []string{"red", "mug", "big", "cup"}},
		"scripts and styles": {
			"", "a1<script>var x = 'b';</script>c1<style>p{d:e}</style>f1<!-- g -->", []string{"a1", "c1", "f1"},
		},
		"a bare less-than sign":        {"", "size < 40 & more", []string{"size", "40", "more"}},
		"an unclosed tag":              {"", "mug <b", []string{"mug"}},
		"unknown language keeps words": {"xx", "the Shoes", []string{"the", "shoes"}},
		"broken UTF-8":                 {"", "red\xffmug", []string{"red", "mug"}},
		"over-long words are dropped":  {"", strings.Repeat("x", 81) + " mug", []string{"mug"}},
		"nothing but signs":            {"en", "!!! --- ★★★", nil},
		"Norwegian":                    {"no", "husene", []string{"hus"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, New(c.language).Terms(c.text, 100)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("stops at the limit", func(t *testing.T) {
		t.Parallel()
		if got := New("").Terms("a b c d 红色跑步鞋", 5); len(got) != 5 {
			t.Errorf("got %q", got)
		}
	})
}

func FuzzTerms(f *testing.F) {
	f.Add("de", "Die <b>roten</b> Schuhe &amp; スニーカー\xff")
	f.Add("tr", "IŞIK")
	f.Add("", "<script")
	f.Fuzz(func(t *testing.T, language, text string) {
		got := New(language).Terms(text, 50)
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

func TestTokensSayWhatTermsAreMadeOf(t *testing.T) {
	t.Parallel()
	for language, text := range map[string]string{
		"en": "The <i>running</i> shoes &amp; the Runner", "de": "Die roten Schuhe und der rote Schuh", "ja": "Nike スニーカー 赤",
		"": "plain words", "fr": "L'élégance",
	} {
		a := New(language)
		var stems []string
		for _, token := range a.Tokens(text, 100) {
			if token.Stop != (token.Stem == "") {
				t.Errorf("%s: %+v", language, token)
			}
			if !token.Stop {
				stems = append(stems, token.Stem)
			}
		}
		if diff := cmp.Diff(a.Terms(text, 100), stems); diff != "" {
			t.Errorf("%s: %s", language, diff)
		}
	}
}

func TestWordsAreTheSameInAllLanguages(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"the", "shoes", "of", "fit", "赤い"}, Words("The Shoes of <b>ﬁt</b> 赤い", 9)); diff != "" {
		t.Error(diff)
	}
	if got := Words("a b c", 2); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func TestLanguagesWithoutStemsShareAnAnalyser(t *testing.T) {
	t.Parallel()
	var all Analysers
	german := all.Of("de")
	if all.Of("xx") != all.Of("yy") || german != all.Of("de") || german == all.Of("xx") {
		t.Error("analysers are not shared as they should be")
	}
	if got := all.Of("az").Terms("IŞIK", 1); got[0] != "ışık" {
		t.Errorf("Azerbaijani is lowered as %q", got)
	}
}
