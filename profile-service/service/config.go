package service

import "errors"

// Config are the settings of the profile-service.
type Config struct {
	// DatabaseURL is postgres://... or sqlite:///path/file.db.
	DatabaseURL string `env:"AISLE_PROFILE_DATABASE_URL"`
}

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	if c.DatabaseURL == "" {
		return errors.New("AISLE_PROFILE_DATABASE_URL is not set: give it postgres://user:password@host:5432/profile or sqlite:///path/profile.db")
	}
	return nil
}
