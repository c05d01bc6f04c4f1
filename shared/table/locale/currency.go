package locale

import "strings"

// signs maps what stands beside amounts to currencies. A sign that several currencies share says nothing about the currency.
func signs() map[string]string {
	return map[string]string{
		"€": "EUR", "£": "GBP", "zł": "PLN", "kč": "CZK", "₽": "RUB", "₹": "INR", "₺": "TRY", "₴": "UAH",
		"₩": "KRW", "₪": "ILS",
		"฿": "THB", "₫": "VND",
		"fr.": "CHF", "sfr.": "CHF", "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD",
		"r$": "BRL", "s$": "SGD",
		"rs.": "INR", "rs": "INR", "rp": "IDR", "rm": "MYR", "₱": "PHP", "лв": "BGN", "ft": "HUF", "lei": "RON", "euro": "EUR", "$": "",
		"¥": "", "kr": "", "kr.": "", "円": "JPY", "元": "CNY",
	}
}

// currencyAround reads what stands before and behind the digits of an amount, "EUR" and "" of
// "EUR 19.99"; known is false when that is no currency, or when both are and differ. Nothing at
// all is known, with the code "".
func currencyAround(before, after string) (code string, known bool) {
	for _, text := range []string{before, after} {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		one, ok := currencyOf(text)
		if !ok || one != "" && code != "" && one != code {
			return "", false
		}
		if one != "" {
			code = one
		}
	}
	return code, true
}

// currencyOf reads an ISO 4217 code or a sign, in any case; ok is false when text is neither.
// Any three ASCII letters are taken for a code: whether it is one is for the caller to judge.
func currencyOf(text string) (code string, ok bool) {
	if len(text) == 3 && isLetters(text) {
		return strings.ToUpper(text), true
	}
	code, ok = signs()[strings.ToLower(text)]
	return code, ok
}

// ParseCurrency reads a code such as "eur" or a sign such as "€"; ok is false when text is neither or many share the sign.
func ParseCurrency(text string) (code string, ok bool) {
	code, ok = currencyOf(strings.TrimSpace(text))
	return code, ok && code != ""
}

// isLetters reports whether a text is ASCII letters only.
func isLetters(text string) bool {
	for i := range len(text) {
		if c := text[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
