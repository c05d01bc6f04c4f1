package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	// refusal is how problem details begin.
	refusal = regexp.MustCompile(`"status":[45][0-9]{2},"detail"`)
)

// TestDocumentedRequests runs every request that the guides print which ask a shop with the items of the demo, as printed.
func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := startStandalone(t, t.TempDir())
	c := d.connect("")
	var items []profileapi.Item
	for n, id := range []string{"85123A", "22423", "10002", "21733", "22804"} {
		price := float64(n)
		items = append(items, profileapi.Item{ItemID: id, Title: "Good " + id, Price: &price})
	}
	if answer, err := c.profile.PutItems(ctx, items); err != nil || answer.Accepted != len(items) {
		t.Fatalf("put items: %+v, %v", answer, err)
	}
	if _, err := c.profile.PostEvents(ctx, []profileapi.Event{{Type: "view_item", UserID: "17850", ItemID: "85123A"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the items are known", func() error {
		answer, err := c.recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.trending", DeadlineMS: 5000})
		if err == nil && len(answer.Items) != len(items) {
			err = fmt.Errorf("%d of %d items", len(answer.Items), len(items))
		}
		return err
	})
	for _, guide := range []string{"recommender-service.md", "troubleshooting.md", "privacy.md"} {
		for _, block := range commandsOf(t, guide) {
			out, err := shell(ctx, t.TempDir(), strings.ReplaceAll(block, "127.0.0.1:8080", d.programs[0].address))
			if err != nil || len(out) == 0 || refusal.Match(out) {
				t.Errorf("%s: %v\n%s\n%s", guide, err, block, out)
			}
		}
	}
}

// commandsOf returns the blocks of commands that a guide prints.
func commandsOf(t *testing.T, guide string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", guide))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, b[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("%s prints no commands", guide)
	}
	return blocks
}

// shell runs commands in a folder.
func shell(ctx context.Context, dir, script string, env ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd.CombinedOutput()
}

// TestMovingFromOtherSystems runs the imports that the guide prints on files as other systems write them: every row is taken.
func TestMovingFromOtherSystems(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := startStandalone(t, t.TempDir(), "--retention-days", "36500")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/migrating")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binaries, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	imports := 0
	for _, block := range commandsOf(t, "migrating.md") {
		out, err := shell(ctx, dir, block, "AISLE_SERVER=http://"+d.programs[0].address)
		taken := strings.Count(string(out), " 0 rejected")
		if imports += taken; err != nil || taken != strings.Count(block, "aisle import") {
			t.Errorf("%v\n%s\n%s", err, block, out)
		}
	}
	if imports < 7 {
		t.Errorf("the guide prints %d imports", imports)
	}
}
