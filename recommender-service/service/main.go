package service

import (
	"context"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// Main runs the service as a process of its own and returns its exit code; args are what follows its name.
func Main(args []string) int {
	build := func(ctx context.Context, c Config, d process.Deps) (httpserver.Service, error) { return New(ctx, c, d) }
	return process.Main(Name, args, "127.0.0.1:8083", "127.0.0.1:9083", build)
}
