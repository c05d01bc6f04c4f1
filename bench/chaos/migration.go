package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/bench/internal/program"
)

const (
	// migrationKills is how many times a migration is killed before one is left to end.
	migrationKills = 6
	// migrationMoment bounds the moment of a kill: both databases are migrated by then.
	migrationMoment = 200 * time.Millisecond
)

// killMigration kills migrations of a new database; the last one must end well, and Check with
// it. The database is another than the drill's, which is in use.
func killMigration(ctx context.Context, w *world, r *rand.Rand) error {
	if w.options.form == "one" {
		return w.killFirstStart(ctx, r)
	}
	scratch := fmt.Sprintf("scratch%d", r.IntN(1_000_000))
	url, err := w.database(scratch)
	if err != nil {
		return err
	}
	w.databases[scratch] = url // dropped at the end
	migrate := filepath.Join(w.options.bin, "migrate")
	for range migrationKills {
		cmd := exec.Command(migrate, "up", "--admin-url", w.admin, "--profile-url", url)
		if err := killAfter(ctx, cmd, time.Duration(r.Int64N(int64(migrationMoment)))); err != nil {
			return err
		}
	}
	// After all kills one migration goes to its end on what they left.
	for _, args := range [][]string{{"up", "--admin-url", w.admin}, {"check"}} {
		if out, err := exec.CommandContext(ctx, migrate, append(args, "--profile-url", url)...).CombinedOutput(); err != nil {
			return fmt.Errorf("after killed migrations \"migrate %s\" fails: %w: %s", args[0], err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// killFirstStart kills the one binary while it makes its databases.
func (w *world) killFirstStart(ctx context.Context, r *rand.Rand) error {
	folder, err := os.MkdirTemp(w.folder, "first-start-")
	if err != nil {
		return err
	}
	p, err := program.New(folder, "aisle", filepath.Join(w.options.bin, "aisle"))
	if err != nil {
		return err
	}
	p.Args = []string{
		"serve", "--listen", p.Addr, "--admin-listen", p.Admin, "--data", filepath.Join(folder, "data"), "--log-level", "warn",
	}
	for range migrationKills {
		if err := killAfter(ctx, exec.Command(p.File, p.Args...), time.Duration(r.Int64N(int64(migrationMoment)))); err != nil {
			return err
		}
	}
	if err := p.Start(ctx); err != nil {
		return fmt.Errorf("after killed migrations: %w", err)
	}
	p.Stop()
	return nil
}

// killAfter runs a command and kills it after a time, unless it has ended by then. An error is
// of one that ended by itself and badly.
func killAfter(ctx context.Context, cmd *exec.Cmd, after time.Duration) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err // by itself: it must have done its work
	case <-timer.C:
	case <-ctx.Done():
	}
	_ = cmd.Process.Kill() // fails only when it has ended
	err := <-ended
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && !exit.Exited() {
		return nil
	}
	return fmt.Errorf("a migration failed before it was killed: %w", err)
}
