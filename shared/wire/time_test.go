package wire

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 31, 12, 0, 0, 5e6, time.UTC)
	for _, text := range []string{
		`"2026-01-31T12:00:00.005Z"`, `"2026-01-31T13:00:00.005999+01:00"`, `"2026-01-31 17:30:00.005 +0530"`,
		`1769860800005`, `"1769860800005"`,
	} {
		var got Time
		if err := json.Unmarshal([]byte(text), &got); err != nil || !got.Equal(want) {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`"yesterday"`, `-5`, `1e40`, `true`, `""`, `"1969-12-31T23:59:59Z"`, `[]`} {
		var got Time
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was read as %v", text, got)
		}
	}
	if out, err := json.Marshal(TimeOf(want.Add(300 * time.Microsecond))); err != nil || string(out) != `"2026-01-31T12:00:00.005Z"` {
		t.Errorf("written %s, %v", out, err)
	}
	if out, err := json.Marshal(Time{}); err != nil || string(out) != "null" {
		t.Errorf("no time is written %s, %v", out, err)
	}
}

// Parameters of a query have no quotes, and take days as well.
func TestTimeOfAParameter(t *testing.T) {
	t.Parallel()
	var got Time
	if err := got.UnmarshalText([]byte("2026-01-31")); err != nil || !got.Equal(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("a day is %v, %v", got, err)
	}
	if err := got.UnmarshalText([]byte("noon")); err == nil {
		t.Errorf("noon is %v", got)
	}
}

// FuzzOwnTime compares the fast forms with those of package time.
func FuzzOwnTime(f *testing.F) {
	for _, text := range []string{
		"2026-01-31T12:00:00.005Z", "2026-02-30T12:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T24:00:00.000Z",
		"2026-01-31 12:00:00.005Z",
	} {
		f.Add(text, int64(1769860800005))
	}
	f.Fuzz(func(t *testing.T, text string, ms int64) {
		want, err := time.Parse(layout, text)
		if got, ok := parseOwn(text); ok != (err == nil && want.Year() >= 1970 && want.Format(layout) == text) || ok && !got.Equal(want) {
			t.Errorf("%q is read as %v, %t; time.Parse gives %v, %v", text, got, ok, want, err)
		}
		at := time.UnixMilli(ms % 253402300800000).UTC()
		if at.Year() >= 0 && string(appendTime(nil, at)) != at.Format(layout) {
			t.Errorf("%v is written %s", at, appendTime(nil, at))
		}
	})
}
