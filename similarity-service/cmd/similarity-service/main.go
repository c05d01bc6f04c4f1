// Command similarity-service runs the similarity-service as a process of its own; its settings come from the environment (see
// service.Config and process.Settings), and its role from --role as well.
package main

import (
	"context"
	"os"
	"strings"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/similarity-service/service"
)

func main() {
	takeRole()
	build := func(ctx context.Context, c service.Config, d process.Deps) (httpserver.Service, error) {
		return service.New(ctx, c, d)
	}
	os.Exit(process.Main(service.Name, "127.0.0.1:8082", "127.0.0.1:9082", build))
}

// takeRole takes --role worker, or --role=worker, for AISLE_ROLE=worker.
func takeRole() {
	if len(os.Args) < 2 || !strings.HasPrefix(os.Args[1], "--role") {
		return
	}
	role, given := strings.CutPrefix(os.Args[1], "--role=")
	rest := os.Args[2:]
	if !given && os.Args[1] == "--role" && len(rest) > 0 {
		role, given, rest = rest[0], true, rest[1:]
	}
	if given {
		os.Setenv("AISLE_ROLE", role) // a name without NUL: it cannot fail
		os.Args = append(os.Args[:1], rest...)
	}
}
