package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelpShowsNoKeyOfTheEnvironment asks every command for its help. It is not parallel: it sets the environment.
func TestHelpShowsNoKeyOfTheEnvironment(t *testing.T) {
	const secret = "hunter2hunter2"
	for _, name := range []string{"AISLE_API_KEY", "AISLE_DATABASE_URL", "AISLE_REDIS_URL"} {
		t.Setenv(name, "redis://aisle:"+secret+"@127.0.0.1/0")
	}
	asked, withKey := 0, 0
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		var out bytes.Buffer
		if code := Execute(t.Context(), append(path, "--help"), &out, &out); code != 0 {
			t.Errorf("aisle %s --help: exit code %d", strings.Join(path, " "), code)
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("aisle %s --help shows a secret", strings.Join(path, " "))
		}
		asked++
		if strings.Contains(out.String(), "AISLE_API_KEY") {
			withKey++
		}
		for _, child := range cmd.Commands() {
			visit(child, append(path[:len(path):len(path)], child.Name()))
		}
	}
	visit(newRoot(), nil)
	if asked < 20 || withKey < 5 {
		t.Errorf("%d commands were asked, %d of which name the variable of the key: the test sees too few", asked, withKey)
	}
}
