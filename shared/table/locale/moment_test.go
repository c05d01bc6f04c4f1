package locale

import (
	"strings"
	"testing"
	"time"
)

func TestForms(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-01-31T12:00:00Z": "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.25+01:00": "2026-01-31T11:00:00.25Z",
		"2026-11-20 12:13:10 +0100": "2026-11-20T11:13:10Z", "2026-11-20 12:13:10.5 +0000 UTC": "2026-11-20T12:13:10.5Z",
		"2023-11-14 22:31:58 UTC": "2023-11-14T22:31:58Z", "2023-11-14": "2023-11-13T23:00:00Z",
		"2023-11-14 22:31": "2023-11-14T21:31:00Z",
		"31.12.2023 23:00": "2023-12-31T22:00:00Z",
		"11/14/2023":       "2023-11-13T23:00:00Z", "14/11/2023": "2023-11-13T23:00:00Z", "11/14/2023 1:05 PM": "2023-11-14T12:05:00Z",
		"02.01.24":   "2024-01-01T23:00:00Z",
		"1795689720": "2026-11-26T10:42:00Z", "1795689720000": "2026-11-26T10:42:00Z", "1795689720000000": "2026-11-26T10:42:00Z",
		"1795689720.5": "2026-11-26T10:42:00.5Z",
		"20231114":     "2023-11-13T23:00:00Z", "20231114223158": "2023-11-14T21:31:58Z", "2023/11/14": "2023-11-13T23:00:00Z",
		"5/5/2024":                      "2024-05-04T22:00:00Z",
		"Tue, 14 Nov 2023 22:31:58 GMT": "2023-11-14T22:31:58Z", "14 Nov 2023": "2023-11-13T23:00:00Z",
		"Tue Nov 14 2023 22:31:58 GMT+0100 (CET)": "2023-11-14T21:31:58Z",
		"2025-01-01T00:00+0100":                   "2024-12-31T23:00:00Z", "2026-07-01 12:00": "2026-07-01T10:00:00Z",
		"46346": "2026-11-19T23:00:00Z", "46346.5": "2026-11-20T11:00:00Z",
		"978300760": "2000-12-31T22:12:40Z", "Nov 20, 2026 14:05": "2026-11-20T13:05:00Z",
		"20-Nov-26": "2026-11-19T23:00:00Z", "Nov-20-26": "2026-11-19T23:00:00Z",
		"Tue, 14 Nov 2023 22:31:58": "2023-11-14T21:31:58Z", "14/Nov/2023:22:31:58 +0530": "2023-11-14T17:01:58Z",
	} {
		got, why := (&Times{Zone: berlin}).Parse(text)
		if why != "" || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %v, %s; want %s", text, got.UTC(), why, want)
		}
	}
	for _, text := range []string{
		"", "yesterday", "2023-02-30", "2023-13-01", "31/31/2024", "2023-11-14 25:00", "12:30", "2023-11-14 10:00 CET", "01-02-03",
		"2023-11", "1.5", "0x10", "2026-11-20 12:13 +0100 2", "2026-11-20 12:13 +060", "2026-11-20 12:13 +24:00", "2026-11-20 12:13 +05:3",
		"2026-11-20 12:13 Z+05:30", "2026-11-20 12:13 +", "2026-11-20 12:13 IST", "Nov 20, 2026 14:05 (PST)", "Nov 20, 2026 14:05 +05:60",
	} {
		if got, why := (&Times{}).Parse(text); why == "" {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// TestZonesOfHalfAndQuarterHours has each way of writing a zone behind each form of a time: all of them read the same moment.
func TestZonesOfHalfAndQuarterHours(t *testing.T) {
	t.Parallel()
	for _, form := range []string{
		"2026-01-31T12:00:00", "2026-01-31 12:00:00 ", "2026-01-31 12:00", "2026-01-31T12:00:00.000", "31.01.2026 12:00 ",
		"1/31/2026 12:00 PM ",
		"Sat, 31 Jan 2026 12:00:00 ", "Sat Jan 31 2026 12:00:00 ", "31 Jan 2026 12:00 ", "Jan 31, 2026 12:00:00 PM ",
		"31/Jan/2026:12:00:00 ",
	} {
		for want, zones := range map[string][]string{
			"11:00": {"+01:00", "+0100", "+01", "+1", "+1:00", "GMT+0100", "UTC+1", "+01:00[Europe/Berlin]"},
			"06:30": {"+05:30", "+0530", "+5:30", "GMT+0530", "UTC+5:30", "+0530 IST",
				"GMT+0530 (India Standard Time)", "+05:30[Asia/Kolkata]"},
			"06:15": {"+05:45", "+0545", "+5:45", "GMT+0545"},
			"15:30": {"-03:30", "-0330", "-3:30", "−03:30", "UTC-03:30"},
		} {
			for _, zone := range zones {
				got, why := (&Times{}).Parse(form + zone)
				if why != "" || got.UTC().Format("2006-01-02 15:04") != "2026-01-31 "+want {
					t.Errorf("%q is %v, %s; want %s", form+zone, got.UTC(), why, want)
				}
			}
		}
	}
}

func TestDayAndMonthAreSettledByTheColumnOrTheOptionOrRefused(t *testing.T) {
	t.Parallel()
	layout, err := ParseDateFormat("DD/MM/YYYY")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		column []string
		layout string
		want   string
	}{
		"alone": {}, "both orders": {column: []string{"31/01/2024", "01/31/2024"}},
		"days first":   {column: []string{"31/01/2024"}, want: "2024-02-01"},
		"months first": {column: []string{"01/31/2024"}, want: "2024-01-02"},
		"the option":   {column: []string{"01/31/2024"}, layout: layout, want: "2024-02-01"},
	} {
		times := &Times{Layout: c.layout}
		for _, text := range c.column {
			times.Learn(text)
		}
		got, why := times.Parse("01/02/2024")
		if c.want == "" && !strings.Contains(why, "--date-format") || c.want != "" && got.Format(time.DateOnly) != c.want {
			t.Errorf("%s: %v, %q", name, got, why)
		}
	}
}

func TestDateFormats(t *testing.T) {
	t.Parallel()
	for format, text := range map[string]string{
		"DD.MM.YYYY HH:mm:ss": "31.01.2026 12:00:00", "%d/%m/%y %H:%M": "31/01/26 12:00", "D-M-YYYY h:mm A": "31-1-2026 12:00 PM",
		"YYYYMMDD HH": "20260131 12",
	} {
		layout, err := ParseDateFormat(format)
		if err != nil {
			t.Fatal(err)
		}
		if got, why := (&Times{Layout: layout}).Parse(text); got.Format(time.RFC3339) != "2026-01-31T12:00:00Z" {
			t.Errorf("%s: %v, %s", format, got, why)
		}
	}
	for _, format := range []string{"", "HH:mm", "nonsense", "%"} {
		if layout, err := ParseDateFormat(format); err == nil {
			t.Errorf("%q is taken as %q", format, layout)
		}
	}
}

func FuzzTimes(f *testing.F) {
	for _, text := range []string{
		"2026-01-31T12:00:00Z", "31.01.2026", "1/2/06 15:04", "1795689720000", "Tue, 14 Nov 2023 22:31:58 GMT", "2023-11-14 22:31:58 +0",
		"9999-99-99", "1.9999999999",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		times := &Times{}
		times.Learn(text)
		got, why := times.Parse(text)
		if want, err := time.Parse(time.RFC3339, strings.TrimSpace(text)); err == nil && !strings.Contains(text, ",") &&
			(why != "" || !want.Equal(got)) {
			t.Fatalf("%q is %v, %s; RFC 3339 reads %v", text, got, why, want)
		}
	})
}
