package service

import (
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/webhook"
)

// Config are the settings of the recommender-service. Numbers that are 0 stand for their
// defaults.
type Config struct {
	// DatabaseURL is postgres://... or sqlite:///path/file.db.
	DatabaseURL string `env:"AISLE_RECOMMENDER_DATABASE_URL"`
	// ProfileURL and SimilarityURL are the addresses of the peers.
	ProfileURL    string `env:"AISLE_PROFILE_URL" envDefault:"http://127.0.0.1:8081"`
	SimilarityURL string `env:"AISLE_SIMILARITY_URL" envDefault:"http://127.0.0.1:8082"`
	// CacheMB bounds the memory of all caches that answers are made of.
	CacheMB int `env:"AISLE_RECOMMENDER_CACHE_MB" envDefault:"288"`
	// DecisionSample is the share of answers whose inputs are logged, so that they can be explained and made again; of the others only what
	// they showed is. A negative one logs no inputs.
	DecisionSample float64 `env:"AISLE_RECOMMENDER_DECISION_SAMPLE" envDefault:"1"`
	// DecisionDays is how long they are kept.
	DecisionDays int `env:"AISLE_RECOMMENDER_DECISION_DAYS" envDefault:"7"`
	// WebhookURL is told when anomalies open and close; nobody is when it is empty. What is sent is signed with WebhookSecret.
	WebhookURL    string `env:"AISLE_RECOMMENDER_WEBHOOK_URL"`
	WebhookSecret string `env:"AISLE_RECOMMENDER_WEBHOOK_SECRET"`
	// WebhookPrivate lets it be an address of a private network, and http.
	WebhookPrivate bool `env:"AISLE_RECOMMENDER_WEBHOOK_PRIVATE"`
}

// Defaults and bounds; the defaults are those of the tags above.
const (
	defaultCacheMB = 288
	maxCacheMB     = 1 << 20
	defaultSample  = 1
	defaultDays    = 7
	maxDays        = 365
)

// withDefaults fills in what a caller who does not read the environment left out.
func (c Config) withDefaults() Config {
	if c.CacheMB == 0 {
		c.CacheMB = defaultCacheMB
	}
	if c.DecisionSample == 0 {
		c.DecisionSample = defaultSample
	}
	if c.DecisionDays == 0 {
		c.DecisionDays = defaultDays
	}
	return c
}

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	var problems []error
	if c.DatabaseURL == "" {
		problems = append(
			problems,
			errors.New(
				"AISLE_RECOMMENDER_DATABASE_URL is not set: give it postgres://user:password@host:5432/recommender or "+
					"sqlite:///path/recommender.db",
			),
		)
	}
	if c.CacheMB < 1 || c.CacheMB > maxCacheMB {
		problems = append(problems, fmt.Errorf("AISLE_RECOMMENDER_CACHE_MB is %d: use 1 to %d", c.CacheMB, maxCacheMB))
	}
	if !(c.DecisionSample <= 1) {
		problems = append(problems, fmt.Errorf("AISLE_RECOMMENDER_DECISION_SAMPLE is %g: use a share up to 1", c.DecisionSample))
	}
	if c.DecisionDays < 1 || c.DecisionDays > maxDays {
		problems = append(problems, fmt.Errorf("AISLE_RECOMMENDER_DECISION_DAYS is %d: use 1 to %d", c.DecisionDays, maxDays))
	}
	if c.WebhookURL != "" {
		if _, err := webhook.New(c.WebhookURL, c.WebhookSecret, c.WebhookPrivate, time.Now); err != nil {
			problems = append(problems, fmt.Errorf("AISLE_RECOMMENDER_WEBHOOK_URL and _SECRET: %w", err))
		}
	}
	return errors.Join(problems...)
}
