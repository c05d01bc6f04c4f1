// Command profile-service runs the profile-service as a process of its own; its settings come from the environment (see service.Config and
// process.Settings).
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// gcPercent lets the heap grow to five times what is live. The service keeps little between requests, so the default would collect garbage
// after every few megabytes. GOGC in the environment overrides it.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	build := func(ctx context.Context, c service.Config, d process.Deps) (httpserver.Service, error) {
		return service.New(ctx, c, d)
	}
	os.Exit(process.Main(service.Name, "127.0.0.1:8081", "127.0.0.1:9081", build))
}
