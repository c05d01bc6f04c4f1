package app

import (
	"context"
	"slices"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// Schemas reads the versions of the tables of all services.
func (a *App) Schemas(ctx context.Context) (all []database.Schema) {
	for _, s := range a.services {
		if d, ok := s.(httpserver.Diagnosed); ok {
			all = append(all, d.Schemas(ctx)...)
		}
	}
	return all
}

// Folders are those of all services, each once.
func (a *App) Folders() (all []string) {
	for _, s := range a.services {
		if d, ok := s.(httpserver.Diagnosed); ok {
			all = append(all, d.Folders()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
