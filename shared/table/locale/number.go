// Package locale reads numbers, money and times as people of any country write them: "1.299,00 €", "31/01/2026 14:05". What can be read
// in two ways is settled by the rest of its column or refused, never guessed. The main types are Numbers and Times.
package locale

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Numbers reads the numbers of one column, whatever their locale. A number that tells its decimal mark by itself ("19,99", "1.299,00") is
// read as it stands. One that can be read in two ways ("1,299") is settled by Decimal, else by the other numbers of the column when they
// all agree, else refused. It remembers what it has seen and is for one goroutine.
type Numbers struct {
	Decimal byte // '.' or ','; 0: as the column tells
	points  int  // numbers seen whose decimal mark can only be '.'
	commas  int  // the same of ','
}

// Amount is a number with the currency that stood beside it: an ISO 4217 code, "" when there was none or a sign such as $ that many share.
type Amount struct {
	Value    float64
	Currency string
}

// Learn takes note of the decimal mark of a number, if it tells one.
func (n *Numbers) Learn(text string) {
	if p, why := scanNumber(text); why == "" {
		n.note(p)
	}
}

// note counts what a number tells of the decimal mark.
func (n *Numbers) note(p scanned) {
	switch p.decimal {
	case '.':
		n.points++
	case ',':
		n.commas++
	}
}

// Mark returns the decimal mark that the column uses, '.' or ',', 0 when nothing or both were
// seen.
func (n *Numbers) Mark() byte {
	switch {
	case n.Decimal != 0:
		return n.Decimal
	case n.points > 0 && n.commas == 0:
		return '.'
	case n.commas > 0 && n.points == 0:
		return ','
	}
	return 0
}

// Mixed reports whether numbers were seen that can only have a decimal point and others that can only have a decimal comma.
func (n *Numbers) Mixed() bool { return n.points > 0 && n.commas > 0 }

// Parse reads a number; why says what is wrong with it, "" when nothing is. Values are finite.
// A currency, percent or unit that is not known beside the digits makes it no number: "5 kg"
// must not become 5. It notes the mark that the number tells, so that a later one may be read
// that an earlier one could not.
func (n *Numbers) Parse(text string) (a Amount, why string) {
	if v, ok := plainNumber(text); ok {
		return Amount{Value: v}, ""
	}
	p, why := scanNumber(text)
	if why != "" {
		return Amount{}, why
	}
	n.note(p)
	if p.ambiguous != 0 {
		switch n.Mark() {
		case 0:
			return Amount{}, ambiguous(text, p)
		case p.ambiguous: // it is the decimal mark
		default:
			p.whole, p.fraction = p.whole+p.fraction, ""
		}
	}
	v, err := strconv.ParseFloat(p.whole+"."+p.fraction+p.exponent, 64)
	if err != nil || math.IsInf(v, 0) {
		return Amount{}, notANumber
	}
	if p.negative {
		v = -v
	}
	return Amount{Value: v, Currency: p.currency}, ""
}

const notANumber = "The value is not a number such as 12.50."

// ambiguous is the sentence for a number that can be read in two ways, with both readings and
// the option that settles it.
func ambiguous(text string, p scanned) string {
	return fmt.Sprintf("%.40q can be %s.%s or %s%s, and the rest of the column does not tell. "+
		"Say which mark is the decimal one: --decimal . or --decimal , (decimal in the API).",
		text, p.whole, p.fraction, p.whole, p.fraction)
}

// plainNumber reads the most frequent forms fast: digits, and digits with a point and one, two or four digits behind it.
// Three digits behind a point may be thousands and are left to scanNumber. Digits and scale are
// exact as float64 up to 15 of them, so that the quotient is the nearest number, as strconv
// would find it.
func plainNumber(text string) (float64, bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	var value, scale float64 = 0, 0
	point := -1
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			value = value*10 + float64(c-'0')
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return 0, false
		}
	}
	if point < 0 {
		return value, true
	}
	switch len(text) - point - 1 {
	case 1:
		scale = 10
	case 2:
		scale = 100
	case 4:
		scale = 10000
	default:
		return 0, false
	}
	return value / scale, true
}

// scanned are the parts of a number.
type scanned struct {
	whole, fraction string // digits
	exponent        string
	negative        bool
	decimal         byte // the mark that can only be the decimal one, 0 when none does
	ambiguous       byte // the mark that may be the decimal one or join thousands
	currency        string
}

