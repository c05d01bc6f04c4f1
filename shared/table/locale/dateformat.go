package locale

import (
	"fmt"
	"strings"
	"time"
)

// ParseDateFormat turns a form of times such as "DD.MM.YYYY HH:mm:ss" or "%d.%m.%Y %H:%M" into a layout of package time.
// The longer tokens come first, since "MM" begins "MMMM". What is no token stands for itself. A
// form that does not keep month and day of a date is refused: every time would be read wrongly.
func ParseDateFormat(format string) (string, error) {
	tokens := [][2]string{
		{"YYYY", "2006"}, {"yyyy", "2006"}, {"YY", "06"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"DD", "02"},
		{"dd", "02"},
		{"HH", "15"}, {"hh", "03"}, {"mm", "04"}, {"ss", "05"}, {"SSS", "000"}, {"ZZ", "-0700"}, {"M", "1"}, {"D", "2"}, {"d", "2"},
		{"H", "15"}, {"h", "3"},
		{"A", "PM"}, {"a", "PM"}, {"Z", "Z07:00"},
	}
	if strings.Contains(format, "%") {
		tokens = [][2]string{
			{"%Y", "2006"}, {"%y", "06"}, {"%m", "01"}, {"%d", "02"}, {"%e", "_2"}, {"%H", "15"}, {"%I", "03"}, {"%M", "04"}, {"%S", "05"},
			{"%p", "PM"},
			{"%z", "-0700"}, {"%b", "Jan"}, {"%B", "January"}, {"%f", "000000"}, {"%T", "15:04:05"}, {"%F", "2006-01-02"},
			{"%D", "01/02/06"},
		}
	}
	var layout strings.Builder
	for rest := format; rest != ""; {
		found := false
		for _, t := range tokens {
			if cut, ok := strings.CutPrefix(rest, t[0]); ok {
				layout.WriteString(t[1])
				rest, found = cut, true
				break
			}
		}
		if !found {
			layout.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	sample := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	if again, err := time.Parse(layout.String(), sample.Format(layout.String())); err != nil || again.Month() != sample.Month() ||
		again.Day() != sample.Day() {
		return "", fmt.Errorf("the date format %.64q has no year, month and day: write it like DD.MM.YYYY HH:mm:ss or %%d.%%m.%%Y", format)
	}
	return layout.String(), nil
}
