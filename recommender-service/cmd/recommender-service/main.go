// Command recommender-service runs the recommender-service as a process of its own; its settings come from the environment (see
// service.Config and process.Settings).
package main

import (
	"os"

	"github.com/aisle-rec/aisle/recommender-service/service"
)

func main() { os.Exit(service.Main(os.Args[1:])) }
