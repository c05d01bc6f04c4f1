package page

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestNamesAreJudgedInWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"christmas-2026": "", "a.b_c": "", "": "is empty", "Christmas 2026": "has blanks or other signs", "été": "has blanks or other signs",
		strings.Repeat("n", 25): "is too long",
	} {
		in := &Reader{Visit: &Visit{Request: &http.Request{Form: url.Values{"name": {name}}}}}
		got := in.Name("name", 24)
		problem, detail := in.Problem("No."), ""
		if problem != nil {
			detail, _, _ = strings.Cut(problem.Errors[0].Detail, ":")
		}
		if got != name || detail != want {
			t.Errorf("%q: %q, %q; want %q", name, got, detail, want)
		}
	}
}
