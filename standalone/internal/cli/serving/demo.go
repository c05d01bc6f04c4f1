package serving

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
	"github.com/aisle-rec/aisle/standalone/internal/demo"
	"github.com/aisle-rec/aisle/standalone/internal/demoshop"
)

// NewDemoCommand is serve with a data folder of its own, on which package demo then imports,
// recomputes and asks. It takes all flags of serve. The steps in order: open ports and stores,
// serve in the background, run the demo against the app's own clients, print, and serve on
// until Ctrl-C.
func NewDemoCommand() *cobra.Command {
	var f serveFlags
	var user string
	var exit, asJSON, noOpen bool
	var days int
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
			o := demo.Options{UserID: user, Now: time.Now(), Days: days, URL: s.url()}
			if f.app.KeysFile == "" { // its pages use the API without a key
				shop := newDemoShop(s)
				s.shop, o.Shop = shop, shop.Stock
			}
			return runDemo(cmd, s, o, demoOutput{exit: exit, json: asJSON, open: !noOpen && !exit && !asJSON})
		},
	}
	f.register(cmd.Flags())
	// The demo must not write into the folder of a real server, and its printout should not
	// drown in log lines. Both the text of --help and the value have to be set.
	for name, value := range map[string]string{"data": "aisle-demo-data", "log-level": slog.LevelWarn.String()} {
		flag := cmd.Flags().Lookup(name)
		flag.DefValue = value
		if err := flag.Value.Set(value); err != nil {
			panic(err) // a default that its own flag refuses: a mistake in this file
		}
	}
	cmd.Flags().StringVar(&user, "user", "17850", "the customer to recommend for")
	cmd.Flags().IntVar(&days, "days", 0, "import only the orders of the last so many days; 0 for all")
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "do not open the shop and the console in a browser")
	cmd.Flags().BoolVar(&exit, "exit", false, "stop after the printout")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document on standard output")
	return cmd
}

// demoOutput says what becomes of a demo that has run: whether the program ends behind the
// printout, prints JSON instead of text, and opens the pages in a browser.
type demoOutput struct{ exit, json, open bool }

// newDemoShop returns the demo shop, whose visitors can be some of the data set's customers:
// the one of the printout and four more with long histories.
func newDemoShop(s *server) *demoshop.Shop {
	c := s.app.Clients()
	return demoshop.New(
		demoshop.Aisle{Profile: c.Profile, Similarity: c.Similarity, Recommender: c.Recommender},
		[]string{"17850", "14911", "12748", "15311", "13089"}, s.logger,
	)
}

// runDemo serves in the background, shows the demo and then goes on serving. It returns when
// the server has ended, with the server's own error where both failed.
func runDemo(cmd *cobra.Command, s *server, o demo.Options, out demoOutput) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.run(ctx) }()

	progress := terminal.NewProgress(cmd.ErrOrStderr())
	o.Progress = progress.Report
	result, err := demo.Run(ctx, s.app.Clients(), o)
	progress.End()
	if err != nil {
		stop()
		// The demo fails as well when the server under it ends: then the server's error is the
		// cause.
		if serveErr := <-served; serveErr != nil {
			return serveErr
		}
		return err
	}
	if out.json {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		// Reasons and titles are read by people; the output is not put into a page.
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(result)
	} else {
		printDemo(cmd.OutOrStdout(), result, s.url(), s.shop != nil)
	}
	if out.exit || err != nil {
		stop()
	} else {
		if out.open && s.shop != nil {
			openBrowser(s.url()+demoshop.Root+"/", s.url()+"/console/")
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "\nServing until Ctrl-C.")
	}
	if serveErr := <-served; err == nil {
		err = serveErr
	}
	return err
}

// printDemo prints what the demo did and what can be tried next. url is the address of the API;
// shop says whether the demo shop is served.
func printDemo(w io.Writer, r *demo.Result, url string, shop bool) {
	i := r.Imported
	fmt.Fprintf(
		w, "Imported %d items and %d orders and refunds from %d order lines (%s);\n", i.Items, i.Events+i.Duplicates, i.OrderLines,
		i.Source,
	)
	fmt.Fprintf(
		w,
		"%d lines are postage, fees or corrections. Times were moved by %d days, so that the last order is "+
			"today.\nCategories were told from words of the titles.\n\n",
		i.LeftOut, i.ShiftedDays,
	)
	fmt.Fprintf(w, "For customer %s:\n", r.UserID)
	printRecommended(w, r.Recommendations)
	fmt.Fprintf(w, "\nSimilar to %s:\n", demo.ItemID)
	printNeighbours(w, r.Similar)
	fmt.Fprintf(w, "\nBought together with %s:\n", demo.ItemID)
	printNeighbours(w, r.BoughtTogether)
	fmt.Fprintf(w, "\nAfter the event %s %s of customer %s, at once:\n", r.Event.Type, r.Event.ItemID, r.UserID)
	printRecommended(w, r.After)
	fmt.Fprintf(w, "\n%.0f s in all: import %.1f, recompute %.1f.\n", r.Seconds["total"], r.Seconds["import"], r.Seconds["recompute"])
	fmt.Fprintln(w)
	if shop {
		fmt.Fprintf(w, "Shop         %s%s/   click on products: the lists follow, and the panel says why\n", url, demoshop.Root)
	} else {
		fmt.Fprintln(w, "Shop         none with --keys-file: its pages use the API without a key")
	}
	fmt.Fprintf(w, "Console      %s/console/\n", url)
	fmt.Fprintf(w, `API          %[1]s/v1   reference %[1]s/reference
Try:
  curl -s %[1]s/v1/recommendations -H 'Content-Type: application/json' \
    -d '{"scenario":"home.for_you","user_id":"%[2]s","limit":3,"explain":"reasons"}'
  curl -s '%[1]s/v1/similarities/%[3]s?limit=3'
  curl -s %[1]s/v1/events -H 'Content-Type: application/json' -d '{"type":"view_item","user_id":"%[2]s","item_id":"%[3]s"}'
`, url, r.UserID, demo.ItemID)
}

// printRecommended numbers the items of a list from 1, each with its score and its reasons.
func printRecommended(w io.Writer, list []demo.Recommended) {
	for n, i := range list {
		fmt.Fprintf(w, "  %d. %-8s %-38s %9.4f  %s\n", n+1, i.ItemID, i.Title, i.Score, strings.Join(i.Reasons, "; "))
	}
}

// printNeighbours does the same for neighbours, which have no reasons.
func printNeighbours(w io.Writer, list []demo.Neighbour) {
	for n, i := range list {
		fmt.Fprintf(w, "  %d. %-8s %-38s %9.4f\n", n+1, i.ItemID, i.Title, i.Score)
	}
}
