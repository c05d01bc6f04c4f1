// Command migrate brings the databases of Aisle to the version that this release works with; see package command.
package main

import (
	"os"

	"github.com/aisle-rec/aisle/migrations/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
