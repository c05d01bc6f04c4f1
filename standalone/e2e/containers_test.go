//go:build drill

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// deployed is the deployment of containers that scripts/drill-image.sh started, by the variables that it sets.
func deployed(t *testing.T) *program {
	t.Helper()
	address := os.Getenv("AISLE_DRILL_ADDRESS")
	if address == "" {
		t.Fatal("AISLE_DRILL_ADDRESS is not set: run scripts/drill-image.sh")
	}
	return &program{address: address}
}

// TestQuickStartOfContainers runs the quick start against containers, with the keys of the first shop.
func TestQuickStartOfContainers(t *testing.T) {
	gateway, secret := deployed(t), os.Getenv("AISLE_DRILL_KEY")
	quickStartCommands(t, t.TempDir(), "AISLE_SERVER="+gateway.url(), "AISLE_API_KEY="+secret)
	page(t, gateway.address, secret, os.Getenv("AISLE_DRILL_PUBLISHABLE_KEY"))
}

// TestContainersAreKilled kills each container in turn while visitors of the second shop come, and starts it again:
// no acknowledged event is lost or stored twice, an answer that does not say otherwise knows what was just
// acknowledged, and answers become whole again.
func TestContainersAreKilled(t *testing.T) {
	gateway := deployed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	c := connectTo(gateway, os.Getenv("AISLE_DRILL_OTHER_KEY"))
	shopOf(t, ctx, c)
	s, closeShop := openShop(t, ctx, c)
	defer closeShop()
	report(t, s, "all serve")
	for _, name := range strings.Fields("profile-service similarity-service recommender-service gateway redis postgres") {
		compose(t, "kill", name)
		s.tries(t, ctx, 20)
		compose(t, "up", "--no-build", "--no-deps", "--wait", name)
		eventually(t, ctx, "an answer is whole after "+name+" was killed", func() error {
			answer, ok := s.ask(ctx, "somebody")
			if !ok || len(answer.Degraded) > 0 || len(answer.Items) == 0 {
				return fmt.Errorf("answered %v, without %v, %d items", ok, answer.Degraded, len(answer.Items))
			}
			return nil
		})
		s.more(t, ctx, 40)
		report(t, s, name+" killed and started")
	}
	closeShop()
	if len(s.unseen) > 0 {
		t.Errorf("the next answer did not know %d events: %.300v", len(s.unseen), s.unseen)
	}
	stored, err := storedIDs(ctx, c.profile)
	if err != nil {
		t.Fatal(err)
	}
	for id, times := range stored {
		if times != 1 {
			t.Errorf("the event %s is stored %d times", id, times)
		}
	}
	if got, want := int64(len(stored)), s.posted.Load()+int64(len(history(1))); got != want {
		t.Errorf("%d events are stored, %d were acknowledged", got, want)
	}
}

// compose runs docker compose, with the files and the project that the variables COMPOSE_FILE and COMPOSE_PROJECT_NAME name.
func compose(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("docker", append([]string{"compose"}, args...)...)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docker compose %v: %v\n%s", args, err, out)
	}
}

// tries waits until visitors have tried so many things more, whatever came of them.
func (s *shopper) tries(t *testing.T, ctx context.Context, n int64) {
	t.Helper()
	count := func() int64 { return s.asked.Load() + s.posted.Load() + s.postedAgain.Load() }
	goal := count() + n
	eventually(t, ctx, "visitors try", func() error {
		if have := count(); have < goal {
			return fmt.Errorf("%d of %d", have, goal)
		}
		return nil
	})
}
