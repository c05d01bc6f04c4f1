package text

import "strings"

// code is a language code of two or three letters without a pointer, filled up with zero bytes; the zero value is the unknown language.
type code [3]byte

// codeOf packs what language.Code returned.
func codeOf(language string) (c code) {
	copy(c[:], language)
	return c
}

func (c code) String() string { return strings.TrimRight(string(c[:]), "\x00") }
