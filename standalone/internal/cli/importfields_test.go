package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of fields into docs/importing.md")

// TestThePageAboutImportingListsTheFields keeps docs/importing.md in step with the fields that the reader knows.
func TestThePageAboutImportingListsTheFields(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "docs", "importing.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), "<!-- fields -->\n")
	_, tail, ok2 := strings.Cut(rest, "<!-- end of fields -->")
	if !ok || !ok2 {
		t.Fatal("the page has no place for the fields")
	}
	want := head + "<!-- fields -->\n" + fieldTables() + "<!-- end of fields -->" + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Error("docs/importing.md is out of step: run go test ./standalone/internal/cli -run Importing -update")
	}
}
