package table

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/table/locale"
)

// headless reports whether the first record of a text table is a row and no header, where that is certain: it has a value that names no
// column, such as a time, a price or a long number, the same column has such values in the records behind it, and no column has a word
// here and values there. All cells may also be small numbers, where they are not the numbers of the columns or years. A known word speaks
// against it, but not where a cell is a time: a song may be called "Date".
func headless(records [][]string) bool {
	if len(records) < 2 {
		return false
	}
	known, timed := containsKnown(records[0], Known("")), false
	certain, numbers, counted := false, true, true
	for i, cell := range records[0] {
		own, below := formOf(cell), formsBelow(records[1:], i)
		_, action := EventType(cell)
		switch {
		case own == noValue:
		case own == textValue && !action && below[textValue] == 0 && len(below) > 0:
			return false // a word above values
		case own == textValue:
			numbers = numbers && action
		case below[own] == 0 && len(below) > 0:
			return false // such as a month above what was sold in it
		default:
			certain = certain || own > shortValue && below[own] > 0
			timed = timed || below[own] > 0 && (own == timeValue || own == longValue && len(strings.TrimSpace(cell)) >= epochDigits)
			counted = counted && (cell == strconv.Itoa(i) || cell == strconv.Itoa(i+1))
			year, err := strconv.Atoi(cell)
			numbers = numbers && (err != nil || year < 1900 || year > 2200)
		}
	}
	return timed || !known && (certain || numbers && !counted && filled(records[0]) > 1)
}

// epochDigits is how many digits a time has at least that counts seconds.
const epochDigits = 9

// form is what a cell looks like.
type form int

const (
	noValue    form = iota // it is empty
	textValue              // words, or an id with letters
	shortValue             // a number of up to four digits, which may name a column
	longValue              // one of more digits
	partsValue             // a number with a fraction
	timeValue
)

// formOf tells the form of a cell.
func formOf(cell string) form {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return noValue
	}
	if number := strings.TrimLeft(cell, "+-"); strings.Trim(number, "0123456789") == "" && number != "" {
		if len(number) > 4 {
			return longValue
		}
		return shortValue
	}
	if strings.Trim(cell, "0123456789.,+-") == "" && strings.Count(cell, ".")+strings.Count(cell, ",") == 1 {
		return partsValue
	}
	if _, why := (&locale.Times{}).Parse(cell); why == "" || strings.Trim(cell, "0123456789.:/- ") == "" {
		return timeValue // perhaps one whose day and month are not yet told apart
	}
	return textValue
}

// formsBelow counts the forms of the cells of a column that are not empty. Numbers of any length count as each other, but for long ones,
// which are no numbers of pieces.
func formsBelow(records [][]string, column int) map[form]int {
	forms := map[form]int{}
	for _, r := range records {
		if column >= len(r) {
			continue
		}
		switch f := formOf(r[column]); f {
		case noValue:
		case longValue, partsValue:
			forms[shortValue]++
			forms[f]++
		case shortValue:
			forms[partsValue]++
			forms[f]++
		default:
			forms[f]++
		}
	}
	return forms
}

// withoutHeader takes the first record for a row, and names the columns by their numbers.
func (s *csvSource) withoutHeader(first Record) {
	for i := range first.Values {
		s.reader.Columns = append(s.reader.Columns, strconv.Itoa(i+1))
	}
	s.pending = &first
}

// noteUnnamed says what the columns of a table without header are called.
func (r *Reader) noteUnnamed() {
	r.note("The file has no header: its first line is a row. Its columns are called by their numbers, here with "+
		"their first value: %s.", r.Numbered())
}

// Numbered says of a table without header which columns it has, each with the value of its first row, for who has to name them:
// `1 "1193", 2 "5"`. It is "" for a table with a header.
func (r *Reader) Numbered() string {
	if len(r.unnamed) == 0 {
		return ""
	}
	var columns []string
	for i, v := range r.unnamed {
		columns = append(columns, fmt.Sprintf("%d %q", i+1, clip(v)))
	}
	return strings.Join(columns, ", ")
}
