// Package language says which language a text of the catalogue is in: the one that is declared, else the one that its words and letters
// are of. It knows nothing of items, words or stems; those are package tokens'. The main type is Guess.
package language

import (
	"slices"
	"strings"

	"github.com/abadojack/whatlanggo"
)

// detectBytes is how much of a text is looked at to detect its language.
const detectBytes = 2000

// How a language became known.
const (
	Declared = "declared"
	Detected = "detected"
	Assumed  = "assumed" // the text says too little, and the shop has a language
	Unknown  = "unknown"
)

// Guess is a language and how sure it is.
type Guess struct {
	// Language is the ISO 639-1 code, or 639-3 where there is none; empty when unknown.
	Language string
	// Source is Declared, Detected, Assumed or Unknown.
	Source string
	// Confidence is 1 for what is declared, the detector's lead of the best language over the next for what is detected (above .8 where it
	// decides), and 0 otherwise.
	Confidence float64
}

// Of returns the language of a text: as declared by a BCP 47 tag, else as detected, else the fallback, which is a tag too. What is no tag
// declares nothing. Text is without markup. Cost O(2,000 bytes) when nothing is declared.
func Of(declared, text, fallback string) Guess {
	if code := Code(declared); code != "" {
		return Guess{code, Declared, 1}
	}
	if code, confidence := Detect(text); code != "" {
		return Guess{code, Detected, confidence}
	}
	if code := Code(fallback); code != "" {
		return Guess{code, Assumed, 0}
	}
	return Guess{Source: Unknown}
}

// Code cuts a language tag, such as "pt-BR", to its code, "pt"; anything that is not a tag gives none. The written forms of Norwegian are
// one language.
func Code(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	base = strings.ToLower(strings.TrimSpace(base))
	if len(base) < 2 || len(base) > 3 || strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	if slices.Contains([]string{"nb", "nn", "nob", "nno"}, base) {
		return "no"
	}
	return base
}

// Detect returns the code of the language that a text is in and the detector's confidence, in (.8, 1]; none for a text that is too short,
// or too much like several languages, to be sure.
func Detect(text string) (code string, confidence float64) {
	if len(text) > detectBytes {
		text = strings.ToValidUTF8(text[:detectBytes], "")
	}
	info := whatlanggo.Detect(text)
	if !info.IsReliable() {
		return "", 0
	}
	return Code(info.Lang.Iso6391()), info.Confidence
}
