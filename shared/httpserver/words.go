package httpserver

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// messages are what huma says of a value, how that begins, and what a caller is told instead: the code, and the detail with the rest of
// huma's message in the place of %. The first that fits counts.
var messages = [...]struct{ said, code, detail string }{
	{"expected number >= ", "out_of_range", "has to be % or more"},
	{"expected number <= ", "out_of_range", "has to be % or less"},
	{"expected number > ", "out_of_range", "has to be more than %"},
	{"expected number < ", "out_of_range", "has to be less than %"},
	{"expected number to be a multiple of ", "out_of_range", "has to be a multiple of %"},
	{"expected number", "wrong_type", "has to be a number"},
	{"expected integer", "wrong_type", "has to be a whole number"},
	{"invalid integer", "wrong_type", "has to be a whole number"},
	{"invalid float", "wrong_type", "has to be a number"},
	{"expected boolean", "wrong_type", "has to be true or false"},
	{"invalid boolean", "wrong_type", "has to be true or false"},
	{"expected length >= ", "too_small", "has fewer than % characters"},
	{"expected length <= ", "too_long", "has more than % characters"},
	{"expected array length >= ", "too_small", "has fewer members than %"},
	{"expected array length <= ", "too_many", "has more members than %"},
	{"expected array items to be unique", "duplicate", "has a member twice"},
	{"expected array", "wrong_type", "has to be a list"},
	{"expected object", "wrong_type", "has to be an object"},
	{"expected value to be one of ", "invalid_value", "has to be one of %"},
	{ // only times have several forms
		"expected value to match ", "invalid_time",
		"has to be a time in RFC 3339 with its zone, such as 2026-12-24T09:00:00+11:00, a date, or an epoch",
	},
	{"expected string to match pattern ^[A-Za-z0-9._-]+$", "invalid_id", "may have letters, digits, dots, hyphens and underscores only"},
	{"expected string to match pattern ", "invalid_value", "does not have the form %"},
	{"expected string to be ", "invalid_value", "has to be %"},
	{"expected string", "wrong_type", "has to be a string"},
	{"invalid value: ", "invalid_value", "%"},
	{"required ", "required", "is missing"}, // of a parameter
}

// inWords says of a field in a caller's words, and with a code and the name of a member that is missing, what huma says in its own. What
// is not known stays as it is.
func inWords(f apierror.FieldError) apierror.FieldError {
	const missing, present = "expected required property ", " to be present"
	if name, ok := strings.CutPrefix(f.Detail, missing); ok && strings.HasSuffix(name, present) {
		f.Pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(strings.TrimSuffix(name, present))
		f.Code, f.Detail = "required", "is missing"
		return f
	}
	if f.Detail == "expected length >= 1" {
		f.Code, f.Detail = "required", "is empty: give it a value or leave it out"
		return f
	}
	for _, m := range messages {
		if rest, ok := strings.CutPrefix(f.Detail, m.said); ok {
			f.Code, f.Detail = m.code, strings.Replace(m.detail, "%", unquoted(rest), 1)
			break
		}
	}
	if f.Pointer == "" && f.Parameter == "" && f.Code != "" {
		f.Detail = "the body " + f.Detail
	}
	return f
}

// unquoted takes away quotation marks that enclose a text, and leaves those within it.
func unquoted(text string) string {
	if inner := strings.Trim(text, `"`); text == `"`+inner+`"` {
		return inner
	}
	return text
}
