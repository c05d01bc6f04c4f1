package service

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Config are the settings of the profile-service.
type Config struct {
	// DatabaseURL is postgres://... or sqlite:///path/file.db.
	DatabaseURL string `env:"AISLE_PROFILE_DATABASE_URL"`
	// StandbyURL is postgres://... of a standby of the database, which streams are read from; "" for none.
	StandbyURL string `env:"AISLE_PROFILE_STANDBY_URL"`
	// RetentionDays is how long events are kept; older ones are refused.
	RetentionDays int `env:"AISLE_PROFILE_RETENTION_DAYS" envDefault:"400"`
	// ShopRetentionDays overrides RetentionDays for single shops: "shop:days,shop:days".
	ShopRetentionDays map[string]int `env:"AISLE_PROFILE_SHOP_RETENTION_DAYS"`
	// Weights overrides what types of events weigh, or adds types: "like:3,quiz_answer:0.5".
	Weights map[string]float64 `env:"AISLE_PROFILE_EVENT_WEIGHTS"`
	// UntrainedChannels are those that models and popularity learn nothing from: "agent,ads". Visitors keep what came through them.
	UntrainedChannels []string `env:"AISLE_PROFILE_UNTRAINED_CHANNELS"`
	// AffinityHalfLifeDays is the time after which an event counts half in affinities.
	AffinityHalfLifeDays float64 `env:"AISLE_PROFILE_AFFINITY_HALF_LIFE_DAYS" envDefault:"30"`
	// SpoolDir is where files of imports wait; the system's temporary folder when empty.
	SpoolDir string `env:"AISLE_PROFILE_SPOOL_DIR"`
	// MaxImportBytes bounds the size of an imported file as it is sent.
	MaxImportBytes int64 `env:"AISLE_PROFILE_MAX_IMPORT_BYTES" envDefault:"4294967296"`
}

const (
	maxRetentionDays = 36500
	maxWeight        = 1000
	day              = 24 * time.Hour
)

// withDefaults fills in what a caller who does not read the environment left out.
func (c Config) withDefaults() Config {
	d := process.Defaults[Config]()
	c.RetentionDays = cmp.Or(c.RetentionDays, d.RetentionDays)
	c.AffinityHalfLifeDays = cmp.Or(c.AffinityHalfLifeDays, d.AffinityHalfLifeDays)
	c.MaxImportBytes = cmp.Or(c.MaxImportBytes, d.MaxImportBytes)
	return c
}

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	if c.DatabaseURL == "" {
		problems = append(
			problems,
			errors.New(
				"AISLE_PROFILE_DATABASE_URL is not set: give it postgres://user:password@host:5432/profile or sqlite:///path/profile.db",
			),
		)
	}
	if c.StandbyURL != "" && !(database.IsPostgres(c.StandbyURL) && database.IsPostgres(c.DatabaseURL)) {
		problems = append(problems, errors.New(
			"AISLE_PROFILE_STANDBY_URL names a standby of a Postgres database: give it and AISLE_PROFILE_DATABASE_URL the form "+
				"postgres://user:password@host:5432/profile, or leave it out",
		))
	}
	if c.RetentionDays < 1 || c.RetentionDays > maxRetentionDays {
		problems = append(problems, fmt.Errorf("AISLE_PROFILE_RETENTION_DAYS is %d: use 1 to %d", c.RetentionDays, maxRetentionDays))
	}
	for shop, days := range c.ShopRetentionDays {
		if err := auth.ValidateShop(shop); err != nil {
			problems = append(problems, fmt.Errorf("AISLE_PROFILE_SHOP_RETENTION_DAYS: %w", err))
		}
		if days < 1 || days > maxRetentionDays {
			problems = append(
				problems, fmt.Errorf("AISLE_PROFILE_SHOP_RETENTION_DAYS of %s is %d: use 1 to %d", shop, days, maxRetentionDays),
			)
		}
	}
	for name, weight := range c.Weights {
		if !(weight >= -maxWeight && weight <= maxWeight) || name == "" || len(name) > 64 {
			problems = append(
				problems,
				fmt.Errorf(
					"AISLE_PROFILE_EVENT_WEIGHTS of %q is %g: use a name of 1 to 64 bytes and -%d to %d", name, weight, maxWeight,
					maxWeight,
				),
			)
		}
	}
	for _, name := range c.UntrainedChannels {
		if !profileapi.ValidChannel(name) {
			problems = append(problems, fmt.Errorf(
				"AISLE_PROFILE_UNTRAINED_CHANNELS names %q: use some of %s", name, strings.Join(profileapi.Channels(), ", "),
			))
		}
	}
	if !(c.AffinityHalfLifeDays > 0 && c.AffinityHalfLifeDays <= maxRetentionDays) {
		problems = append(
			problems,
			fmt.Errorf(
				"AISLE_PROFILE_AFFINITY_HALF_LIFE_DAYS is %g: use more than 0 and at most %d", c.AffinityHalfLifeDays, maxRetentionDays,
			),
		)
	}
	if c.MaxImportBytes < 1 {
		problems = append(problems, fmt.Errorf("AISLE_PROFILE_MAX_IMPORT_BYTES is %d: use at least 1", c.MaxImportBytes))
	}
	return errors.Join(problems...)
}

// retention returns how long a shop keeps events.
func (c Config) retention(shop string) time.Duration {
	days := c.RetentionDays
	if own, ok := c.ShopRetentionDays[shop]; ok {
		days = own
	}
	return time.Duration(days) * day
}

// halfLife is the time after which an event counts half.
func (c Config) halfLife() time.Duration { return time.Duration(c.AffinityHalfLifeDays * float64(day)) }
