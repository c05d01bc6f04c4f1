package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/aisle-rec/aisle/"

// services may be imported by nobody but standalone, and only by their package service.
var services = []string{"profile-service", "similarity-service", "recommender-service"}

// pure packages compute: they know neither HTTP nor stores, and their exported functions take what they need as values.
var pure = []string{
	"similarity-service/internal/csr", "similarity-service/internal/idmap", "similarity-service/internal/metrics",
	"similarity-service/internal/neighbours", "similarity-service/internal/closedform", "similarity-service/internal/evaluate",
	"similarity-service/internal/evaluate/rank", "similarity-service/internal/evaluate/validation",
	"similarity-service/internal/evaluate/leaveownout", "similarity-service/internal/evaluate/pattern",
	"similarity-service/internal/evaluate/study",
	"similarity-service/internal/sessions", "similarity-service/internal/text", "similarity-service/internal/text/language",
	"similarity-service/internal/text/tokens", "similarity-service/internal/text/entities",
	"similarity-service/internal/text/dictionary", "similarity-service/internal/reviews/sentiment",
	"similarity-service/internal/vectors",
	"similarity-service/internal/gate",
	"similarity-service/internal/prepare", "similarity-service/internal/snapshot",
	"recommender-service/internal/rules", "recommender-service/internal/rerank", "recommender-service/internal/candidate",
	"recommender-service/internal/affinity", "recommender-service/internal/cursor", "recommender-service/internal/explanation",
	"recommender-service/internal/facet", "recommender-service/internal/factor", "recommender-service/internal/filter",
	"recommender-service/internal/history", "recommender-service/internal/offer", "recommender-service/internal/decision",
	"profile-service/internal/event", "profile-service/internal/profile", "profile-service/internal/imports/rows",
	"shared/topk", "shared/apierror", "shared/table/locale",
}

// barred is what a pure package may not import, directly.
var barred = []string{
	"github.com/gin-gonic/", "github.com/danielgtaylor/", "github.com/jackc/", "github.com/redis/", "database/sql", "log/slog",
}

// unlinked are packages that call methods by name. For one call of theirs that a program may reach, the linker keeps every method of every
// type: 22 MB of aisle. Modules that import them without such calls are no matter.
var unlinked = []string{"text/template", "html/template"}

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// packages lists every package of the workspace with its direct imports.
func packages(t *testing.T) []listed {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "work")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestImportRules(t *testing.T) {
	t.Parallel()
	all := packages(t)
	found := map[string]bool{}
	for _, p := range all {
		from := strings.TrimPrefix(p.ImportPath, module)
		found[from] = true
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if to, ok := strings.CutPrefix(imported, module); ok && !mayImport(from, to) {
				t.Errorf("%s imports %s", from, to)
			}
		}
		for _, imported := range p.Imports {
			if slices.Contains(unlinked, imported) {
				t.Errorf("%s imports %s, for which the linker keeps every method: write HTML with gomponents", from, imported)
			}
		}
		if !slices.Contains(pure, from) {
			continue
		}
		for _, imported := range p.Imports {
			for _, prefix := range barred {
				if strings.HasPrefix(imported, prefix) {
					t.Errorf("%s computes only, but imports %s", from, imported)
				}
			}
		}
	}
	for _, name := range pure {
		if !found[name] {
			t.Errorf("the rules name %s, which does not exist", name)
		}
	}
}

// mayImport says whether a package of one module may import a package of another.
func mayImport(from, to string) bool {
	fromModule, _, _ := strings.Cut(from, "/")
	toModule, rest, _ := strings.Cut(to, "/")
	switch {
	case fromModule == toModule:
		return true
	case toModule == "shared":
		return true
	case toModule == "migrations":
		return fromModule != "shared" && fromModule != "console"
	case toModule == "docs":
		return fromModule == "standalone"
	case to == "console":
		return fromModule == "recommender-service"
	case to == "sdk/go": // the client stands alone, and the tests use it
		return from == "standalone/e2e"
	case to == "sdk/tracker":
		return fromModule == "recommender-service" || fromModule == "standalone"
	case slices.Contains(services, toModule):
		return fromModule == "standalone" && rest == "service"
	}
	return false // nobody imports standalone
}
