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
	return t.UTC().AppendFormat([]byte{'"'}, layout+`"`), nil
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

// ParseTime reads RFC 3339 or epoch milliseconds, between the years 1970 and 9999.
func ParseTime(text string) (Time, error) {
	if parsed, err := time.Parse(layout, text); err == nil && parsed.Year() >= 1970 { // our own form, the most frequent one
		return Time{parsed}, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 && ms < 253402300800000 {
		return Time{time.UnixMilli(ms).UTC()}, nil
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil || parsed.Year() < 1970 {
		return Time{}, fmt.Errorf("%.40q is neither RFC 3339 (2026-01-31T12:00:00Z) nor epoch milliseconds", text)
	}
	return TimeOf(parsed), nil
}

// Schema implements huma.SchemaProvider.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf: []*huma.Schema{
			{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-01-31T12:00:00.000Z"}},
			{Type: huma.TypeInteger, Description: "Epoch milliseconds"},
		},
		Description: "RFC 3339 or epoch milliseconds; always RFC 3339 in UTC in answers.",
	}
}
