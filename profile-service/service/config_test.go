package service_test

import (
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/process"
)

func TestSettingsLeftOutTakeTheDefaultsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	d := process.Defaults[service.Config]()
	if d.RetentionDays != 400 || d.AffinityHalfLifeDays != 30 || d.MaxImportBytes != 4<<30 { // as docs/profile-service.md has them
		t.Errorf("defaults: %+v", d)
	}
	if err := (service.Config{DatabaseURL: "sqlite://x.db"}).Validate(); err != nil {
		t.Errorf("only the database given: %v", err)
	}
	if err := (service.Config{DatabaseURL: "sqlite://x.db", RetentionDays: -1}).Validate(); err == nil ||
		!strings.Contains(err.Error(), "AISLE_PROFILE_RETENTION_DAYS") {
		t.Errorf("a negative retention: %v", err)
	}
}
