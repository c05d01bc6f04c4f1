package wire

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 31, 12, 0, 0, 5e6, time.UTC)
	for _, text := range []string{`"2026-01-31T12:00:00.005Z"`, `"2026-01-31T13:00:00.005999+01:00"`, `1769860800005`, `"1769860800005"`} {
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
