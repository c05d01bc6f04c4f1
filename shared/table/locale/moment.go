package locale

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are named by the user, and a slim machine has no list of them
)

// Times reads the times of one column: RFC 3339 and its relatives, a date alone, day and month in either order, names of months, and
// epochs in seconds to nanoseconds told apart by size. Which of two numbers is the day is settled by Layout, else by the other times of
// the column when they all agree, else the time is refused. It remembers what it has seen and is for one goroutine.
type Times struct {
	Zone     *time.Location // of times without one; nil is UTC
	Layout   string         // in the form of package time; "" when the column tells
	dayFirst int            // times seen in which only the first number can be the day, such as 31/01
	monFirst int            // the same of the second, such as 01/31
}

// Learn takes note of the order of day and month, if the text tells it.
func (t *Times) Learn(text string) {
	if m, ok := scanMoment(strings.TrimSpace(text)); ok {
		t.note(m)
	}
}

// note counts what a time tells of the order of day and month.
func (t *Times) note(m moment) {
	if !m.ambiguousOrder() {
		return
	}
	switch {
	case m.a > 12 && m.b <= 12:
		t.dayFirst++
	case m.b > 12 && m.a <= 12:
		t.monFirst++
	}
}

// Order names the order of day and month that the column uses, "" when nothing tells.
func (t *Times) Order() string {
	switch {
	case t.dayFirst > 0 && t.monFirst == 0:
		return "day/month/year"
	case t.monFirst > 0 && t.dayFirst == 0:
		return "month/day/year"
	}
	return ""
}

const notATime = "The value is not a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 or 31.01.2026. " +
	"Say its form with --date-format (date_format in the API)."

// Parse reads a time; why says what is wrong with it, "" when nothing is. It is tried in this
// order: Layout, an epoch or a date without separators, a date in digits, a date in words. A
// time without a zone is in Zone. It notes the order that the time tells, so that a later one
// may be read that an earlier one could not.
func (t *Times) Parse(text string) (at time.Time, why string) {
	text = strings.TrimSpace(text)
	zone := t.Zone
	if zone == nil {
		zone = time.UTC
	}
	if t.Layout != "" {
		if at, err := time.ParseInLocation(t.Layout, text, zone); err == nil {
			return at, ""
		}
	}
	if at, ok := parseEpoch(text, zone); ok {
		return at, ""
	}
	m, ok := scanMoment(text)
	if !ok {
		if at, ok := parseWords(text, zone); ok {
			return at, ""
		}
		return time.Time{}, notATime
	}
	t.note(m)
	year, month, day, why := t.date(m, text)
	if why != "" {
		return time.Time{}, why
	}
	if m.hasZone {
		zone = time.UTC
	}
	at = time.Date(year, time.Month(month), day, m.hour, m.min, m.sec, m.nsec, zone)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || year < 1 {
		return time.Time{}, notATime
	}
	return at.Add(-time.Duration(m.offset) * time.Second), ""
}

// daysIn is the number of days of a month.
func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// date puts year, month and day in their places; why is a sentence for a date that can be read
// in two ways. It does not look whether there is such a day.
func (t *Times) date(m moment, text string) (year, month, day int, why string) {
	if m.yearFirst() {
		return m.a, m.b, m.c, ""
	}
	year = m.c
	if m.shortYear {
		year += 1900
		if m.c < 69 { // as in C and package time
			year += 100
		}
	}
	switch {
	case !m.ambiguousOrder() || m.a == m.b || m.a > 12:
		return year, m.b, m.a, ""
	case m.b > 12:
		return year, m.a, m.b, ""
	}
	switch t.Order() {
	case "day/month/year":
		return year, m.b, m.a, ""
	case "month/day/year":
		return year, m.a, m.b, ""
	}
	return 0, 0, 0, fmt.Sprintf("%.40q can be day %d of month %d or day %d of month %d, and the rest of the column does not tell. "+
		"Say the form with --date-format, such as DD/MM/YYYY (date_format in the API).", text, m.a, m.b, m.b, m.a)
}

// moment are the parts of a time in digits.
type moment struct {
	a, b, c              int // of the date, in the order of the text
	separator            byte
	long                 bool // a has four digits
	shortYear            bool // c has two
	hour, min, sec, nsec int
	hasZone              bool
	offset               int // seconds east of UTC
}

// yearFirst reports whether the date is year, month, day: nobody writes the day behind the
// year.
func (m *moment) yearFirst() bool { return m.long }

