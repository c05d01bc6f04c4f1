// Command recommender-service runs the recommender-service as a process of its own; its settings come from the environment (see
// service.Config and process.Settings).
package main

import (
	"context"
	"os"

	"github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

func main() {
	build := func(ctx context.Context, c service.Config, d process.Deps) (httpserver.Service, error) {
		return service.New(ctx, c, d)
	}
	os.Exit(process.Main(service.Name, "127.0.0.1:8083", "127.0.0.1:9083", build))
}
