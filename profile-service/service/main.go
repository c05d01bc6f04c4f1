package service

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// gcPercent lets the heap grow to five times what is live. The service keeps little between requests, so the default would collect garbage
// after every few megabytes. GOGC in the environment overrides it.
const gcPercent = 400

// Main runs the service as a process of its own and returns its exit code; args are what follows its name.
func Main(args []string) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	build := func(ctx context.Context, c Config, d process.Deps) (httpserver.Service, error) { return New(ctx, c, d) }
	return process.Main(Name, args, "127.0.0.1:8081", "127.0.0.1:9081", build)
}
