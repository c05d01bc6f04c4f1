package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/standalone/internal/demo"
)

func newDemoCommand() *cobra.Command {
	var f serveFlags
	var user string
	var exit, asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Import a real shop's year, recompute, and show what Aisle recommends",
		Long: `Demo imports the order lines of a real shop's year (UCI Online Retail by Daqing Chen, CC BY 4.0), moved in time so that the
last order is today, recomputes the models and shows what they answer. Then it keeps serving until Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := f.start(cmd.Context(), cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return runDemo(cmd, s, demo.Options{UserID: user, Now: time.Now()}, exit, asJSON)
		},
	}
	f.register(cmd.Flags())
	for name, value := range map[string]string{"data": "aisle-demo-data", "log-level": slog.LevelWarn.String()} {
		flag := cmd.Flags().Lookup(name)
		flag.DefValue = value
		if err := flag.Value.Set(value); err != nil {
			panic(err) // a default that its own flag refuses: a mistake in this file
		}
	}
	cmd.Flags().StringVar(&user, "user", "17850", "the customer to recommend for")
	cmd.Flags().BoolVar(&exit, "exit", false, "stop after the printout")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document on standard output")
	return cmd
}

// runDemo serves in the background, shows the demo and then goes on serving.
func runDemo(cmd *cobra.Command, s *server, o demo.Options, exit, asJSON bool) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.run(ctx) }()

	progress := newProgress(cmd.ErrOrStderr())
	o.Progress = progress.report
	result, err := demo.Run(ctx, s.app.Clients(), o)
	progress.end()
	if err != nil {
		stop()
		if serveErr := <-served; serveErr != nil {
			return serveErr
		}
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(result)
	} else {
		printDemo(cmd.OutOrStdout(), result, s.url())
	}
	if exit || err != nil {
		stop()
	} else {
		fmt.Fprintln(cmd.ErrOrStderr(), "\nServing until Ctrl-C.")
	}
	if serveErr := <-served; err == nil {
		err = serveErr
	}
	return err
}

func printDemo(w io.Writer, r *demo.Result, url string) {
	i := r.Imported
	fmt.Fprintf(w, "Imported %d items and %d orders and refunds from %d order lines (%s);\n", i.Items, i.Events+i.Duplicates, i.OrderLines, i.Source)
	fmt.Fprintf(w, "%d lines are postage, fees or corrections. Times were moved by %d days, so that the last order is today.\n\n", i.LeftOut, i.ShiftedDays)
	fmt.Fprintf(w, "For customer %s:\n", r.UserID)
	printRecommended(w, r.Recommendations)
	fmt.Fprintf(w, "\nSimilar to %s:\n", demo.ItemID)
	printNeighbours(w, r.Similar)
	fmt.Fprintf(w, "\nBought together with %s:\n", demo.ItemID)
	printNeighbours(w, r.BoughtTogether)
	fmt.Fprintf(w, "\nAfter the event %s %s of customer %s, at once:\n", r.Event.Type, r.Event.ItemID, r.UserID)
	printRecommended(w, r.After)
	fmt.Fprintf(w, "\n%.0f s in all: import %.1f, recompute %.1f.\n", r.Seconds["total"], r.Seconds["import"], r.Seconds["recompute"])
	fmt.Fprintf(w, `
API          %[1]s/v1   reference %[1]s/docs
Try:
  curl -s %[1]s/v1/recommendations -H 'Content-Type: application/json' -d '{"scenario":"home.for_you","user_id":"%[2]s","limit":3,"explain":"reasons"}'
  curl -s '%[1]s/v1/similarities/%[3]s?limit=3'
  curl -s %[1]s/v1/events -H 'Content-Type: application/json' -d '{"type":"view_item","user_id":"%[2]s","item_id":"%[3]s"}'
`, url, r.UserID, demo.ItemID)
}

func printRecommended(w io.Writer, list []demo.Recommended) {
	for n, i := range list {
		fmt.Fprintf(w, "  %d. %-8s %-38s %9.4f  %s\n", n+1, i.ItemID, i.Title, i.Score, strings.Join(i.Reasons, "; "))
	}
}

func printNeighbours(w io.Writer, list []demo.Neighbour) {
	for n, i := range list {
		fmt.Fprintf(w, "  %d. %-8s %-38s %9.4f\n", n+1, i.ItemID, i.Title, i.Score)
	}
}
