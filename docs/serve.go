package docs

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// maxQuery bounds what is searched for, in bytes.
const maxQuery = 200

// hit is a page that a search found, with the line around the first place.
type hit struct {
	Page *page
	Line string
	n    int // places
}

// ServeHTTP implements http.Handler: llms.txt, pictures and the style sheet, a page as Markdown
// or as HTML, or the list of pages, with what a search "?q=" found. The guides can only be
// read, by anybody.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set(
		"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The guides can be read only.", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == IndexPath {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		s.index(w)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), strings.TrimSuffix(Prefix, "/"))
	name = strings.TrimPrefix(name, "/")
	switch {
	case strings.HasPrefix(name, "pictures/") || name == "site/style.css":
		http.ServeFileFS(w, r, files, name)
		return
	case path.Ext(name) == ".md" && s.pages[strings.TrimSuffix(name, ".md")] != nil:
		h.Set("Content-Type", "text/markdown; charset=utf-8")
		_, _ = w.Write([]byte(s.pages[strings.TrimSuffix(name, ".md")].text))
		return
	}
	v := view{Chapters: s.chapters, Page: s.pages[name]}
	status := http.StatusOK
	if query := strings.TrimSpace(r.URL.Query().Get("q")); name == "" && query != "" {
		v.Query = query[:min(len(query), maxQuery)]
		v.Found = s.search(v.Query)
	} else if v.Missing = v.Page == nil && name != ""; v.Missing {
		status = http.StatusNotFound
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = v.html().Render(w) // a reader that is gone needs no message
}

// search finds the pages that have every word, those with a word in their title first, then
// those with more of them. It counts in the text of all pages, which is fast enough for some
// dozens.
func (s *site) search(query string) (found []hit) {
	words := strings.Fields(strings.ToLower(query))
	for _, c := range s.chapters {
		for _, p := range c.Pages {
			one := hit{Page: p}
			for _, word := range words {
				places := strings.Count(p.plain, word)
				if places == 0 {
					one.n = 0
					break
				}
				if one.n += places; strings.Contains(strings.ToLower(p.Title), word) {
					one.n += 1000
				}
			}
			if one.n > 0 {
				one.Line = line(p, words[0])
				found = append(found, one)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return b.n - a.n })
	return found
}

// line is the first line of a page with a word, as Markdown; "" for none.
func line(p *page, word string) string {
	for l := range strings.Lines(p.text) {
		if strings.Contains(strings.ToLower(l), word) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// index writes the list of pages as llmstxt.org describes it.
func (s *site) index(w http.ResponseWriter) {
	fmt.Fprint(w, "# Aisle\n\n> A recommendation backend for storefronts that a shop runs itself: events in, lists "+
		"for named places on its pages out, each item explained.\n\n"+
		"The API is described in /openapi.json, with an example of every request; /mcp answers assistants over the "+
		"Model Context Protocol.\n")
	for _, c := range s.chapters {
		fmt.Fprintf(w, "\n## %s\n\n", c.Title)
		for _, p := range c.Pages {
			fmt.Fprintf(w, "- [%s](%s%s.md): %s\n", p.Title, Prefix, p.Name, p.Lead)
		}
	}
}
