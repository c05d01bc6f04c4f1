package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAWrongCallSaysHowItIsMeant has calls that begin nothing: a script must not go on as if they had.
func TestAWrongCallSaysHowItIsMeant(t *testing.T) {
	t.Parallel()
	// A shop with one placement, whose events nobody should begin to read.
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/scenarios" {
			t.Errorf("%s was asked for", r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items":[{"scenario_id":"home.for_you"}],"next_cursor":null}`))
	}))
	t.Cleanup(shop.Close)
	for call, want := range map[string]string{
		"rules delete own-brand": `unknown command "delete" for "aisle rules": use one of list, put, remove`,
		"keys delete":            `unknown command "delete" for "aisle keys": use one of create`,
		"recommend":              `received 0; it is called "aisle recommend SCENARIO [flags]"`,
		"audit all":              `it is called "aisle audit [flags]"`,
		"recommend home.for_you --server 10.0.0.1:9":  "lacks http:// or https://: 10.0.0.1:9",
		"recommend home.for_you --server localhost:9": "lacks http:// or https://: localhost:9",
		"tune home --server " + shop.URL:              `there is no scenario "home": use home.for_you`,
	} {
		var out, errors bytes.Buffer
		if code := Execute(t.Context(), strings.Fields(call), &out, &errors); code != 1 || !strings.Contains(errors.String(), want) {
			t.Errorf("aisle %s: exit code %d, %s%s; want %s", call, code, out.String(), errors.String(), want)
		}
	}
	var out bytes.Buffer
	if code := Execute(t.Context(), []string{"rules"}, &out, &out); code != 0 || !strings.Contains(out.String(), "Available Commands") {
		t.Errorf("aisle rules: exit code %d, %s", code, out.String())
	}
}
