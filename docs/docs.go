// Package docs serves the guides of this folder as a small site: every page as HTML and as the
// Markdown that it is, a search, and llms.txt, the list of pages for language models. It is
// embedded, so that a program has the guides of its own version. Pages are rendered once, when
// the handler is made; docs.go reads them, serve.go answers, view.go is what a browser sees.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Prefix is where the site is, and IndexPath where llms.txt is.
const (
	Prefix    = "/docs/"
	IndexPath = "/llms.txt"
)

//go:embed *.md adr/*.md pictures site
var files embed.FS

// chapters are the pages in the order of a person's work; those that are not named come last. A
// name is that of the file without .md, and must be one that there is.
var chapters = []struct {
	Title string
	Pages []string
}{
	{"Begin", []string{"quickstart", "glossary", "importing", "migrating", "tracker", "integrations", "clients", "console"}},
	{"Recommend", []string{"recipes", "models", "recommender-service", "profile-service", "similarity-service",
		"visitor-state", "assistants"}},
	{"Measure", []string{"features", "quality", "benchmarks", "comparison"}},
	{"Operate", []string{
		"operations", "metrics", "troubleshooting", "errors", "scaling", "security", "privacy", "reliability", "backup",
		"releasing", "dependencies",
	}},
}

// page is a guide.
type page struct {
	Name  string // address below Prefix, without .md
	Title string
	Lead  string // its first paragraph
	HTML  string
	text  string // as it is in the folder
	plain string // in small letters, for the search
}

// site is what is served; it does not change.
type site struct {
	pages    map[string]*page
	chapters []chapter
}

// chapter is a part of the list of pages.
type chapter struct {
	Title string
	Pages []*page
}

// Handler serves the site below Prefix and llms.txt at IndexPath. It fails when a page cannot be read, which is a fault of the build.
func Handler() (http.Handler, error) {
	s := &site{pages: map[string]*page{}}
	var rest chapter
	known := map[string]bool{}
	for _, c := range chapters {
		for _, name := range c.Pages {
			known[name] = true
		}
	}
	err := fs.WalkDir(files, ".", func(at string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(at) != ".md" {
			return err
		}
		p, err := read(at)
		if err != nil {
			return err
		}
		if s.pages[p.Name] = p; !known[p.Name] {
			rest.Pages = append(rest.Pages, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the guides: %w", err)
	}
	for _, c := range chapters {
		out := chapter{Title: c.Title}
		for _, name := range c.Pages {
			if s.pages[name] == nil {
				return nil, fmt.Errorf("read the guides: there is no page %s", name)
			}
			out.Pages = append(out.Pages, s.pages[name])
		}
		s.chapters = append(s.chapters, out)
	}
	rest.Title = "Decisions and formats"
	s.chapters = append(s.chapters, rest)
	return s, nil
}

// read renders one file. Its title is the first heading, its lead the first paragraph; links to
// other files become addresses of the site.
func read(at string) (*page, error) {
	source, err := files.ReadFile(at)
	if err != nil {
		return nil, err
	}
	p := &page{Name: strings.TrimSuffix(at, ".md"), text: string(source), plain: strings.ToLower(string(source))}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	root := markdown.Parser().Parse(text.NewReader(source))
	err = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if p.Title == "" && n.Level == 1 {
				p.Title = plain(n, source)
			}
		case *ast.Paragraph:
			if p.Lead == "" {
				p.Lead = plain(n, source)
			}
		case *ast.Link:
			n.Destination = []byte(address(at, string(n.Destination)))
		case *ast.Image:
			n.Destination = []byte(address(at, string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, root); err != nil {
		return nil, fmt.Errorf("render %s: %w", at, err)
	}
	p.HTML = out.String() // of the project's own pages; raw HTML in them is left out
	return p, nil
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// address is where a link of the file at leads on the site: to another page, a picture, or as
// it is. "backup.md#restore" in a page is "/docs/backup#restore". What lies outside of the
// folder, such as the source, has no address here.
func address(at, to string) string {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "#") || strings.HasPrefix(to, "/") {
		return to
	}
	to, fragment, marked := strings.Cut(to, "#")
	to = path.Join(path.Dir(at), to)
	if strings.HasPrefix(to, "..") {
		return "#" // a file of the source, which a program does not carry
	}
	to = Prefix + strings.TrimSuffix(to, ".md")
	if marked {
		to += "#" + fragment
	}
	return to
}
