// Package tokens takes a text apart in steps that can each be looked at: markup stripped,
// Unicode NFKC, lower case (Normalise), words (Tokens), stop words and Snowball stems (Token).
// Scripts that put no spaces between words come as overlapping pairs of characters. It knows no
// items and no weights. The main type is Analyser. An example: "Die <b>Läufer</b>" in German
// gives the tokens "die", a stop word, and "läufer" with the stem "lauf". stopwords.go and
// stemmer.go say what there is by language; the codes are those of language.Code.
package tokens

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word that is kept, in bytes; longer ones are codes or damage.
const maxWord = 80

// Token is one word of a text, or a pair of characters of a script that is written without spaces.
type Token struct {
	Text string // normalised
	Stem string // what it counts as; empty for a stop word and for a word that is too long to be one
	Stop bool   // it is so common in its language that it says nothing
	Tied bool   // only a hyphen, slash, dot or plus stands between it and the word before
}

// Analyser turns the texts of one language into terms. It is safe for concurrent use.
type Analyser struct {
	language string
	stem     func(*snowballstem.Env) bool
	stop     map[string]bool
}

// New returns the analyser of a language, given by its code; one without stems and stop words for a language that has neither.
func New(language string) *Analyser {
	a := &Analyser{language: language, stem: stemmer(language), stop: map[string]bool{}}
	for _, word := range strings.Fields(stopWords(language)) {
		a.stop[word] = true
	}
	return a
}

// Analysers keeps the analyser of every language that was asked for. The zero value is ready and safe for concurrent use.
type Analysers struct{ known sync.Map }

// Of returns the analyser of a language. All languages without stems and stop words share one: made-up languages must not pile up.
func (s *Analysers) Of(language string) *Analyser {
	if stemmer(language) == nil && stopWords(language) == "" && language != "az" {
		language = ""
	}
	if a, ok := s.known.Load(language); ok {
		return a.(*Analyser)
	}
	a, _ := s.known.LoadOrStore(language, New(language))
	return a.(*Analyser)
}

// Normalise strips markup and returns the text in Unicode NFKC and lower case, with single spaces.
func (a *Analyser) Normalise(text string) string {
	return strings.Join(strings.Fields(a.normal(text)), " ")
}

// Terms returns the stems of at most limit words of a text in order, with repeats and without stop words.
// Pairs of characters come as they are. The limit spares the stemming of all that is behind it.
func (a *Analyser) Terms(text string, limit int) []string {
	var out []string
	words(a.normal(text), func(word string, spaced bool) bool {
		if spaced {
			word = a.term(word)
		}
		if word != "" {
			out = append(out, word)
		}
		return len(out) < limit
	})
	return out
}

// Tokens returns at most limit words of a text in order, stop words among them: what Terms makes of each.
func (a *Analyser) Tokens(text string, limit int) []Token {
	var out []Token
	text, end := a.normal(text), 0
	words(text, func(word string, spaced bool) bool {
		start := end + strings.Index(text[end:], word)
		t := Token{Text: word, Stem: word, Tied: start == end+1 && end > 0 && strings.IndexByte("-/.+", text[end]) >= 0}
		if spaced {
			t.Stem, t.Stop = a.term(word), a.stop[word]
			end = start + len(word)
		} else { // pairs overlap
			_, first := utf8.DecodeRuneInString(word)
			end = start + first
		}
		out = append(out, t)
		return len(out) < limit
	})
	return out
}

// Words returns at most limit words of a text as they are, stop words among them, in a form that does not depend on the language: names and
// values of attributes are the same in all.
func Words(text string, limit int) []string {
	var out []string
	words(strings.ToLower(norm.NFKC.String(StripMarkup(text))), func(word string, _ bool) bool {
		out = append(out, word)
		return len(out) < limit
	})
	return out
}

// normal is the text before it is divided into words. NFKC makes one of what looks alike, such
// as "ﬁ" and "fi" or full-width digits, before lower case is made.
func (a *Analyser) normal(text string) string { return a.lower(norm.NFKC.String(StripMarkup(text))) }

// term stems a word; stop words and over-long words give none.
func (a *Analyser) term(word string) string {
	if len(word) > maxWord || a.stop[word] {
		return ""
	}
	if a.stem == nil {
		return word
	}
	env := snowballstem.NewEnv(word)
	a.stem(env)
	return env.Current()
}

// lower heeds that Turkish and Azerbaijani have an i without a dot: the lower case of I is ı
// there, and of İ it is i.
func (a *Analyser) lower(text string) string {
	if a.language == "tr" || a.language == "az" {
		return strings.ToLowerSpecial(unicode.TurkishCase, text)
	}
	return strings.ToLower(text)
}

// StripMarkup removes HTML tags, comments, scripts and styles and resolves entities. Text without markup is returned as
// it is.
func StripMarkup(text string) string {
	text = strings.ToValidUTF8(text, " ")
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	var out strings.Builder
	hidden := false
	for tokens := html.NewTokenizer(strings.NewReader(text)); ; {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return out.String()
		case html.TextToken:
			if !hidden {
				out.Write(tokens.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			// A tag parts words, though inline ones such as <b> rarely stand inside one.
			out.WriteByte(' ')
			if name, _ := tokens.TagName(); string(name) == "script" || string(name) == "style" {
				hidden = kind == html.StartTagToken
			}
		}
	}
}

// words calls use for every word of a lower-case text until it returns false. Runs of a script that does not put spaces
// between words come as overlapping pairs of characters, a run of one as itself, with spaced false.
func words(text string, use func(word string, spaced bool) bool) {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case unspaced(r):
			end := runEnd(text, unspaced)
			if !pairs(text[:end], use) {
				return
			}
			text = text[end:]
		case inWord(r):
			end := runEnd(text, func(r rune) bool { return inWord(r) && !unspaced(r) })
			if !use(text[:end], true) {
				return
			}
			text = text[end:]
		default:
			text = text[size:]
		}
	}
}

// runEnd is where the run of characters that text begins with ends, in bytes.
func runEnd(text string, in func(rune) bool) int {
	end := strings.IndexFunc(text, func(r rune) bool { return !in(r) })
	if end < 0 {
		return len(text)
	}
	return end
}

// pairs calls use for each character with the one behind it, or for the only one. It returns
// false once use did. Each character but the first and last is in two pairs, so that a word is
// found wherever it begins.
func pairs(run string, use func(string, bool) bool) bool {
	_, first := utf8.DecodeRuneInString(run)
	if first == len(run) {
		return use(run, false)
	}
	for first < len(run) {
		_, second := utf8.DecodeRuneInString(run[first:])
		if !use(run[:first+second], false) {
			return false
		}
		run, first = run[first:], second
	}
	return true
}

// inWord takes digits for parts of words ("350ml" is one), and marks, without which Hindi or
// Tamil words would fall apart.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }

// unspaced tells characters of scripts written without spaces. The prolonged sound mark belongs to Katakana words.
func unspaced(r rune) bool {
	return r >= 0x0E00 && (r == 'ー' ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}
