// Package cli is the command line of the aisle binary: one file per command, no domain logic. Commands that run a server are in package
// serving, those that measure models in package evaluation.
//
// A command reads its flags, calls the typed clients of a running service or a package of this
// module, and prints what comes back: for people by default, as JSON with --json. What it
// prints is on standard output; progress and questions are on standard error. A command returns
// an error; Execute prints it as one line on standard error and exits with 1. Package terminal has
// what the commands share, and rules.go is a good one to read first.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/standalone/internal/cli/evaluation"
	"github.com/aisle-rec/aisle/standalone/internal/cli/serving"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// interrupted is the exit code of a command that Ctrl-C ended before it was done, as shells have it.
const interrupted = 130

// endless are the commands that run until they are stopped, so that Ctrl-C is how they end well.
var endless = []string{"serve", "demo", "gateway", "mcp", "tail"}

// Execute runs the command line args, without the program's name, and returns the process exit
// code: 0 done, 1 failed, 130 ended by ctx before it was done, as by Ctrl-C, or what the command
// says of its own. Standard input is that of the process.
func Execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	ran, err := root.ExecuteContextC(ctx)
	if stopped := errors.Is(err, context.Canceled) && ctx.Err() != nil; err == nil || stopped && slices.Contains(endless, ran.Name()) {
		return 0
	} else if stopped {
		fmt.Fprintln(stderr, "aisle: interrupted")
		return interrupted
	}
	var code terminal.ExitCode
	if errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintf(stderr, "aisle: %s\n", process.OneLine(terminal.Explained(err)))
	return 1
}

// newRoot makes the tree of commands anew for each call, so that tests do not share flags.
// Errors and usage are silent in cobra: Execute prints the error once, and a wrong flag needs
// no page of help.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "aisle",
		Short:         "Self-hosted recommendations for storefronts",
		Version:       process.Build(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetGlobalNormalizationFunc(terminal.OtherNames)
	root.AddCommand(serving.NewServeCommand(), serving.NewDemoCommand(), newImportCommand(), newImportsCommand(), newEventsCommand(),
		newRecommendCommand(), newRulesCommand(),
		newScenariosCommand(), newRecomputeCommand(), newModelsCommand(), newJobsCommand(), newSchedulesCommand(),
		evaluation.NewEvaluateCommand(), evaluation.NewTuneCommand(),
		newKeysCommand(), newAuditCommand(), newMCPCommand(), serving.NewGatewayCommand(), newHealthCommand(), newDoctorCommand(),
		newBackupCommand(), newRestoreCommand())
	root.AddCommand(programs()...)
	saysHowItIsCalled(root)
	return root
}

// saysHowItIsCalled has the commands below cmd refuse words that they do not take, and say what they take. By itself cobra prints the help
// of a group whose sub-command is unknown and ends well, so that a script goes on as if something had been done.
func saysHowItIsCalled(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() {
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) == 0 {
					return c.Help()
				}
				return fmt.Errorf("unknown command %q for %q: use one of %s", args[0], c.CommandPath(), strings.Join(names(c), ", "))
			}
			c.Args, c.DisableFlagsInUseLine = cobra.ArbitraryArgs, true
			saysHowItIsCalled(c)
		} else if takes := c.Args; takes != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := takes(c, args); err != nil {
					return fmt.Errorf("%w; it is called %q", err, c.UseLine())
				}
				return nil
			}
		}
	}
}

// names are the sub-commands of a command.
func names(cmd *cobra.Command) (all []string) {
	for _, c := range cmd.Commands() {
		all = append(all, c.Name())
	}
	return all
}
