package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word that is kept, in bytes; longer ones are codes or damage.
const maxWord = 80

// analyser turns the texts of one language into terms.
type analyser struct {
	language string
	stem     func(*snowballstem.Env) bool
	stop     map[string]bool
}

func newAnalyser(language string) *analyser {
	a := &analyser{language: language, stem: stemmer(language), stop: map[string]bool{}}
	for _, word := range strings.Fields(stopWords(language)) {
		a.stop[word] = true
	}
	return a
}

// terms returns at most limit terms of a text in order, with repeats.
func (a *analyser) terms(text string, limit int) []string {
	var out []string
	words(a.lower(norm.NFKC.String(stripMarkup(text))), func(word string, spaced bool) bool {
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

// term stems a word; stop words and over-long words give none.
func (a *analyser) term(word string) string {
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

func (a *analyser) lower(text string) string {
	if a.language == "tr" || a.language == "az" {
		return strings.ToLowerSpecial(unicode.TurkishCase, text)
	}
	return strings.ToLower(text)
}

// stripMarkup removes HTML tags, comments, scripts and styles and resolves entities. Text without markup is returned as
// it is.
func stripMarkup(text string) string {
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

func runEnd(text string, in func(rune) bool) int {
	end := strings.IndexFunc(text, func(r rune) bool { return !in(r) })
	if end < 0 {
		return len(text)
	}
	return end
}

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

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }

// unspaced tells characters of scripts written without spaces. The prolonged sound mark belongs to Katakana words.
func unspaced(r rune) bool {
	return r >= 0x0E00 && (r == 'ー' ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}
