package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
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

// TestDocumentedRequests runs every request that the guide of the recommender-service prints, as printed, on a shop that has the items it names.
func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/recommender-service.md")
	if err != nil {
		t.Fatal(err)
	}
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
	blocks := shellBlock.FindAllStringSubmatch(string(guide), -1)
	if len(blocks) == 0 {
		t.Fatal("the guide prints no requests")
	}
	for _, b := range blocks {
		script := "set -euo pipefail\n" + strings.ReplaceAll(b[1], "127.0.0.1:8080", d.programs[0].address)
		out, err := exec.CommandContext(ctx, "bash", "-c", script).CombinedOutput()
		if err != nil || len(out) == 0 || refusal.Match(out) {
			t.Errorf("%v\n%s\n%s", err, b[1], out)
		}
	}
}
