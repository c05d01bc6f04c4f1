package words

import "testing"

func TestPricesHaveTheDigitsOfTheirCurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   float64
		currency string
		want     string
	}{
		{1500, "JPY", "1\u202f500 JPY"}, {1.25, "KWD", "1.250 KWD"}, {-9.999, "EUR", "−10.00 EUR"},
		{0, "EUR", "0.00 EUR"}, {3, "", "3.00"},
	} {
		if got := Price(c.amount, c.currency); got != c.want {
			t.Errorf("%g %s: %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestInitialsAreTwoLetters(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{"": "", "lamp": "L", "Älterer Ölkrug in Blau": "ÄÖ", "- 3 cups": "3C"} {
		if got := Initials(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}
