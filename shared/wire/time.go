// Package wire holds the small types that several of Aisle's HTTP APIs use in their JSON.
package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Time is a moment in a JSON body: written as RFC 3339 in UTC with milliseconds, read as that or as epoch milliseconds.
type Time struct{ time.Time }

// layout keeps a fixed number of digits so that times sort as text.
const layout = "2006-01-02T15:04:05.000Z"

// TimeOf returns t in UTC, cut to milliseconds: the resolution at which Aisle stores times.
func TimeOf(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return append(appendTime(append(make([]byte, 0, len(layout)+2), '"'), t.UTC()), '"'), nil
}

// appendTime is t.AppendFormat with our layout, three times as fast: a profile holds a hundred times. Years have four digits.
func appendTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = digits(b, year, 1000)
	b = digits(append(b, '-'), int(month), 10)
	b = digits(append(b, '-'), day, 10)
	b = digits(append(b, 'T'), hour, 10)
	b = digits(append(b, ':'), minute, 10)
	b = digits(append(b, ':'), second, 10)
	b = digits(append(b, '.'), t.Nanosecond()/1e6, 100)
	return append(b, 'Z')
}

// digits appends n with leading zeros; unit is the value of the first digit.
func digits(b []byte, n, unit int) []byte {
	for ; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10))
	}
	return b
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	text := string(data)
	if data[0] == '"' {
		text = text[1 : len(text)-1] // no time has an escape in it, so that one is no time
	}
	parsed, err := ParseTime(text)
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler, for parameters of a query.
func (t *Time) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTime(string(text))
	return err
}

// parseOwn reads what MarshalJSON writes, the most frequent form, faster than time.Parse.
func parseOwn(text string) (Time, bool) {
	if len(text) != len(layout) {
		return Time{}, false
	}
	var parts [7]int
	part := 0
	for i := range len(layout) {
		c := text[i]
		switch {
		case layout[i] >= '0' && layout[i] <= '9':
			if c < '0' || c > '9' {
				return Time{}, false
			}
			parts[part] = parts[part]*10 + int(c-'0')
		case c != layout[i]:
			return Time{}, false
		default:
			part++
		}
	}
	t := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1e6, time.UTC)
	var again [len(layout)]byte
	return Time{t}, parts[0] >= 1970 && string(appendTime(again[:0], t)) == text // no 31st of February
}

// ParseTime reads RFC 3339, also with a blank for the T, a date, or an epoch in seconds, milliseconds or microseconds, which are told apart
// by their size: the years from 1973 to 5138 in milliseconds have 12 or 14 digits fewer than in the others. A time lies between the years
// 1970 and 9999.
func ParseTime(text string) (Time, error) {
	if parsed, ok := parseOwn(text); ok {
		return parsed, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		if t := epoch(n); t.Year() <= 9999 {
			return TimeOf(t), nil
		}
	}
	for _, layout := range [...]string{
		time.RFC3339, time.DateOnly, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 MST",
		"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
	} {
		parsed, err := time.Parse(layout, text)
		if err == nil && layout == "2006-01-02 15:04:05 MST" && parsed.Location() != time.UTC {
			continue // an abbreviation of a zone other than UTC tells nothing for certain
		}
		if err == nil && parsed.Year() >= 1970 {
			return TimeOf(parsed), nil
		}
	}
	return Time{}, fmt.Errorf(
		"%.40q is neither RFC 3339 (2026-01-31T12:00:00Z) nor a date (2026-01-31) nor an epoch in seconds, milliseconds or microseconds",
		text,
	)
}

// epoch reads a count of seconds, milliseconds or microseconds since 1970.
func epoch(n int64) time.Time {
	const secondsEnd, millisecondsEnd = 1e11, 1e14
	switch {
	case n < secondsEnd:
		return time.Unix(n, 0)
	case n < millisecondsEnd:
		return time.UnixMilli(n)
	}
	return time.UnixMicro(n)
}

// Schema implements huma.SchemaProvider.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf: []*huma.Schema{
			{Type: huma.TypeString, Format: "date-time", Nullable: true, Examples: []any{"2026-01-31T12:00:00.000Z"}},
			{Type: huma.TypeString, Format: "date", Pattern: `^\d{4}-\d{2}-\d{2}$`, Description: "Its first moment in UTC"},
			{Type: huma.TypeInteger, Description: "Epoch in seconds, milliseconds or microseconds, told apart by size"},
		},
		Description: "RFC 3339, a date, or an epoch in seconds to microseconds; in answers RFC 3339 in UTC, or null for none.",
	}
}
