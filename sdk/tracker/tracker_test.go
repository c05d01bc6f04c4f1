package tracker

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// mostBytes is what a storefront's visitors may load, compressed.
const mostBytes = 5 << 10

func TestTheScriptIsSmall(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(script); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.Len() > mostBytes {
		t.Errorf("the script takes %d bytes compressed, at most %d are asked", out.Len(), mostBytes)
	}
}

func TestTheScriptIsServedByVersionAndByContent(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		status int
		cache  string
	}{
		"/aisle/1/aisle.js": {http.StatusOK, "max-age=3600"}, Path(): {http.StatusOK, "immutable"},
		"/aisle/2/aisle.js":                  {http.StatusNotFound, ""},
		"/aisle/1-0000000000000000/aisle.js": {http.StatusNotFound, ""}, "/aisle/": {http.StatusNotFound, ""},
	} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want.status || !strings.Contains(w.Header().Get("Cache-Control"), want.cache) {
			t.Errorf("%s: %d, cached %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
		if w.Code == http.StatusOK && (w.Body.Len() != len(script) || w.Header().Get("Access-Control-Allow-Origin") != "*") {
			t.Errorf("%s: %d bytes, %v", path, w.Body.Len(), w.Header())
		}
	}
	if !strings.HasPrefix(Integrity(), "sha384-") {
		t.Error(Integrity())
	}
}
