package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// recipe is a block of commands and what its arrow promises.
	recipe = regexp.MustCompile("(?s)```sh\n(.*?)```(?:\n\n→ ([^\n]*))?")
	quoted = regexp.MustCompile("`([^`]+)`")
	// reasonsOf are left out where items are looked for, since they name others.
	reasonsOf = regexp.MustCompile(`"item_id":"[^"]*","title":"[^"]*"`)
)

// TestRecipes runs the commands of docs/recipes.md, in order and as they stand, and looks for what each arrow promises, in its order.
func TestRecipes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	text, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startStandalone(t, t.TempDir())
	dir := t.TempDir()
	if err := os.Symlink(binaries, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	recipes := recipe.FindAllStringSubmatch(string(text), -1)
	script := ""
	for n, r := range recipes {
		script += fmt.Sprintf("echo; echo '### %d'\n%s", n, r[1])
	}
	script = strings.ReplaceAll(script, "127.0.0.1:8080", d.programs[0].address)
	script = strings.ReplaceAll(script, "aisle recompute", "aisle recompute --search-seconds 1")
	out, err := shell(ctx, dir, script, "AISLE_SERVER=http://"+d.programs[0].address, "AISLE_KEY=")
	answers := strings.Split(string(out), "\n### ")[1:]
	if err != nil || len(answers) != len(recipes) || len(recipes) < 20 {
		t.Fatalf("%d of %d recipes, %v\n%s", len(answers), len(recipes), err, out)
	}
	promises := 0
	for n, r := range recipes {
		left := reasonsOf.ReplaceAllString(answers[n], "")
		if refusal.MatchString(left) {
			t.Errorf("%s\n%s", r[1], answers[n])
		}
		for _, want := range quoted.FindAllStringSubmatch(r[2], -1) {
			at := strings.Index(left, want[1])
			if promises++; at < 0 {
				t.Errorf("%s\n%s does not come after what stands before it:\n%s", r[1], want[1], answers[n])
				break
			}
			left = left[at+len(want[1]):]
		}
	}
	if promises < 50 {
		t.Errorf("the page promises %d things", promises)
	}
}
