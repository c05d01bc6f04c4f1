// Command migrate brings the databases of Aisle to the version that this release works with.
//
//	migrate up      apply what is missing; with --admin-url also create the databases and their users
//	migrate check   say whether the databases are ready, and change nothing
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/process"
)

const usage = `usage: migrate up|check [flags]

The URLs have the form postgres://user:password@host:5432/database or sqlite:///path/file.db. A flag that is not given is read from
the environment.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "migrate: %s\n", process.OneLine(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	admin := flags.String("admin-url", os.Getenv("AISLE_ADMIN_DATABASE_URL"), "a Postgres user that may create databases and users (AISLE_ADMIN_DATABASE_URL)")
	urls := map[string]*string{
		migrations.Profile:     flags.String("profile-url", os.Getenv("AISLE_PROFILE_DATABASE_URL"), "the profile-service's database (AISLE_PROFILE_DATABASE_URL)"),
		migrations.Recommender: flags.String("recommender-url", os.Getenv("AISLE_RECOMMENDER_DATABASE_URL"), "the recommender-service's database (AISLE_RECOMMENDER_DATABASE_URL)"),
	}
	if len(args) > 0 {
		switch args[0] {
		case "--help", "-h", "-help", "help":
			flags.SetOutput(os.Stdout)
			flags.Usage()
			return nil
		case "--version", "-version", "version":
			fmt.Println("migrate", process.Version())
			return nil
		}
	}
	if len(args) == 0 || args[0] != "up" && args[0] != "check" {
		flags.Usage()
		return fmt.Errorf("the first word must be up or check")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	done := 0
	for _, name := range []string{migrations.Profile, migrations.Recommender} {
		url := *urls[name]
		if url == "" {
			continue
		}
		if err := one(ctx, args[0], name, *admin, url); err != nil {
			return err
		}
		done++
	}
	if done == 0 {
		return fmt.Errorf("no database named: give --profile-url, --recommender-url or both")
	}
	return nil
}

func one(ctx context.Context, verb, name, admin, url string) error {
	if verb == "check" {
		if err := migrations.Check(ctx, name, url); err != nil {
			return err
		}
		fmt.Printf("database %s is ready\n", name)
		return nil
	}
	if admin != "" {
		if err := migrations.Create(ctx, admin, url); err != nil {
			return err
		}
	}
	if err := migrations.Up(ctx, name, url); err != nil {
		return err
	}
	fmt.Printf("database %s is at the newest version\n", name)
	return nil
}
