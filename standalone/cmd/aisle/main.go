// Command aisle runs the whole recommendation backend in one process and holds its command line tools.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/aisle-rec/aisle/standalone/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Execute(ctx, cli.Called(os.Args), os.Stdout, os.Stderr))
}
