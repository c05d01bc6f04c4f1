package e2e

import (
	"os/exec"
	"testing"
)

// installed leaves a test out, and says so, where a program of a Debian package is missing and returns where it is. scripts/with-stores.sh
// installs all of them where it may; elsewhere a machine that has only Go, make and git shall not fail for them.
func installed(t *testing.T, program, pkg string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("LEFT OUT: there is no %s; \"make test\" installs it where it may, else install the package %s", program, pkg)
	}
	return path
}
