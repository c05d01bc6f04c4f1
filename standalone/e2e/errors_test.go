package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// codes are what the code calls its problems, those of a whole answer and those of a field or row.
type codes struct{ problems, fields map[string]bool }

var code = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// text is the code that an expression is, "" for none.
func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil || !code.MatchString(s) {
		return ""
	}
	return s
}

// name is what a function or type is called, without its package.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// marking are the functions that note what is wrong with a field or row, with the place of the code among their arguments.
var marking = map[string]int{"Wrong": 1, "wrong": 1, "badLine": 1, "bad": 1, "warn": 0, "add": 1}

func (c *codes) call(call *ast.CallExpr) {
	arg := func(n int) string {
		if n >= len(call.Args) {
			return ""
		}
		return text(call.Args[n])
	}
	called := name(call.Fun)
	if s, ok := call.Fun.(*ast.SelectorExpr); ok && name(s.X) == "apierror" || !ok &&
		slices.Contains([]string{"New", "Conflict", "NotFound"}, called) {
		switch called {
		case "New":
			c.problems[arg(1)] = true
		case "Conflict":
			c.problems[arg(0)] = true
		case "NotFound":
			c.problems[arg(0)+"_not_found"] = true
		}
		return
	}
	if at, ok := marking[called]; ok && len(call.Args) >= at+2 {
		c.fields[arg(at)] = true
		if pointer, ok := call.Args[at].(*ast.BasicLit); ok && strings.HasPrefix(pointer.Value, `"/`) { // before the code
			c.fields[arg(at+1)] = true
		}
	}
}

func (c *codes) literal(l *ast.CompositeLit) {
	if of := name(l.Type); l.Type != nil && !strings.HasSuffix(of, "FieldError") && of != "Problem" &&
		of != "Warning" {
		return
	}
	coded, detailed := "", l.Type != nil
	if name(l.Type) == "Warning" && len(l.Elts) == 4 { // of a row, without the names of its fields
		coded = text(l.Elts[0])
	}
	for _, e := range l.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			switch name(kv.Key) {
			case "Code":
				coded = text(kv.Value)
			case "Detail", "Pointer":
				detailed = true
			}
		}
	}
	if detailed {
		c.fields[coded] = true
	}
}

// codesOf reads them from the sources of the programs.
func codesOf(t *testing.T) codes {
	t.Helper()
	// those are constants
	c := codes{
		map[string]bool{"disk_full": true, "database_damaged": true},
		map[string]bool{"near_field": true, "no_effect": true, "hides_all": true},
	}
	for _, folder := range []string{
		"shared", "profile-service", "similarity-service", "recommender-service", "standalone/internal/gateway",
	} {
		err := filepath.WalkDir("../../"+folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					c.call(n)
				case *ast.CompositeLit:
					c.literal(n)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, list := range []map[string]bool{c.problems, c.fields} {
		delete(list, "")
		delete(list, "_not_found")
	}
	return c
}

var row = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")

// TestEveryErrorIsInTheCatalogue holds docs/errors.md against the code, both ways.
func TestEveryErrorIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	problems, fields, ok := strings.Cut(string(page), "## Of a field or row")
	if !ok {
		t.Fatal("the page has no part on fields and rows")
	}
	c := codesOf(t)
	for part, has := range map[string]map[string]bool{problems: c.problems, fields: c.fields} {
		written := map[string]bool{}
		for _, m := range row.FindAllStringSubmatch(part, -1) {
			if written[m[1]] {
				t.Errorf("%s stands there twice", m[1])
			}
			if written[m[1]] = true; !has[m[1]] {
				t.Errorf("%s is in the catalogue and not in the code", m[1])
			}
		}
		for one := range has {
			if !written[one] {
				t.Errorf("%s is in the code and not in the catalogue", one)
			}
		}
	}
}
