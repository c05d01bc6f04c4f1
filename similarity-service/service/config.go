package service

import (
	"errors"
	"fmt"
	"slices"
)

// Config are the settings of the similarity-service.
type Config struct {
	// DatabaseURL is postgres://user:password@host:5432/similarity or sqlite:///path/similarity.db.
	DatabaseURL string `env:"AISLE_SIMILARITY_DATABASE_URL"`
	// RedisURL is redis://host:6379/0; several separated by commas name a cluster. Without one, lists are read from local copies of the
	// snapshots alone.
	RedisURL string `env:"AISLE_REDIS_URL"`
	// BlobURL is where snapshots are kept: file:///path or s3://bucket?endpoint=host.
	BlobURL string `env:"AISLE_BLOB_URL"`
	// ProfileURL is the address of the profile-service.
	ProfileURL string `env:"AISLE_PROFILE_URL" envDefault:"http://127.0.0.1:8081"`
	// SearchSeconds is the nominal CPU time that a recompute spends on the search of parameters, per relation; a job may ask for another.
	SearchSeconds float64 `env:"AISLE_SEARCH_SECONDS" envDefault:"120"`
	// Role says what the process does: all; serve, which answers and leaves jobs to others; or worker, which does
	// jobs, and answers, too, what it is asked.
	Role string `env:"AISLE_ROLE" envDefault:"all"`
	// PartsFrom is the number of interactions from which processes share the work on a relation; tests lower it.
	PartsFrom int `env:"-"`
}

// The roles of a process.
const (
	RoleAll    = "all"
	RoleServe  = "serve"
	RoleWorker = "worker"
)

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	var problems []error
	if c.DatabaseURL == "" {
		problems = append(
			problems,
			errors.New(
				"AISLE_SIMILARITY_DATABASE_URL is not set: give it postgres://user:password@host:5432/similarity or "+
					"sqlite:///path/similarity.db",
			),
		)
	}
	if c.BlobURL == "" {
		problems = append(problems, errors.New("AISLE_BLOB_URL is not set: give it file:///path or s3://bucket"))
	}
	if !(c.SearchSeconds > 0) {
		problems = append(problems, fmt.Errorf("AISLE_SEARCH_SECONDS is %v: give it more than 0", c.SearchSeconds))
	}
	if c.Role != "" && !slices.Contains([]string{RoleAll, RoleServe, RoleWorker}, c.Role) {
		problems = append(problems, fmt.Errorf("AISLE_ROLE is %q: give it %s, %s or %s", c.Role, RoleAll, RoleServe, RoleWorker))
	}
	return errors.Join(problems...)
}
