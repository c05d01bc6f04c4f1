package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheAPIBreaksNoClientOfTheLastRelease compares the document of this tree, which TestTheClientsAreThoseOfTheDocument holds against the
// program, with that of the last release. A release copies the one over the other.
func TestTheAPIBreaksNoClientOfTheLastRelease(t *testing.T) {
	t.Parallel()
	released := corrected(t, filepath.Join(clientsFolder, "openapi-released.json"))
	oasdiff := tool(t, "github.com/oasdiff/oasdiff")
	// docs/clients.md says that answers may come to hold new values, such as a new kind of source
	levels := filepath.Join(t.TempDir(), "levels.txt")
	if err := os.WriteFile(levels, []byte("response-property-enum-value-added info\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	breaks := func(now string) string {
		said, err := exec.Command(
			oasdiff, "breaking", released, now, "--fail-on", "ERR", "--color", "never", "--severity-levels", levels,
		).CombinedOutput()
		if err == nil {
			return ""
		}
		if !strings.Contains(string(said), "error") {
			t.Fatalf("oasdiff: %v: %s", err, said)
		}
		return string(said)
	}
	if broken := breaks(filepath.Join(clientsFolder, "openapi.json")); broken != "" {
		t.Errorf("clients of the last release would fail:\n%s", broken)
	}
	text, err := os.ReadFile(released)
	if err != nil {
		t.Fatal(err)
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
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc)
		changed, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "changed.json")
		if err := os.WriteFile(file, changed, 0o644); err != nil {
			t.Fatal(err)
		}
		if breaks(file) == "" {
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

// tool builds a program of the module tools, which is apart from the modules of the product.
func tool(t *testing.T, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", program, pkg)
	cmd.Dir, cmd.Env = "../../tools", append(os.Environ(), "GOWORK=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v: %s", pkg, err, said)
	}
	return program
}

// corrected copies the document of the last release with what it failed to say: that times may be null, as they were and are.
func corrected(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	mendTimes(doc)
	mended, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "released.json")
	if err := os.WriteFile(to, mended, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func mendTimes(v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			mendTimes(one)
		}
	case map[string]any:
		if forms, _ := v["oneOf"].([]any); len(forms) == 2 {
			if first, _ := forms[0].(map[string]any); first["format"] == "date-time" {
				first["type"] = []any{"string", "null"}
				date := map[string]any{"type": "string", "format": "date", "pattern": `^\d{4}-\d{2}-\d{2}$`,
					"description": "Its first moment in UTC"}
				v["oneOf"] = []any{first, date, forms[1]}
			}
		}
		for _, one := range v {
			mendTimes(one)
		}
	}
}
