package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// tailPoll is how often tail asks for new events when the last answer had none.
const tailPoll = time.Second

// newEventsCommand reads events by GET /v1/events of the profile-service; nothing here stores
// any.
func newEventsCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(
		c, "events", "Search stored events, and watch them come in", newEventsSearchCommand(c), newEventsTailCommand(c),
		newEventsStatsCommand(c),
	)
}

// eventFilter are the flags that select events. An empty one selects nothing out; all that are
// given must hold. The service reads the two times and says what is wrong with them.
type eventFilter struct{ user, session, eventType, item, from, to string }

func (f *eventFilter) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.user, "user", "", "of this user")
	flags.StringVar(&f.session, "session", "", "of this session")
	flags.StringVar(&f.eventType, "type", "", "of this type, such as purchase")
	flags.StringVar(&f.item, "item", "", "of this item")
	flags.StringVar(&f.from, "from", "", "not before this time, RFC 3339 or a date")
	flags.StringVar(&f.to, "to", "", "before this time")
}

// query returns the parameters of GET /v1/events for the flags that were given.
func (f *eventFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"user_id": f.user, "session_id": f.session, "type": f.eventType, "item_id": f.item, "from": f.from, "to": f.to,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// latestEvents asks for one page; the cursor of the next is not followed.
func latestEvents(ctx context.Context, c *terminal.Connection, q url.Values) ([]profileapi.StoredEvent, error) {
	page, err := httpclient.JSON[profileapi.Page[profileapi.StoredEvent]](ctx, c.HTTP(), http.MethodGet, "/v1/events", q, nil)
	return page.Items, err
}

func newEventsSearchCommand(c *terminal.Connection) *cobra.Command {
	var f eventFilter
	var limit int
	cmd := &cobra.Command{
		Use: "search", Short: "List stored events, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := f.query()
			q.Set("limit", fmt.Sprint(limit))
			events, err := latestEvents(cmd.Context(), c, q)
			return terminal.Show(cmd, c, events, err, printEvents)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "number of events, up to 1,000")
	return cmd
}

// printEvents prints a line for each event: time in UTC, type, visitor, items and the order's
// id.
func printEvents(w io.Writer, events []profileapi.StoredEvent) {
	for n := range events {
		e := &events[n]
		// A view is about one item, a purchase about several lines, and a search about none.
		items := []string{e.ItemID}
		for _, line := range e.Items {
			items = append(items, line.ItemID)
		}
		items = slices.DeleteFunc(items, func(id string) bool { return id == "" })
		fmt.Fprintf(
			w, "%s  %-16s %-20s %-30s %s\n", e.OccurredAt.Format(time.DateTime), e.Type, e.UserID+e.SessionID, strings.Join(items, " "),
			e.OrderID,
		)
	}
}

// newEventsTailCommand begins behind the last event that is stored, of whatever kind, and from
// there on asks for what has come since by its sequence number. Pages follow each other at once
// until one is empty, so that it keeps up with a shop that posts more than a page in a second.
func newEventsTailCommand(c *terminal.Connection) *cobra.Command {
	var f eventFilter
	cmd := &cobra.Command{
		Use: "tail", Short: "Print events as they are stored, until Ctrl-C", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, q := cmd.Context(), f.query()
			latest, err := latestEvents(ctx, c, url.Values{"limit": {"1"}})
			if err != nil {
				return err
			}
			seq := int64(0)
			if len(latest) > 0 {
				seq = latest[0].Seq
			}
			q.Set("order", "asc")
			tick := time.NewTicker(tailPoll)
			defer tick.Stop()
			for {
				q.Set("after_seq", fmt.Sprint(seq))
				events, err := latestEvents(ctx, c, q)
				if err != nil {
					return err
				}
				if len(events) > 0 {
					seq = events[len(events)-1].Seq
					if err := terminal.Show(cmd, c, events, nil, printEvents); err != nil {
						return err
					}
					continue
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-tick.C:
				}
			}
		},
	}
	f.register(cmd)
	return cmd
}

// newEventsStatsCommand asks GET /v1/stats/events for the time that the service takes when none
// is named. Without --json it prints the total alone, not the hours.
func newEventsStatsCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "Count what was received: by type, duplicates, rejections and warnings by code", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stats, err := httpclient.JSON[profileapi.EventStats](cmd.Context(), c.HTTP(), http.MethodGet, "/v1/stats/events", nil, nil)
			return terminal.Show(cmd, c, stats, err, func(w io.Writer, s profileapi.EventStats) { terminal.PrintJSON(w, s.Total) })
		},
	}
}
