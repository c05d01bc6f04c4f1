package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/evaluation"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newModelsCommand has the model versions of the similarity-service, below /v1/models.
func newModelsCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(c, "models", "List, compare, activate and roll back models", newModelsListCommand(c), newModelsShowCommand(c),
		newModelsReportCommand(c), newModelsCompareCommand(c), newModelsActivateCommand(c), newModelsRollbackCommand(c),
		newModelsDeleteCommand(c))
}

// newModelsListCommand prints a row for each version that is kept, live and replaced ones
// alike.
func newModelsListCommand(c *terminal.Connection) *cobra.Command {
	var relation string
	cmd := &cobra.Command{
		Use: "list", Short: "List model versions with figures and verdicts, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			models, err := c.Similarity().Models(cmd.Context(), relation)
			return terminal.Show(cmd, c, models, err, func(w io.Writer, models []similarityapi.Model) {
				rows := make([][]string, len(models))
				for n := range models {
					rows[n] = modelRow(&models[n])
				}
				terminal.Table(w, "VERSION\tSTATE\tALGORITHM\tITEMS\tNDCG@20\tVERDICT\tMADE", rows)
			})
		},
	}
	cmd.Flags().StringVar(&relation, "relation", "", "similar, bought_together or viewed_next; all when not given")
	return cmd
}

// modelRow has a cell for each column of the list. The figure is that of the train-only model
// with its 95 % interval; a dash when the version was published without one.
func modelRow(m *similarityapi.Model) []string {
	ndcg, ok := m.Metrics["ndcg@20"]
	figure := "-"
	if ok {
		figure = fmt.Sprintf("%.4f [%.4f, %.4f]", ndcg.Value, ndcg.Low, ndcg.High)
	}
	return []string{m.Version, m.State, m.Algorithm, fmt.Sprint(m.Items), figure, verdict(m.Gate), m.CreatedAt.Format(time.DateTime)}
}

// verdict is what the gate said, in a few words: the reason of who overruled it, the first
// check that a refused version fails, or the gate's own words; a dash for a version that no
// gate has seen.
func verdict(g *similarityapi.Gate) string {
	switch {
	case g == nil:
		return "-"
	case g.Forced:
		return "forced: " + g.Reason
	case !g.Passed:
		return "refused: " + g.Checks[slices.IndexFunc(g.Checks, func(c similarityapi.GateCheck) bool { return !c.Passed })].Name
	}
	return g.Verdict
}

// newModelsShowCommand prints the whole document as JSON: it has more than fits a table.
func newModelsShowCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "show VERSION", Short: "Show one version: figures, gate, preparation", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.Similarity().Model(cmd.Context(), args[0])
			return terminal.Show(cmd, c, m, err, terminal.PrintJSON)
		},
	}
}

// newModelsReportCommand prints the same report as aisle evaluate, of the recompute that made a
// version.
func newModelsReportCommand(c *terminal.Connection) *cobra.Command {
	var page string
	cmd := &cobra.Command{
		Use: "report VERSION", Short: "Show what the search behind a version tried and how well each algorithm does",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.Similarity().Report(cmd.Context(), args[0])
			if err == nil {
				err = evaluation.WritePage(page, r)
			}
			return terminal.Show(cmd, c, r, err, func(w io.Writer, r similarityapi.Report) {
				_ = evaluation.WriteReport(w, r) // as table
			})
		},
	}
	cmd.Flags().StringVar(&page, "page", "", "write it to this file as well, as one page with figures")
	return cmd
}

// newModelsCompareCommand asks the service for the comparison, which reads the lists of both
// versions.
func newModelsCompareCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "compare VERSION OTHER", Short: "Show how two versions differ: figures, list overlap, biggest movers",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := c.Similarity().Compare(cmd.Context(), args[0], args[1])
			return terminal.Show(cmd, c, answer, err, terminal.PrintJSON)
		},
	}
}

// newModelsActivateCommand makes a version live at once, whatever its age. The service refuses
// one that the gate refused unless --reason says why it should be live; the reason is kept with
// the version.
func newModelsActivateCommand(c *terminal.Connection) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "activate VERSION", Short: "Make a version the live one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.Similarity().Activate(cmd.Context(), args[0], reason)
			return terminal.Show(cmd, c, m, err, printLive)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, when the gate refused it")
	return cmd
}

// newModelsRollbackCommand takes a relation, not a version: the service knows which was live
// before.
func newModelsRollbackCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "rollback RELATION", Short: "Make the version before the live one live again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.Similarity().Rollback(cmd.Context(), args[0])
			return terminal.Show(cmd, c, m, err, printLive)
		},
	}
}

// printLive says which version is live after a change, as the service answered.
func printLive(w io.Writer, m similarityapi.Model) { fmt.Fprintf(w, "%s is %s\n", m.Version, m.State) }

// newModelsDeleteCommand prints nothing when it is done: there is nothing left to show.
func newModelsDeleteCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "delete VERSION", Short: "Delete a version that is not live", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.Similarity().DeleteModel(cmd.Context(), args[0])
		},
	}
}

// newJobsCommand has the jobs of the similarity-service, below /v1/jobs; aisle recompute starts
// one.
func newJobsCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(c, "jobs", "List, show, follow and cancel recomputes and "+
		"evaluations", newJobsListCommand(c), newJobsShowCommand(c), newJobsFollowCommand(c),
		newJobsCancelCommand(c))
}

// newJobsListCommand prints a row for each job. Progress is a fraction, shown in percent, and
// the stage is the service's own word for what the job is doing.
func newJobsListCommand(c *terminal.Connection) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List the latest jobs, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := httpclient.JSON[struct {
				Items []similarityapi.Job `json:"items"`
			}](cmd.Context(), c.HTTP(), http.MethodGet, "/v1/jobs", url.Values{"limit": {fmt.Sprint(limit)}}, nil)
			return terminal.Show(cmd, c, page.Items, err, func(w io.Writer, jobs []similarityapi.Job) {
				var rows [][]string
				for _, j := range jobs {
					rows = append(rows, []string{
						j.JobID, j.Kind, j.State, fmt.Sprintf("%.0f %%", 100*j.Progress), j.Stage, j.CreatedAt.Format(time.DateTime),
						j.Error,
					})
				}
				terminal.Table(w, "JOB\tKIND\tSTATE\tPROGRESS\tSTAGE\tBEGUN\tERROR", rows)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "number of jobs, up to 100")
	return cmd
}

// newJobsShowCommand prints the whole document: results differ with the kind of the job.
func newJobsShowCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "show JOB", Short: "Show state, progress and result of a job", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := c.Similarity().Job(cmd.Context(), args[0])
			return terminal.Show(cmd, c, j, err, terminal.PrintJSON)
		},
	}
}

// newJobsFollowCommand waits for a job that anybody started. It fails when the job does.
func newJobsFollowCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "follow JOB", Short: "Show the progress of a job until it ends; Ctrl-C cancels the job", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			progress := terminal.NewProgress(cmd.ErrOrStderr())
			j, err := c.Similarity().WaitForJob(cmd.Context(), args[0],
				func(j similarityapi.Job) { progress.Report(j.Stage, int(j.Progress*100), 100) })
			progress.End()
			return terminal.Show(cmd, c, j, err, func(w io.Writer, j similarityapi.Job) { fmt.Fprintf(w, "%s %s\n", j.JobID, j.State) })
		},
	}
}

// newJobsCancelCommand returns before the job has stopped; aisle jobs show says when it has.
func newJobsCancelCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB", Short: "Ask a job to stop; the live models stay as they are", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.Similarity().CancelJob(cmd.Context(), args[0]) },
	}
}
