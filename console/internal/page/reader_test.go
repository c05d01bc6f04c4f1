package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

func TestNamesAreJudgedInWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"christmas-2026": "", "a.b_c": "", "": "is empty", "Christmas 2026": "has blanks or other signs",
		"été":                   "has blanks or other signs",
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

func TestASharePerCentIsJudgedPerCent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		share  float64
		detail string
	}{
		"": {0, ""}, "100": {1, ""}, "2,5": {.025, ""}, "300": {0, "is not from 0 to 100 per cent"},
		"-1": {0, "is not from 0 to 100 per cent"}, "NaN": {0, "is not from 0 to 100 per cent"},
		"half": {0, "is no number: write it like 2 or 0.5"},
	} {
		in := &Reader{Visit: &Visit{Request: &http.Request{Form: url.Values{"share": {text}}}}}
		got, detail := in.Percent("share"), ""
		if problem := in.Problem("No."); problem != nil {
			detail = problem.Errors[0].Detail
		}
		if got != want.share || detail != want.detail {
			t.Errorf("%q: %v, %q; want %+v", text, got, detail, want)
		}
	}
}

func TestAChangeOfWhatIsThereIsRefusedWithoutHeaders(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"0": "of this name already", "3": "Somebody has changed it"} {
		conditions := httpserver.Conditions{IfNoneMatch: "*"}
		if version != "0" {
			conditions = httpserver.Conditions{IfMatch: httpserver.ETag(3)}
		}
		got := outdated(fmt.Errorf("put: %w", conditions.Require()(4)), version).Error()
		if !strings.Contains(got, want) || strings.Contains(got, "ETag") || strings.Contains(got, "If-") {
			t.Errorf("of version %s: %s", version, got)
		}
	}
	if err := apierror.NotFound("rule", "a"); outdated(err, "0") != error(err) {
		t.Error("another problem is told otherwise")
	}
}
