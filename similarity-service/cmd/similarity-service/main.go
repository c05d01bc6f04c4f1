// Command similarity-service runs the similarity-service as a process of its own; its settings come from the environment (see
// service.Config and process.Settings), and its role from --role as well.
package main

import (
	"os"

	"github.com/aisle-rec/aisle/similarity-service/service"
)

func main() { os.Exit(service.Main(os.Args[1:])) }
