package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Minute is how a form writes a moment, in UTC: the form of an input of type datetime-local.
const Minute = "2006-01-02T15:04"

// Reader reads the fields of a form and gathers what cannot be read; the rest the API judges.
// Every method returns a zero value for a field that it could not read.
type Reader struct {
	Visit *Visit
	wrong []apierror.FieldError
}

// Bad notes what is wrong with a field; the pointer is the field's name.
func (r *Reader) Bad(field, detail string) {
	r.wrong = append(r.wrong, apierror.FieldError{Pointer: "/" + field, Detail: detail})
}

// Name reads the name of a thing to be stored, of at most so many letters. What names are made of the API says as a pattern, which is no
// sentence for people.
func (r *Reader) Name(field string, longest int) string {
	name := r.Visit.Text(field)
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	}
	mend := "up to " + strconv.Itoa(longest) + " letters from A to Z, digits, dots and hyphens, such as christmas-2026"
	switch {
	case name == "":
		r.Bad(field, "is empty: use "+mend)
	case len(name) > longest:
		r.Bad(field, "is too long: use "+mend)
	case strings.ContainsFunc(name, odd):
		r.Bad(field, "has blanks or other signs: use "+mend)
	}
	return name
}

// Number reads a number; 0 for an empty field. A comma is taken for the decimal mark.
func (r *Reader) Number(name string) float64 {
	text := strings.Replace(r.Visit.Text(name), ",", ".", 1)
	if text == "" {
		return 0
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.Bad(name, "is no number: write it like 2 or 0.5")
	}
	return f
}

// Percent reads a share that the form has per cent and the API between 0 and 1; 0 for an empty field. It judges the range too: what the API
// says of it would be about other numbers than those in the form.
func (r *Reader) Percent(name string) float64 {
	share := r.Number(name) / 100
	if !(share >= 0 && share <= 1) {
		r.Bad(name, "is not from 0 to 100 per cent")
		return 0
	}
	return share
}

// Count reads a whole number; 0 for an empty field.
func (r *Reader) Count(name string) int {
	text := r.Visit.Text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.Bad(name, "is no whole number: write it like 3")
	}
	return n
}

// Time reads a moment in UTC; zero for an empty field.
func (r *Reader) Time(name string) wire.Time {
	text := r.Visit.Text(name)
	if text == "" {
		return wire.Time{}
	}
	t, err := time.Parse(Minute, text)
	if err != nil {
		r.Bad(name, "is no time: write it like 2026-11-27T08:00, in UTC")
	}
	return wire.TimeOf(t)
}

// Problem is what could not be read; nil for nothing.
func (r *Reader) Problem(detail string) *apierror.Problem {
	if len(r.wrong) == 0 {
		return nil
	}
	return apierror.Invalid(detail, r.wrong...)
}
