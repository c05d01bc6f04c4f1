package docs

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func guides(t *testing.T) *site {
	t.Helper()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h.(*site)
}

func ask(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

var (
	link = regexp.MustCompile(`(?:href|src)="(/docs/[^"#]*)?(#[^"]*)?"`)
	id   = regexp.MustCompile(` id="([^"]+)"`)
)

// TestEveryPageIsThereAndItsLinksLead follows every link of every page to a page, a picture or a heading.
func TestEveryPageIsThereAndItsLinksLead(t *testing.T) {
	t.Parallel()
	s := guides(t)
	if len(s.pages) < 20 {
		t.Fatalf("%d pages", len(s.pages))
	}
	headings := map[string]map[string]bool{}
	for name, p := range s.pages {
		headings[Prefix+name] = map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(string(p.HTML), -1) {
			headings[Prefix+name][m[1]] = true
		}
		if p.Title == "" || p.Lead == "" {
			t.Errorf("%s has no title or no first paragraph", name)
		}
	}
	for name, p := range s.pages {
		if w := ask(s, http.MethodGet, Prefix+name); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "aria-current") {
			t.Errorf("%s: %d", name, w.Code)
		}
		if w := ask(s, http.MethodGet, Prefix+name+".md"); w.Code != http.StatusOK || w.Body.String() != p.text {
			t.Errorf("%s as Markdown: %d", name, w.Code)
		}
		for _, m := range link.FindAllStringSubmatch(string(p.HTML), -1) {
			to := m[1]
			if to == "" {
				to = Prefix + name
			}
			if fragment := strings.TrimPrefix(m[2], "#"); fragment != "" && !headings[to][fragment] {
				t.Errorf("%s leads to %s%s, which is no heading", name, to, m[2])
			}
			if w := ask(s, http.MethodGet, to); w.Code != http.StatusOK {
				t.Errorf("%s leads to %s: %d", name, to, w.Code)
			}
		}
	}
}

func TestTheSiteAnswers(t *testing.T) {
	t.Parallel()
	s := guides(t)
	for name, c := range map[string]struct {
		method, target string
		status         int
		has            string
	}{
		"the list of pages":  {http.MethodGet, Prefix, 200, "The tracker: one tag for a storefront"},
		"a search":           {http.MethodGet, Prefix + "?q=consent+sendBeacon", 200, `href="/docs/tracker"`},
		"a search in vain":   {http.MethodGet, Prefix + "?q=zzzqqq", 200, "No page has all these words"},
		"markup in a search": {http.MethodGet, Prefix + "?q=%3Cscript%3E", 200, "&lt;script&gt;"},
		"no such page":       {http.MethodGet, Prefix + "none", 404, "There is no such page"},
		"outside":            {http.MethodGet, Prefix + "../docs.go", 404, "There is no such page"},
		"its style":          {http.MethodGet, Prefix + "site/style.css", 200, ".skip"},
		"for models":         {http.MethodGet, IndexPath, 200, "](/docs/errors.md): "},
		"a change":           {http.MethodPost, Prefix, 405, "read only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(s, c.method, c.target)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) || w.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("%d, headers %v\n%.3000s", w.Code, w.Header(), w.Body)
			}
		})
	}
}
