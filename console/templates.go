package console

import (
	"embed"
	"html/template"
	"path"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/console/internal/learning"
	"github.com/aisle-rec/aisle/console/internal/merchandise"
	"github.com/aisle-rec/aisle/console/internal/operations"
	"github.com/aisle-rec/aisle/console/internal/overview"
	"github.com/aisle-rec/aisle/console/internal/words"
)

// files has the templates; layout.html is around every page, and parts.html has what several
// pages show.
//
//go:embed templates
var files embed.FS

// templates are the pages by name; each defines "main" for the layout.
type templates map[string]*template.Template

// parseTemplates parses every template once, each with the layout and the parts. It panics on
// one that cannot be read: they are part of the program.
func parseTemplates(now func() time.Time) templates {
	entries, err := files.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	t := templates{}
	base := template.New("")
	for _, functions := range []template.FuncMap{words.Functions(now), overview.Functions(), merchandise.Functions(), learning.Functions(),
		operations.Functions()} {
		base.Funcs(functions)
	}
	template.Must(base.ParseFS(files, "templates/layout.html", "templates/parts.html"))
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t[name] = template.Must(template.Must(base.Clone()).ParseFS(files, path.Join("templates", e.Name())))
	}
	return t
}
