package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newRecomputeCommand starts a job by POST /v1/jobs and waits for it. Where a recompute of the
// shop is running already, the service answers as it does to every caller; nothing is decided
// here.
func newRecomputeCommand() *cobra.Command {
	var server, key string
	var request similarityapi.JobRequest
	cmd := &cobra.Command{
		Use:   "recompute",
		Short: "Make new models from all events so far; Ctrl-C cancels",
		Long: `Recompute starts a job in a running service and follows it. Each new model is measured on events that
it has not seen and goes live only when it passes the gate; the printout says what became of each relation and why.
The exit code is 1 when the model of a relation was refused.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := similarityapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server, Key: key}))
			job, err := client.StartJob(cmd.Context(), request)
			if err != nil {
				return fmt.Errorf("start the recompute: %w", err)
			}
			progress := terminal.NewProgress(cmd.ErrOrStderr())
			job, err = client.WaitForJob(cmd.Context(), job.JobID,
				func(j similarityapi.Job) { progress.Report(j.Stage, int(j.Progress*100), 100) })
			progress.End()
			if err != nil {
				return err
			}
			return printOutcomes(cmd.OutOrStdout(), job)
		},
	}
	flags := cmd.Flags()
	terminal.AddressFlags(flags, &server, &key)
	flags.StringSliceVar(&request.Relations, "relations", nil, "similar, bought_together, viewed_next; all when not given")
	flags.StringVar(&request.Publish, "publish", "gate", "never, gate or always")
	flags.StringVar(&request.Reason, "reason", "", "why the gate is overruled, with --publish always")
	flags.Float64Var(
		&request.BudgetSeconds, "search-seconds", 0, "CPU seconds for the search of parameters, per relation; the server's setting when 0",
	)
	flags.StringSliceVar(&request.Algorithms, "algorithms", nil, "only these compete; one alone is taken whatever the others reach")
	flags.Uint64Var(&request.Seed, "seed", 0, "seed of every random draw")
	return cmd
}

// printOutcomes says what became of each relation, with the algorithms that competed for it. It
// is an error when a relation has no new model, so that a script that makes models notices it.
func printOutcomes(w io.Writer, job similarityapi.Job) error {
	// A job's result is free JSON, which depends on its kind. These are the members of a
	// recompute that are printed.
	var outcomes []struct {
		Relation, State, Version, Detail string
		Leaderboard                      []struct {
			Algorithm string
			NDCG      float64 `json:"validation_ndcg"`
		}
	}
	data, err := json.Marshal(job.Result["relations"])
	if err == nil {
		err = json.Unmarshal(data, &outcomes)
	}
	if err != nil {
		return fmt.Errorf("read the job's result: %w", err)
	}
	var refused []string
	for _, o := range outcomes {
		fmt.Fprintf(w, "%-16s %-10s %s %s\n", o.Relation, o.State, o.Version, o.Detail)
		if o.State == "refused" || o.State == "failed" {
			refused = append(refused, o.Relation)
		}
		for _, l := range o.Leaderboard {
			fmt.Fprintf(w, "    %-18s NDCG@20 on validation %.4f\n", l.Algorithm, l.NDCG)
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("no new model of %s: the live one stays; see above why, or aisle models list", strings.Join(refused, ", "))
	}
	return nil
}
