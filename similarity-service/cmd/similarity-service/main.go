// Command similarity-service runs the similarity-service as a process of its own; its settings come from the environment (see
// service.Config and process.Settings).
package main

import (
	"context"
	"os"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/similarity-service/service"
)

func main() {
	build := func(ctx context.Context, c service.Config, d process.Deps) (httpserver.Service, error) {
		return service.New(ctx, c, d)
	}
	os.Exit(process.Main(service.Name, "127.0.0.1:8082", "127.0.0.1:9082", build))
}
