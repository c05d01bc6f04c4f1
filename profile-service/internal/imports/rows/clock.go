package rows

import (
	"regexp"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// twoTimes are the columns of a file that says the day and the time of day apart, as tills do: the one that was taken for the time, and
// the other. Both are −1 where there is but one.
type twoTimes struct{ taken, other int }

// timesApart finds the columns; whether one of them has times of day only is told row by row.
func timesApart(p *table.Plan) twoTimes {
	t := twoTimes{p.Column("occurred_at"), p.Spare("occurred_at")}
	if p.Kind != table.Events || t.taken < 0 || t.other < 0 {
		return twoTimes{-1, -1}
	}
	return t
}

// join puts the day before the time of day in the column that was taken for the time. A record that was joined stays as it is.
func (t twoTimes) join(rec *table.Record) {
	if t.taken < 0 {
		return
	}
	taken, other := rec.Value(t.taken), rec.Value(t.other)
	switch {
	case taken == "" || other == "":
	case bareClock(taken) && !bareClock(other):
		if day := withoutMidnight(other); bareDay(day) {
			rec.Values[t.taken] = day + " " + taken
		}
	case bareClock(other):
		if day := withoutMidnight(taken); bareDay(day) {
			rec.Values[t.taken] = day + " " + other
		}
	}
}

// withoutMidnight takes off the time of day that workbooks and databases add to a day.
func withoutMidnight(text string) string {
	for _, midnight := range [...]string{" 00:00:00", "T00:00:00", " 0:00"} {
		if day, ok := strings.CutSuffix(text, midnight); ok {
			return day
		}
	}
	return text
}

// bareDay reports whether a text may be a day without a time: it has no clock, and is no number, which counts seconds.
func bareDay(text string) bool {
	return !strings.Contains(text, ":") && (strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") == 2)
}

// clockZone matches a zone behind a time of day that has seconds: "10:00-12:00" is a span.
var clockZone = regexp.MustCompile(`^(\d{1,2}:\d\d:\d\d(?:[.,]\d+)?) ?(?:Z|UTC|GMT|(?:UTC|GMT)?[+−-]\d[\d:]*)$`)

// bareClock reports whether a text is a time of day without a day: "9:05", "12:13:10.5", "3:04 PM" or "12:13:10+05:30".
func bareClock(text string) bool {
	if parts := clockZone.FindStringSubmatch(text); parts != nil {
		text = parts[1]
	}
	hour, _, ok := strings.Cut(text, ":")
	if !ok || len(hour) < 1 || len(hour) > 2 {
		return false
	}
	clock := strings.ToUpper(text)
	clock = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(clock, "AM"), "PM"))
	return strings.Trim(clock, "0123456789:.,") == ""
}
