package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// TestTheAPIBreaksNoClientOfTheLastRelease compares the document of this tree, which TestTheClientsAreThoseOfTheDocument holds against the program, with that of
// the last release. A release copies the one over the other.
func TestTheAPIBreaksNoClientOfTheLastRelease(t *testing.T) {
	t.Parallel()
	released, err := os.ReadFile(filepath.Join(clientsFolder, "openapi-released.json"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(filepath.Join(clientsFolder, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	if broken := breaks(t, released, now); len(broken) > 0 {
		t.Errorf("clients of the last release would fail:\n%s", strings.Join(broken, "\n"))
	}
	for name, change := range map[string]func(doc map[string]any){
		"an operation is gone": func(doc map[string]any) { delete(within(doc, "paths", "/v1/popular"), "get") },
		"a field becomes required": func(doc map[string]any) {
			within(doc, "components", "schemas", "Request")["required"] = []any{"scenario", "user_id"}
		},
		"an answer loses a field": func(doc map[string]any) {
			delete(within(doc, "components", "schemas", "EventsAnswer", "properties"), "accepted")
		},
		"a choice is gone": func(doc map[string]any) {
			within(doc, "components", "schemas", "Condition", "properties", "op")["enum"] = []any{"eq"}
		},
	} {
		var doc map[string]any
		if err := json.Unmarshal(released, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc)
		changed, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(breaks(t, released, changed)) == 0 {
			t.Errorf("%s, and nobody notices", name)
		}
	}
}

// within walks into objects of a document.
func within(doc map[string]any, path ...string) map[string]any {
	for _, name := range path {
		doc = doc[name].(map[string]any)
	}
	return doc
}

// breaks lists the changes between two documents that break clients.
func breaks(t *testing.T, before, after []byte) []string {
	t.Helper()
	read := func(data []byte) *load.SpecInfo {
		doc, err := openapi3.NewLoader().LoadFromData(data)
		if err != nil {
			t.Fatal(err)
		}
		return &load.SpecInfo{Spec: doc}
	}
	a, b := read(before), read(after)
	report, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, c := range checker.CheckBackwardCompatibility(checker.NewConfig(checker.GetAllChecks()), report, sources) {
		if c.GetLevel() == checker.ERR {
			broken = append(broken, c.GetOperation()+" "+c.GetPath()+": "+c.GetId())
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}
