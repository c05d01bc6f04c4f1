// Package cli is the command line of the aisle binary: one file per command, no domain logic.
//
// A command returns an error; Execute prints it as one line on standard error and exits with 1.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/process"
)

// Execute runs the command line args and returns the process exit code: 0 done, 1 failed, or what the command says of its own.
func Execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintf(stderr, "aisle: %s\n", process.OneLine(explained(err)))
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "aisle",
		Short:         "Self-hosted recommendations for storefronts",
		Version:       process.Build(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetGlobalNormalizationFunc(otherNames)
	root.AddCommand(newServeCommand(), newDemoCommand(), newImportCommand(), newImportsCommand(), newEventsCommand(),
		newRecommendCommand(), newRulesCommand(),
		newScenariosCommand(), newRecomputeCommand(), newModelsCommand(), newJobsCommand(), newSchedulesCommand(), newEvaluateCommand(),
		newTuneCommand(),
		newKeysCommand(), newAuditCommand(), newMCPCommand(), newGatewayCommand(), newHealthCommand(), newDoctorCommand(),
		newBackupCommand(), newRestoreCommand())
	root.AddCommand(programs()...)
	return root
}
