package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs fills a folder with the programs under test: aisle and, as links to it, each program that it is by another name. It takes the
// aisle that AISLE_TEST_PROGRAM names, which make test has built, and builds it where nothing is named: linking it takes most of a minute.
func Programs(dir string) error {
	aisle := filepath.Join(dir, "aisle")
	if built := os.Getenv("AISLE_TEST_PROGRAM"); built != "" {
		if err := os.Symlink(built, aisle); err != nil {
			return fmt.Errorf("use the program of AISLE_TEST_PROGRAM: %w", err)
		}
	} else {
		build := exec.Command("go", "build", "-o", aisle, "github.com/aisle-rec/aisle/standalone/cmd/aisle")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build aisle: %w\n%s", err, out)
		}
	}
	for _, name := range []string{"profile-service", "similarity-service", "recommender-service", "migrate"} {
		if err := os.Symlink("aisle", filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("name a program: %w", err)
		}
	}
	return nil
}
