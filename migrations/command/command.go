// Package command is the command line that brings the databases of Aisle to the version that this release works with; the program migrate
// is this, and so is "aisle migrate".
//
//	migrate up      apply what is missing; with --admin-url also create the databases and their users
//	migrate check   say whether the databases are ready, and change nothing
//
// A database whose URL is not given is left out; at least one must be.
package command

import (
	"context"
	"flag"
	"fmt"
	"io"
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

// Main runs the command line and returns the exit code: 0 done, 1 failed.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, args, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "migrate: %s\n", process.OneLine(err))
		return 1
	}
	return 0
}

// variables are where flags are read from that are not given. They are no defaults of the flags, which --help and every wrong flag print:
// they hold passwords.
var variables = map[string]string{
	"admin-url":       "AISLE_ADMIN_DATABASE_URL",
	"profile-url":     "AISLE_PROFILE_DATABASE_URL",
	"similarity-url":  "AISLE_SIMILARITY_DATABASE_URL",
	"recommender-url": "AISLE_RECOMMENDER_DATABASE_URL",
}

// run is Main without the process: the environment comes from getenv, and what is asked for
// goes to out. It ends at the first database that fails; those before it stay migrated.
func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	admin := flags.String("admin-url", "", "a Postgres user that may create databases and users (AISLE_ADMIN_DATABASE_URL)")
	urls := map[string]*string{
		migrations.Profile:     flags.String("profile-url", "", "the profile-service's database (AISLE_PROFILE_DATABASE_URL)"),
		migrations.Similarity:  flags.String("similarity-url", "", "the similarity-service's database (AISLE_SIMILARITY_DATABASE_URL)"),
		migrations.Recommender: flags.String("recommender-url", "", "the recommender-service's database (AISLE_RECOMMENDER_DATABASE_URL)"),
	}
	if len(args) > 0 {
		switch args[0] {
		case "--help", "-h", "-help", "help":
			flags.SetOutput(out)
			flags.Usage()
			return nil
		case "--version", "-version", "version":
			fmt.Fprintln(out, "migrate", process.Build())
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
	if err := fromEnvironment(flags, getenv); err != nil {
		return err
	}
	done := 0
	for _, name := range migrations.Names() {
		url := *urls[name]
		if url == "" {
			continue
		}
		if err := one(ctx, args[0], name, *admin, url, out); err != nil {
			return err
		}
		done++
	}
	if done == 0 {
		return fmt.Errorf("no database named: give --profile-url, --similarity-url, --recommender-url or several of them")
	}
	return nil
}

// fromEnvironment sets the flags that the command line does not; one that it sets to nothing stays so.
func fromEnvironment(flags *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range variables {
		if given[name] {
			continue
		}
		if err := flags.Set(name, getenv(variable)); err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
	}
	return nil
}

// one does the verb for one database. With an admin URL the database is made first, which asks
// for a Postgres URL.
func one(ctx context.Context, verb, name, admin, url string, out io.Writer) error {
	if verb == "check" {
		if err := migrations.Check(ctx, name, url); err != nil {
			return err
		}
		fmt.Fprintf(out, "database %s is ready\n", name)
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
	fmt.Fprintf(out, "database %s is at the newest version\n", name)
	return nil
}
