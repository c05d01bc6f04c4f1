package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheGlossaryIsThatOfTheCode holds docs/glossary.md against exported names: those that it gives are there, and those of the words
// that it retires are not.
func TestTheGlossaryIsThatOfTheCode(t *testing.T) {
	t.Parallel()
	names := exportedNames(t)
	text, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	words, retired, found := strings.Cut(string(text), "## Words that are not used")
	if !found {
		t.Fatal("the glossary retires no words")
	}
	given := regexp.MustCompile("`([a-z]+\\.[A-Z]\\w*)`").FindAllStringSubmatch(words, -1)
	if len(given) < 30 {
		t.Errorf("the glossary names %d things of the code", len(given))
	}
	for _, m := range given {
		if !names[m[1]] {
			t.Errorf("the glossary names %s, which is not in the code", m[1])
		}
	}
	rows := regexp.MustCompile(`(?m)^\| ([a-z, -]+) \| .+ \|$`).FindAllStringSubmatch(retired, -1)
	if len(rows) < 5 {
		t.Errorf("the glossary retires %d rows of words", len(rows))
	}
	for _, row := range rows {
		for word := range strings.SplitSeq(row[1], ", ") {
			if word == "not" || strings.ContainsAny(word, " -") { // the head of the table, and words that only mean it together
				continue
			}
			as := regexp.MustCompile(`\.(?:\w*[a-z])?` + strings.ToUpper(word[:1]) + word[1:] + `(?:s|[A-Z]\w*)?$`)
			for name := range names {
				if as.MatchString(name) {
					t.Errorf("%s: the glossary says %q", name, row[0])
				}
			}
		}
	}
}

// exportedNames returns the exported names of the tree's packages, as package.Name.
func exportedNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "sdk/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			for _, id := range declared(decl) {
				if id.IsExported() {
					names[file.Name.Name+"."+id.Name] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// declared returns the names that a declaration gives: functions and methods, types, variables and constants.
func declared(decl ast.Decl) (ids []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{d.Name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				ids = append(ids, s.Name)
			case *ast.ValueSpec:
				ids = append(ids, s.Names...)
			}
		}
	}
	return ids
}
