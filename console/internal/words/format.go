// Package words says values in words for people: numbers, moments, rules, reasons. It knows no page.
package words

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Number writes an integer with thin gaps between thousands, or a figure with four digits.
func Number[N int | int64 | float64](v N) string {
	f := float64(v)
	if f == math.Trunc(f) && math.Abs(f) < 1e15 || math.Abs(f) >= 1000 {
		return grouped(strconv.FormatFloat(f, 'f', 0, 64))
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}

// grouped puts narrow no-break spaces between thousands, and a minus sign in place of a hyphen.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	for n := len(digits) - 3; n > 0; n -= 3 {
		digits = digits[:n] + "\u202f" + digits[n:]
	}
	return sign + digits
}

// Percent writes a share between 0 and 1 in per cent with one decimal: .1234 is "12.3 %".
func Percent(v float64) string {
	return strings.Replace(strconv.FormatFloat(100*v, 'f', 1, 64), "-", "−", 1) + "\u202f%"
}

// Short writes a figure with three digits.
func Short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// Interval writes a figure with the ends of its interval: "0.213 [0.2, 0.23]".
func Interval(v, low, high float64) string {
	return Short(v) + " [" + Short(low) + ", " + Short(high) + "]"
}

// Measured writes a figure of a model with its interval; "" for one without, which was not measured.
func Measured(m similarityapi.Metric) string {
	if m.High == 0 {
		return ""
	}
	return Interval(m.Value, m.Low, m.High)
}

// When writes a moment in UTC to the second, "2026-01-31 12:00:00 UTC"; a dash for none.
func When(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// Ago writes how long ago a moment was, or how far ahead it is, in the largest unit that fits:
// "5 min ago".
func Ago(now, t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	d := now.Sub(t)
	suffix := " ago"
	if d < 0 {
		d, suffix = -d, " from now"
	}
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s" + suffix
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min" + suffix
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h" + suffix
	}
	return strconv.Itoa(int(d.Hours()/24)) + " days" + suffix
}

// Indented writes a value as JSON for people. What cannot be written is shown as the error.
func Indented(v any) string {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Date writes the day of a moment.
func Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}

// Money writes an amount of no certain currency, with two digits: "1 234.50".
func Money(v float64) string { return amount(v, 2) }

// Price writes an amount with the digits that its currency has after the point, and the currency: "1 500 JPY", "1.250 KWD".
func Price(v float64, currency string) string {
	return strings.TrimSpace(amount(v, minorDigits(currency)) + " " + currency)
}

// minorDigits is how many digits a currency has after the point, by ISO 4217.
func minorDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// amount writes a number with so many digits after the point, rounded half away from zero.
func amount(v float64, digits int) string {
	scale := math.Pow10(digits)
	whole, rest := math.Modf(math.Abs(math.Round(v*scale) / scale))
	text := grouped(strconv.FormatFloat(whole, 'f', 0, 64)) + fmt.Sprintf("%.*f", digits, rest)[1:]
	if v < 0 {
		return "−" + text
	}
	return text
}

// Duration writes a number of seconds for people, in the unit in which it has one to three
// digits.
func Duration(seconds float64) string {
	switch {
	case seconds < 1:
		return Short(1000*seconds) + " ms"
	case seconds < 120:
		return Short(seconds) + " s"
	case seconds < 2*60*60:
		return Short(seconds/60) + " min"
	case seconds < 48*60*60:
		return Short(seconds/3600) + " h"
	}
	return grouped(strconv.FormatFloat(seconds/86400, 'f', 0, 64)) + " days"
}

// Took writes how long something went on.
func Took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "–"
	}
	return Duration(to.Sub(from).Seconds())
}

// Figure writes a number for a field, with as many digits as it takes to read the same one
// back; "" for 0.
func Figure(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// Whole writes an integer for a field.
func Whole(n int64) string { return strconv.FormatInt(n, 10) }

// ItemLink is an item in a list of a page.
type ItemLink struct{ ID, Title string }

// PlacementTitle names a placement for people.
func PlacementTitle(s recommenderapi.Scenario) string {
	if s.Title == "" {
		return s.ScenarioID
	}
	return s.Title + " (" + s.ScenarioID + ")"
}
