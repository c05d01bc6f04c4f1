package locale

import (
	"strconv"
	"strings"
	"testing"
)

func TestNumbersThatTellTheirMarkNeedNoColumn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Amount{
		"19,99 EUR": {19.99, "EUR"}, "1.299,00 EUR": {1299, "EUR"}, "€ 9,50": {9.5, "EUR"}, "24.90EUR": {24.9, "EUR"},
		"1 299,00 SEK": {1299, "SEK"},
		"1,299.00 USD": {1299, "USD"}, "1\u00a0299,00\u00a0kr": {1299, ""}, "1'299.50 CHF": {1299.5, "CHF"},
		"CHF 1’299.50": {1299.5, "CHF"}, "19,-": {19, ""},
		"0,299": {.299, ""}, "1234,567": {1234.567, ""}, "1.299.000": {1299000, ""}, "12,34,567.80": {1234567.8, ""}, "1 299": {1299, ""},
		"-5,5":   {-5.5, ""},
		"-€5.00": {-5, "EUR"}, "$19.99": {19.99, ""}, ".5": {.5, ""}, "Fr. 5": {5, "CHF"}, "1e3": {1000, ""}, "12.5000": {12.5, ""},
		"007":    {7, ""},
		"usd 12": {12, "USD"}, "12.50 zł": {12.5, "PLN"}, "US$ 3.10": {3.1, "USD"}, "0.05083": {.05083, ""}, "−3": {-3, ""},
	} {
		got, why := (&Numbers{}).Parse(text)
		if why != "" || got != want {
			t.Errorf("%q is %v, %s; want %v", text, got, why, want)
		}
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "cheap", "-", "12 pieces", "1.2.3", "1,23,45", "1 29,00", "12.5.6,7", "EUR 5 USD", "NaN", "Inf", "1e999", "5 %", "1..2", "1,",
		"12:30",
	} {
		if got, why := (&Numbers{}).Parse(text); why == "" {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestADoubtfulNumberIsSettledByItsColumnOrByTheOptionOrRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		column  []string
		decimal byte
		text    string
		want    float64 // 0: refused
	}{
		"alone":                      {nil, 0, "1,299", 0},
		"alone with a point":         {nil, 0, "1.299", 0},
		"others have commas":         {[]string{"19,99", "1,299"}, 0, "1,299", 1.299},
		"others have points":         {[]string{"19.99"}, 0, "1,299", 1299},
		"others have both":           {[]string{"19.99", "19,99"}, 0, "1,299", 0},
		"thousands tell too":         {[]string{"1.299.000"}, 0, "1,299", 1.299},
		"the option":                 {nil, ',', "1,299", 1.299},
		"the option before the rest": {[]string{"19,99"}, '.', "1,299", 1299},
	} {
		n := &Numbers{Decimal: c.decimal}
		for _, text := range c.column {
			n.Learn(text)
		}
		got, why := n.Parse(c.text)
		if c.want == 0 && !strings.Contains(why, "--decimal") || c.want != 0 && (why != "" || got.Value != c.want) {
			t.Errorf("%s: %v, %q", name, got, why)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	for _, text := range []string{"1.299,00 EUR", "1,299", "€ -5", "1'000", "\xff1", "1e5", ",-", "1 2", "\u00a01", "Fr.5", ".,1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, why := (&Numbers{}).Parse(text)
		if why == "" && (got.Value != got.Value || got.Value-got.Value != 0) {
			t.Fatalf("%q is %v", text, got)
		}
		plain, err := strconv.ParseFloat(text, 64)
		if why == "" && err == nil && plain != got.Value && !strings.ContainsAny(text, "xXpP_") {
			t.Fatalf("%q is %v, strconv reads %v", text, got.Value, plain)
		}
	})
}
