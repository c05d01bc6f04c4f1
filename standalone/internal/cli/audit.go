package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// auditPage is how many entries are asked for at once.
const auditPage = 500

// newAuditCommand asks GET /v1/audit of the recommender-service, which puts the logs of all
// services together. The three formats are auditFormats; --limit 0 reads on to the oldest
// entry.
func newAuditCommand() *cobra.Command {
	c := &terminal.Connection{}
	var q audit.Query
	var from, to, format string
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who did what to configuration, models, keys and the data of persons, or export it", Args: cobra.NoArgs,
		Example: `  aisle audit --action scenario                          # changes of placements
  aisle audit --from 2026-01-01 --limit 0 --format csv > audit.csv`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, bound := range []struct {
				flag, text string
				at         *time.Time
			}{{"from", from, &q.From}, {"to", to, &q.To}} {
				if err := dayOrTime(bound.text, bound.at); err != nil {
					return fmt.Errorf("--%s: %w", bound.flag, err)
				}
			}
			print, ok := auditFormats()[format]
			if !ok {
				return fmt.Errorf("--format %s: use text, csv or ndjson", format)
			}
			return auditEntries(cmd.Context(), c, q, print(cmd.OutOrStdout()))
		},
	}
	c.Register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&q.Action, "action", "", "of this action, such as scenario.put, or of all that begin with it: scenario")
	flags.StringVar(&q.Actor, "actor", "", "by this key, account or part of Aisle")
	flags.StringVar(&q.Subject, "subject", "", "about this id")
	flags.StringVar(&from, "from", "", "not before this time, RFC 3339 or a date")
	flags.StringVar(&to, "to", "", "before this time")
	flags.IntVar(&q.Limit, "limit", 50, "number of entries, the newest first; 0 for all")
	flags.StringVar(&format, "format", "text", "text, csv or ndjson, which has what it was before and after")
	return cmd
}

// dayOrTime reads a moment: a date, which is its midnight in UTC, or a time of RFC 3339 with
// its offset. An empty text leaves *at as it is.
func dayOrTime(text string, at *time.Time) (err error) {
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if *at, err = time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is neither a date such as 2026-01-31 nor a time such as 2026-01-31T12:00:00Z", text)
}

// auditPrinter prints one entry, and is called once more with nil behind the last: the CSV
// writer has a buffer that must then go out.
type auditPrinter func(e *audit.Entry) error

// auditEntries prints the entries that a query selects, however many pages they take. Entries
// stream: no more than one page is in memory. It fails when a service did not answer, because a
// log with a gap that nobody notices is worse than none; what was printed before stays printed.
func auditEntries(ctx context.Context, c *terminal.Connection, q audit.Query, print auditPrinter) error {
	// left counts down to 0. With a limit of 0 it is negative after the first page, so that
	// only the missing cursor ends the loop.
	for left := q.Limit; ; {
		if q.Limit = auditPage; left > 0 {
			q.Limit = min(left, auditPage)
		}
		page, err := audit.Fetch(ctx, c.HTTP(), "/v1/audit", q)
		if err != nil {
			return terminal.Explained(err)
		}
		if len(page.Missing) > 0 {
			return fmt.Errorf("the log is not whole: %v did not answer; try again when they do", page.Missing)
		}
		for n := range page.Items {
			if err := print(&page.Items[n]); err != nil {
				return err
			}
		}
		left -= len(page.Items)
		if page.NextCursor == nil || left == 0 {
			return print(nil)
		}
		q.Below = *page.NextCursor
	}
}

// auditFormats has a printer for each value of --format. "text" is for people and leaves out
// ids; "csv" has one row for each entry; "ndjson" alone has what the thing was before and
// after.
func auditFormats() map[string]func(io.Writer) auditPrinter {
	return map[string]func(io.Writer) auditPrinter{
		// Times are printed as the service sends them, in UTC.
		"text": func(w io.Writer) auditPrinter {
			return func(e *audit.Entry) error {
				if e == nil {
					return nil
				}
				_, err := fmt.Fprintf(w, "%s  %-20s %-18s %-30s %s\n", e.At.Format(time.DateTime), e.Actor, e.Action, e.Subject, e.Outcome)
				return err
			}
		},
		"ndjson": func(w io.Writer) auditPrinter {
			lines := json.NewEncoder(w)
			return func(e *audit.Entry) error {
				if e == nil {
					return nil
				}
				return lines.Encode(e)
			}
		},
		"csv": func(w io.Writer) auditPrinter {
			rows := csv.NewWriter(w)
			// a failure stays until Flush
			_ = rows.Write([]string{"at", "actor", "actor_kind", "action", "subject", "outcome", "request_id", "id"})
			return func(e *audit.Entry) error {
				if e != nil {
					_ = rows.Write([]string{
						// A subject is text that a caller chose: wire.Cell keeps a spreadsheet
						// from taking it for a formula.
						e.At.Format(time.RFC3339Nano), e.Actor, e.ActorKind, e.Action, wire.Cell(e.Subject), e.Outcome, e.RequestID, e.ID,
					})
					return nil
				}
				rows.Flush()
				return rows.Error()
			}
		},
	}
}