// ambiguousOrder reports whether day and month may stand in either order; with points the day is first everywhere.
func (m *moment) ambiguousOrder() bool { return !m.long && m.separator != '.' }

// The days of the years 2000 to 2099 as spreadsheets number them, from the end of 1899; as seconds they would be of the first day of 1970.
const firstSheetDay, lastSheetDay = 36526, 73051

// parseEpoch reads days of spreadsheets, a number of seconds, milliseconds, microseconds or nanoseconds since 1970, and dates without
// separators (20260131, 20260131120000). Days and dates are in the zone. Of the four units the size decides: seconds reach to the year
// 5138, and milliseconds below 10^11 would be before 1973. A number may be negative.
func parseEpoch(text string, zone *time.Location) (time.Time, bool) {
	digits, fraction, dotted := strings.Cut(text, ".")
	if len(digits) == 0 || len(digits) > 19 || dotted && len(fraction) == 0 {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || digits[0] == '+' {
		return time.Time{}, false
	}
	if n >= firstSheetDay && n < lastSheetDay {
		part, err := strconv.ParseFloat("0."+fraction+"0", 64)
		seconds := math.Round(part * 24 * 3600)
		return time.Date(1899, 12, 30+int(n), 0, 0, int(seconds), 0, zone), err == nil
	}
	if dotted { // only seconds have a fraction, and a short number is more like a day and a month
		part, err := strconv.ParseUint((fraction + "00000000")[:9], 10, 32)
		if len(fraction) > 9 || err != nil || n < 1e8 || n >= 1e11 {
			return time.Time{}, false
		}
		return time.Unix(n, int64(part)).UTC(), true
	}
	if at, ok := compactDate(digits, zone); ok {
		return at, true
	}
	switch size := max(n, -n); {
	case size < 1e11:
		return time.Unix(n, 0).UTC(), true
	case size < 1e14:
		return time.UnixMilli(n).UTC(), true
	case size < 1e17:
		return time.UnixMicro(n).UTC(), true
	}
	return time.Unix(0, n).UTC(), true
}

// compactDate reads YYYYMMDD and YYYYMMDDhhmmss of the years 1970 to 2099: as epochs they would be moments of 1970 or of the year 2600.
func compactDate(digits string, zone *time.Location) (time.Time, bool) {
	layout := map[int]string{8: "20060102", 14: "20060102150405"}[len(digits)]
	if layout == "" || digits < "1970" || digits > "2100" {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation(layout, digits, zone)
	return at, err == nil
}

// scanMoment reads a date in digits, perhaps with a time of day and a zone:
// "2026-01-31T12:00:00+01:00", "31.01.2026 12:00", "1/31/26, 3:04 PM". It does not judge which
// number is the day. A year has two or four digits, and two only behind points or slashes.
func scanMoment(text string) (m moment, ok bool) {
	s := scan{text: text}
	var n int
	if m.a, n = s.number(4); n == 0 || n == 3 || s.at >= len(text) {
		return m, false
	}
	m.long = n == 4
	m.separator = text[s.at]
	if m.separator != '-' && m.separator != '/' && m.separator != '.' {
		return m, false
	}
	s.at++
	if m.b, n = s.number(2); n == 0 || !s.take(m.separator) {
		return m, false
	}
	if m.c, n = s.number(4); n == 0 || n == 3 || m.long && n > 2 {
		return m, false
	}
	if m.shortYear = !m.long && n <= 2; m.shortYear && (n != 2 || m.separator == '-') {
		return m, false // "01-02-03" has three readings
	}
	if s.at == len(text) {
		return m, true
	}
	if text[s.at] != 'T' && text[s.at] != 't' && text[s.at] != ' ' && text[s.at] != ',' {
		return m, false
	}
	s.skip("Tt, ")
	if s.at == len(text) {
		return m, true
	}
	return m, s.clock(&m)
}

// scan is a place in a text.
type scan struct {
	text string
	at   int
}

// number reads up to limit digits and returns how many there were.
func (s *scan) number(limit int) (value, digits int) {
	for s.at < len(s.text) && digits < limit && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		value = value*10 + int(s.text[s.at]-'0')
		s.at++
		digits++
	}
	return value, digits
}

// take passes over one character, if it is the next.
func (s *scan) take(c byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// skip passes over characters of a set.
func (s *scan) skip(set string) {
	for s.at < len(s.text) && strings.IndexByte(set, s.text[s.at]) >= 0 {
		s.at++
	}
}

// clock reads the time of day and the zone up to the end. Seconds and their fraction may be
// missing, the hour may have one digit, and a second of 60 is a leap second, which becomes the
// next one.
func (s *scan) clock(m *moment) bool {
	var n int
	if m.hour, n = s.number(2); n == 0 || !s.take(':') {
		return false
	}
	if m.min, n = s.number(2); n != 2 {
		return false
	}
	if s.take(':') {
		if m.sec, n = s.number(2); n != 2 {
			return false
		}
		if s.take('.') || s.take(',') {
			m.nsec, n = s.number(9)
			for ; n < 9; n++ {
				m.nsec *= 10
			}
			_, _ = s.number(9) // beyond nanoseconds
		}
	}
	rest := strings.TrimSpace(s.text[s.at:])
	if half := strings.ToUpper(rest); half == "AM" || half == "PM" || strings.HasPrefix(half, "AM ") || strings.HasPrefix(half, "PM ") {
		if m.hour < 1 || m.hour > 12 {
			return false
		}
		m.hour %= 12
		if half[0] == 'P' {
			m.hour += 12
		}
		rest = strings.TrimSpace(rest[2:])
	}
	if m.hour > 23 || m.min > 59 || m.sec > 60 {
		return false
	}
	return rest == "" || m.zone(rest)
}

// zone reads Z, UTC, GMT or an offset from them, "+0100", "+5:30" or "UTC-03:30", behind which the zone may be named.
func (m *moment) zone(text string) bool {
	m.hasZone = true
	offset, name, _ := strings.Cut(text, " ")    // Go writes "+0100 CET"
	offset, named, _ := strings.Cut(offset, "[") // Java writes "+05:30[Asia/Kolkata]"
	if strings.Trim(strings.ToUpper(name+named), "ABCDEFGHIJKLMNOPQRSTUVWXYZ ()/_-]") != "" {
		return false
	}
	offset = strings.Replace(offset, "−", "-", 1)
	sign := strings.IndexAny(offset, "+-")
	if sign < 0 {
		sign = len(offset)
	}
	switch base := strings.ToUpper(offset[:sign]); {
	case base != "" && base != "UTC" && base != "GMT" && base != "Z", base == "Z" && sign < len(offset):
		return false
	case sign == len(offset):
		return base != "" && name+named == ""
	}
	hours, minutes, apart := strings.Cut(offset[sign+1:], ":")
	if !apart && len(hours) == 4 {
		hours, minutes, apart = hours[:2], hours[2:], true
	}
	h, err := strconv.ParseUint(hours, 10, 8)
	n, err2 := strconv.ParseUint("0"+minutes, 10, 8)
	if err != nil || err2 != nil || len(hours) > 2 || h > 23 || n > 59 || apart && len(minutes) != 2 {
		return false
	}
	if m.offset = int(h)*3600 + int(n)*60; offset[sign] == '-' {
		m.offset = -m.offset
	}
	return true
}

// zoned matches a time that ends with a time of day and a zone, in two parts.
var zoned = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(.*?\d:\d\d(?::\d\d)?(?: ?[AP]M)?) ?((?:UTC|GMT|Z)?(?:[+−-]\d.*)?)$`)
})

// parseWords reads times that name their month in English. Names of months in other languages
// are refused, and with them the row or the value: the caller can give the form by Layout only
// for English names.
func parseWords(text string, zone *time.Location) (time.Time, bool) {
	var m moment
	if parts := zoned().FindStringSubmatch(text); parts != nil && parts[2] != "" {
		if !m.zone(parts[2]) {
			return time.Time{}, false
		}
		text, zone = parts[1], time.UTC
	}
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05", "Mon Jan 02 2006 15:04:05", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006",
		"2 January 2006 15:04:05", "2 January 2006", "Jan 2, 2006 15:04:05", "Jan 2, 2006 15:04", "Jan 2, 2006 3:04:05 PM",
		"Jan 2, 2006 3:04 PM", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006 15:04:05", "2-Jan-2006", "2-Jan-06", "Jan-2-06", "2006-Jan-02",
		"Mon Jan _2 15:04:05 2006", "2/Jan/2006:15:04:05",
	} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.Add(-time.Duration(m.offset) * time.Second), true
		}
	}
	return time.Time{}, false
}
