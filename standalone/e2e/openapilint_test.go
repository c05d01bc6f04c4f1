package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDocumentIsLintClean has Redocly's linter look at the document with its recommended rules: no error and no
// warning, every example as its schema says.
func TestTheDocumentIsLintClean(t *testing.T) {
	t.Parallel()
	const linter = "@redocly/cli@1.34.5"
	npx, err := exec.LookPath("npx")
	if err == nil {
		err = exec.Command(npx, "--yes", linter, "--version").Run()
	}
	if err != nil {
		t.Skipf("LEFT OUT: npx cannot bring %s: %v", linter, err)
	}
	document, err := filepath.Abs(filepath.Join(clientsFolder, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(npx, "--yes", linter, "lint", document, "--format", "stylish")
	cmd.Dir = t.TempDir()
	said, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(said), "warning") || !strings.Contains(string(said), "valid") {
		t.Errorf("%v\n%.4000s", err, said)
	}
}
