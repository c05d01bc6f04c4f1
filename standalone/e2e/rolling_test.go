//go:build drill

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestRollingUpgrade replaces two replicas of each service of an older version by those of this one, one after the other, while visitors
// come. scripts/drill-upgrade.sh builds the older programs and names their folder in AISLE_OLD_PROGRAMS.
func TestRollingUpgrade(t *testing.T) {
	old := os.Getenv("AISLE_OLD_PROGRAMS")
	if old == "" {
		t.Fatal("AISLE_OLD_PROGRAMS is not set: run scripts/drill-upgrade.sh")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	mine := binaries
	binaries = old // whose migrate makes the databases, as they were
	databases := ownDatabases(t)
	binaries = mine
	r := &replicated{services: map[string][]*program{}}
	for _, name := range services {
		r.services[name] = []*program{{address: freeAddress(t)}, {address: freeAddress(t)}}
	}
	gateway := func(folder string) *program {
		listen := "127.0.0.1:0"
		if r.gateway != nil { // where the services look for it
			listen = r.gateway.address
		}
		args := []string{"gateway", "--listen", listen, "--admin-listen", "off"}
		for _, name := range services {
			args = append(args, "--"+strings.TrimSuffix(name, "-service")+"-url", r.services[name][0].url()+","+r.services[name][1].url())
		}
		return startFrom(t, folder, nil, "aisle", args...)
	}
	r.gateway = gateway(old)
	r.settings = slices.Concat(threeSettings(""), databases, []string{
		"AISLE_TRUSTED_PROXIES=127.0.0.1", "AISLE_REDIS_URL=" + testenv.Redis(t), "AISLE_BLOB_URL=file://" + t.TempDir(),
		"AISLE_PROFILE_URL=http://" + r.gateway.address, "AISLE_SIMILARITY_URL=http://" + r.gateway.address,
	})
	begin := func(folder, name string, n int) {
		t.Helper()
		r.services[name][n] = startFrom(t, folder, append(slices.Clip(r.settings), "AISLE_LISTEN="+r.services[name][n].address), name)
	}
	for _, name := range services {
		begin(old, name, 0)
		begin(old, name, 1)
		if name == "profile-service" {
			reachable(t, r.gateway, "/v1/items")
		}
	}
	awaitGateway(t, r.gateway)
	c := connectTo(r.gateway, "")
	shopOf(t, ctx, c)
	s, closeShop := openShop(t, ctx, c)
	defer closeShop()
	migrate := exec.CommandContext(ctx, filepath.Join(mine, "migrate"), "up")
	migrate.Env = append(os.Environ(), databases...)
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	s.more(t, ctx, 100) // the older version serves on the newer tables
	report(t, s, "migrated under the older version")
	for n := range 2 {
		for _, name := range services {
			r.services[name][n].stop(syscall.SIGTERM)
			begin(mine, name, n)
			s.more(t, ctx, 100) // both versions of the service serve
			report(t, s, fmt.Sprintf("%s %d replaced", name, n+1))
		}
	}
	closeShop()
	if s.failed.Load() > 0 || len(s.unseen) > 0 {
		t.Errorf("%d recommendations failed twice; the next answer did not know %d events: %.300v", s.failed.Load(),
			len(s.unseen), s.unseen)
	}
	if got, want := r.storedEvents(t, ctx), s.posted.Load()+int64(len(history(1))); got != want {
		t.Errorf("%d events are stored, %d were acknowledged", got, want)
	}
	r.gateway.stop(syscall.SIGTERM)
	r.gateway = gateway(mine) // last: it routes by the documents of its start
	awaitGateway(t, r.gateway)
	job, err := connectTo(r.gateway, "").similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: .2})
	if err == nil {
		job, err = connectTo(r.gateway, "").similarity.WaitForJob(ctx, job.JobID, func(similarityapi.Job) {})
	}
	if err != nil || job.State != similarityapi.JobSucceeded {
		t.Errorf("a recompute of the new version: %+v, %v", job, err)
	}
	sameFromBoth(t, ctx, r, "")
}

func report(t *testing.T, s *shopper, what string) {
	t.Logf("%-42s %5d recommendations, %d tried again, %d failed; %5d events acknowledged, %d tries were not; %d answers said that they "+
		"lack something",
		what, s.asked.Load(), s.again.Load(), s.failed.Load(), s.posted.Load(), s.postedAgain.Load(), s.stale.Load())
}
