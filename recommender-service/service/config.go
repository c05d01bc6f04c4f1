package service

import "errors"

// Config are the settings of the recommender-service.
type Config struct {
	// DatabaseURL is postgres://... or sqlite:///path/file.db.
	DatabaseURL string `env:"AISLE_RECOMMENDER_DATABASE_URL"`
	// ProfileURL and SimilarityURL are the addresses of the peers.
	ProfileURL    string `env:"AISLE_PROFILE_URL" envDefault:"http://127.0.0.1:8081"`
	SimilarityURL string `env:"AISLE_SIMILARITY_URL" envDefault:"http://127.0.0.1:8082"`
}

// Validate reports every problem of the settings at once.
func (c Config) Validate() error {
	if c.DatabaseURL == "" {
		return errors.New("AISLE_RECOMMENDER_DATABASE_URL is not set: give it postgres://user:password@host:5432/recommender or sqlite:///path/recommender.db")
	}
	return nil
}
