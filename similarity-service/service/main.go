package service

import (
	"context"
	"os"
	"strings"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// Main runs the service as a process of its own and returns its exit code; args are what follows its name, such as --role worker.
func Main(args []string) int {
	build := func(ctx context.Context, c Config, d process.Deps) (httpserver.Service, error) { return New(ctx, c, d) }
	return process.Main(Name, takeRole(args), "127.0.0.1:8082", "127.0.0.1:9082", build)
}

// takeRole takes --role worker, or --role=worker, for AISLE_ROLE=worker, and returns the other arguments.
func takeRole(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "--role") {
		return args
	}
	role, given := strings.CutPrefix(args[0], "--role=")
	rest := args[1:]
	if !given && args[0] == "--role" && len(rest) > 0 {
		role, given, rest = rest[0], true, rest[1:]
	}
	if !given {
		return args
	}
	os.Setenv("AISLE_ROLE", role) // a name without NUL: it cannot fail
	return rest
}
