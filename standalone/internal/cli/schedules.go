package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// schedulesPath is where the similarity-service has schedules.
const schedulesPath = "/v1/schedules"

// newSchedulesCommand has the schedules of the shop; the similarity-service starts the jobs.
func newSchedulesCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(c, "schedules", "List, add and remove the times at which models "+
		"are made anew", newSchedulesListCommand(c), newSchedulesAddCommand(c),
		newSchedulesRemoveCommand(c))
}

// newSchedulesListCommand prints a row for each schedule. Empty relations stand for all, and
// NEXT is in UTC.
func newSchedulesListCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the schedules", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := httpclient.JSON[profileapi.Page[similarityapi.Schedule]](
				cmd.Context(), c.HTTP(), http.MethodGet, schedulesPath, nil, nil,
			)
			return terminal.Show(cmd, c, page.Items, err, func(w io.Writer, list []similarityapi.Schedule) {
				var rows [][]string
				for _, s := range list {
					rows = append(rows, []string{
						s.ScheduleID, s.Cron, s.Request.Kind, strings.Join(s.Request.Relations, " "), s.NextAt.Format(time.DateTime),
					})
				}
				terminal.Table(w, "SCHEDULE\tCRON\tKIND\tRELATIONS\tNEXT", rows)
			})
		},
	}
}

// newSchedulesAddCommand takes a cron expression of five fields, which a shell needs quoted, or
// a word such as @daily. The service reads it, and its answer says when it is due first.
func newSchedulesAddCommand(c *terminal.Connection) *cobra.Command {
	var s similarityapi.Schedule
	cmd := &cobra.Command{
		Use: "add CRON", Short: "Make new models at the times of a cron expression, in UTC", Args: cobra.ExactArgs(1),
		Example: `  aisle schedules add "30 3 * * *"                      # every night at half past three
  aisle schedules add "0 * * * *" --relations viewed_next --touched-only`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Cron = args[0]
			kept, err := httpclient.JSON[similarityapi.Schedule](cmd.Context(), c.HTTP(), http.MethodPost, schedulesPath, nil, s)
			return terminal.Show(cmd, c, kept, err, func(w io.Writer, s similarityapi.Schedule) {
				fmt.Fprintf(w, "%s, next at %s UTC\n", s.ScheduleID, s.NextAt.Format(time.DateTime))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&s.Request.Relations, "relations", nil, "similar, bought_together, viewed_next; all when not given")
	flags.BoolVar(&s.Request.TouchedOnly, "touched-only", false, "refresh only the lists of items with new events")
	return cmd
}

// newSchedulesRemoveCommand leaves a job that the schedule has started running.
func newSchedulesRemoveCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "remove SCHEDULE", Short: "Remove a schedule", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.HTTP().Call(cmd.Context(), http.MethodDelete, schedulesPath+"/"+url.PathEscape(args[0]), nil, nil, nil)
		},
	}
}