// scanNumber takes a number apart: sign, currency, digits with their marks, exponent. why is a
// sentence for what is no number. It does not settle a mark that can be either: see Numbers.
func scanNumber(text string) (p scanned, why string) {
	text = strings.TrimSpace(text)
	first := strings.IndexFunc(text, isDigit)
	if first < 0 || !utf8.ValidString(text) {
		return p, notANumber
	}
	if first > 0 && (text[first-1] == '.' || text[first-1] == ',') && (first == 1 || !unicode.IsLetter(lastRune(text[:first-1]))) {
		first-- // ".5"
	}
	last := strings.LastIndexFunc(text, isDigit) + 1
	before, body, after := text[:first], text[first:last], text[last:]
	before, negative := cutSign(before)
	p.negative = negative
	after = cutDash(after)
	if at := strings.IndexAny(body, "eE"); at > 0 && strings.TrimLeft(body[at+1:], "+-0123456789") == "" {
		body, p.exponent = body[:at], body[at:]
	}
	var known bool
	if p.currency, known = currencyAround(before, after); !known {
		return p, notANumber
	}
	if why := p.marks(body); why != "" {
		return p, why
	}
	return p, ""
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// lastRune returns the last character of a text.
func lastRune(text string) rune { r, _ := utf8.DecodeLastRuneInString(text); return r }

// cutSign takes a sign from the end or the start of what stands before the digits.
func cutSign(before string) (rest string, negative bool) {
	trimmed := strings.TrimSpace(before)
	for _, sign := range []string{"-", "\u2212", "+"} {
		if cut, ok := strings.CutSuffix(trimmed, sign); ok {
			return cut, sign != "+"
		}
		if cut, ok := strings.CutPrefix(trimmed, sign); ok {
			return cut, sign != "+"
		}
	}
	return trimmed, false
}

// cutDash takes the dash of whole amounts ("19,-") from what stands behind the digits.
func cutDash(after string) string {
	for _, dash := range []string{",-", ".-", ",\u2013", ".\u2013", ",\u2014", ".\u2014"} {
		if cut, ok := strings.CutPrefix(after, dash); ok {
			return strings.TrimLeft(cut, "-\u2013\u2014")
		}
	}
	return after
}

// marks tells thousands from decimals in digits with marks between them. Of points and commas
// the last is the decimal mark; of one mark that comes twice it joins thousands, and the other
// is the decimal one; a single mark is judged by what stands around it.
func (p *scanned) marks(body string) string {
	joined, spaced, ok := unspace(body)
	points, commas := strings.Count(joined, "."), strings.Count(joined, ",")
	if !ok {
		return notANumber
	}
	switch {
	case points == 0 && commas == 0:
		p.whole = joined
	case points > 0 && commas > 0:
		mark := joined[strings.LastIndexAny(joined, ".,")]
		return p.split(joined, mark, 46+44-mark, spaced)
	case points+commas > 1:
		mark := byte('.')
		if commas > 0 {
			mark = ','
		}
		if spaced || !grouped(joined, mark) {
			return notANumber
		}
		p.whole, p.decimal = strings.ReplaceAll(joined, string(mark), ""), 46+44-mark
	default:
		return p.single(joined, spaced)
	}
	return ""
}

// split cuts at the decimal mark; other joins the thousands before it.
func (p *scanned) split(text string, decimal, other byte, spaced bool) string {
	whole, fraction, _ := strings.Cut(text, string(decimal))
	if strings.IndexByte(fraction, decimal) >= 0 || strings.IndexByte(fraction, other) >= 0 || spaced || !grouped(whole, other) {
		return notANumber
	}
	p.whole, p.fraction, p.decimal = strings.ReplaceAll(whole, string(other), ""), fraction, decimal
	return ""
}

// single judges a number with one mark. It can be either only where three digits follow and one
// to three stand before, none of them a leading zero: "0,125" and "1234,567" are decimals,
// "1,234" is not certain.
func (p *scanned) single(text string, spaced bool) string {
	at := strings.IndexAny(text, ".,")
	p.whole, p.fraction = text[:at], text[at+1:]
	switch {
	case p.fraction == "":
		return notANumber
	case len(p.fraction) == 3 && len(p.whole) >= 1 && len(p.whole) <= 3 && p.whole[0] != '0' && !spaced && p.exponent == "":
		p.ambiguous = text[at]
	default:
		p.decimal = text[at]
	}
	return ""
}

// unspace takes out the blanks and apostrophes that join thousands, as in "1 299,00" and
// "1'299.00". spaced says that there were some; ok is false when they stand elsewhere than
// between groups of thousands.
func unspace(body string) (joined string, spaced, ok bool) {
	const spaces = " '\u00a0\u202f\u2009\u2019"
	if !strings.ContainsAny(body, spaces) {
		return body, false, true
	}
	whole, rest := body, ""
	if at := strings.IndexAny(body, ".,"); at >= 0 {
		whole, rest = body[:at], body[at:]
	}
	if strings.ContainsAny(rest, spaces) {
		return "", true, false
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return strings.ContainsRune(spaces, r) })
	return strings.Join(groups, "") + rest, true, grouped(strings.Join(groups, " "), ' ')
}

// grouped reports whether digits are joined in threes (or, as in India, twos before the last three), or not at all.
func grouped(text string, mark byte) bool {
	groups := strings.Split(text, string(mark))
	if len(groups) == 1 {
		return true
	}
	for i, g := range groups {
		switch {
		case i == 0 && (len(g) < 1 || len(g) > 3), i == len(groups)-1 && len(g) != 3:
			return false
		case i > 0 && i < len(groups)-1 && len(g) != 3 && len(g) != 2:
			return false
		}
	}
	return true
}
