package service

import (
	"errors"
	"fmt"
)

// Config are the settings of the similarity-service.
type Config struct {
	// RedisURL is redis://host:6379/0; several separated by commas name a cluster.
	RedisURL string `env:"AISLE_REDIS_URL"`
	// SnapshotLists has neighbour lists read from local copies of the snapshots alone. It is for a Redis inside this very process, which
	// would only hold them a second time.
	SnapshotLists bool
	// BlobURL is where snapshots are kept: file:///path, s3://bucket, gs://bucket or azblob://container.
	BlobURL string `env:"AISLE_BLOB_URL"`
	// ProfileURL is the address of the profile-service.
	ProfileURL string `env:"AISLE_PROFILE_URL" envDefault:"http://127.0.0.1:8081"`
	// SearchSeconds is the nominal CPU time that a recompute spends on the search of parameters, per relation; a job may ask for another.
	SearchSeconds float64 `env:"AISLE_SEARCH_SECONDS" envDefault:"60"`
}

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	var problems []error
	if c.RedisURL == "" {
		problems = append(problems, errors.New("AISLE_REDIS_URL is not set: give it redis://host:6379/0"))
	}
	if c.BlobURL == "" {
		problems = append(problems, errors.New("AISLE_BLOB_URL is not set: give it file:///path or s3://bucket"))
	}
	if !(c.SearchSeconds > 0) {
		problems = append(problems, fmt.Errorf("AISLE_SEARCH_SECONDS is %v: give it more than 0", c.SearchSeconds))
	}
	return errors.Join(problems...)
}
