package entities

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

const (
	// modelWord is how many letters a part of a model number has at most that has no digits.
	modelWord = 4
	// modelDigits is how many digits a model number has at least.
	modelDigits = 2
)

func letter(r rune) bool { return unicode.IsLetter(r) }

func runes(text string) int { return utf8.RuneCountInString(text) }

// modelLength returns how many tokens from the first on are a model number, 0 when none is: words that a hyphen, slash, dot or plus ties
// together, such as "wh-1000xm5", of which one mixes letters and digits, or which begin with letters that digits follow. Measures
// ("500ml", "24x30cm"), and runs with a longer word ("t-shirt-24"), are none.
func modelLength(text []tokens.Token) int {
	length := 1
	for length < len(text) && text[length].Tied {
		length++
	}
	digits, mixed := 0, false
	for _, t := range text[:length] {
		own := digitsOf(t.Text)
		digits += own
		switch words := strings.ContainsFunc(t.Text, letter); {
		case words && own > 0:
			mixed = mixed || !measure(t.Text)
		case words && runes(t.Text) > modelWord:
			return 0
		}
	}
	leads := length > 1 && digitsOf(text[0].Text) == 0
	if digits < modelDigits || !mixed && !leads {
		return 0
	}
	return length
}

func digitsOf(word string) (n int) {
	for _, r := range word {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// units are what stands behind a number that measures something, or between two of them.
var units = strings.Fields("ml cl dl l g kg mg oz lb lbs mm cm m km in ft w kw kwh wh v a ah mah gb mb " +
	"tb hz khz mhz ghz mp db bar h min s ms er st nd rd th x d k p pk pcs stk xl xxl")

// measure reports whether a word is digits with a unit behind, such as "500ml", or several of them in a row, such as "24x30cm".
func measure(word string) bool {
	parts := strings.FieldsFunc(word, unicode.IsDigit)
	return unicode.IsDigit([]rune(word)[0]) && !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(units, p) })
}

// written is a model number as a text has it, with hyphens for what ties it.
func written(text []tokens.Token) string {
	words := make([]string, len(text))
	for n, t := range text {
		words[n] = t.Text
	}
	return strings.Join(words, "-")
}
