package text

import (
	"strings"

	"github.com/abadojack/whatlanggo"
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
)

// detectBytes is how much of a text is looked at to detect its language.
const detectBytes = 2000

// languageOf cuts a declared language tag to its ISO 639-1 code; anything that is not a tag gives none.
func languageOf(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	base = strings.ToLower(strings.TrimSpace(base))
	if len(base) < 2 || len(base) > 3 || strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	switch base {
	case "nb", "nn", "nob", "nno":
		return "no"
	}
	return base
}

// code is a language code of two or three letters without a pointer, filled up with zero bytes; the zero value is the unknown language.
type code [3]byte

// codeOf packs what languageOf returned.
func codeOf(language string) (c code) {
	copy(c[:], language)
	return c
}

func (c code) String() string { return strings.TrimRight(string(c[:]), "\x00") }

// detect names the language of a text when it is long enough to be sure, otherwise it returns fallback.
func detect(text, fallback string) string {
	if len(text) > detectBytes {
		text = strings.ToValidUTF8(text[:detectBytes], "")
	}
	info := whatlanggo.Detect(text)
	if !info.IsReliable() {
		return fallback
	}
	if code := languageOf(info.Lang.Iso6391()); code != "" {
		return code
	}
	return fallback
}

// stemmer returns the Snowball stemmer of a language, nil if there is none.
func stemmer(language string) func(*snowballstem.Env) bool {
	switch language {
	case "ar":
		return arabic.Stem
	case "da":
		return danish.Stem
	case "de":
		return german.Stem
	case "en":
		return english.Stem
	case "es":
		return spanish.Stem
	case "fi":
		return finnish.Stem
	case "fr":
		return french.Stem
	case "ga":
		return irish.Stem
	case "hu":
		return hungarian.Stem
	case "it":
		return italian.Stem
	case "nl":
		return dutch.Stem
	case "no":
		return norwegian.Stem
	case "pt":
		return portuguese.Stem
	case "ro":
		return romanian.Stem
	case "ru":
		return russian.Stem
	case "sv":
		return swedish.Stem
	case "ta":
		return tamil.Stem
	case "tr":
		return turkish.Stem
	}
	return nil
}
