package words

import "testing"

func TestInitialsAreTwoLetters(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{"": "", "lamp": "L", "Älterer Ölkrug in Blau": "ÄÖ", "- 3 cups": "3C"} {
		if got := Initials(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}
