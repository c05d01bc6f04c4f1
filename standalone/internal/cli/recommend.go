package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newRecommendCommand asks POST /v1/recommendations, or with --why POST
// /v1/recommendations/explain. The deadline of two seconds is longer than that of a page: who
// looks by hand wants the whole answer rather than a fast one.
func newRecommendCommand() *cobra.Command {
	var server, key, why string
	var asJSON bool
	request := recommenderapi.Request{Fields: []string{"title"}, Explain: "reasons", DeadlineMS: 2000}
	cmd := &cobra.Command{
		Use:   "recommend SCENARIO",
		Short: "Ask a running service what a placement shows, or why an item is or is not in it",
		Example: `  aisle recommend home.for_you --user 17850
  aisle recommend product_detail.similar --item 85123A
  aisle recommend home.for_you --user 17850 --why 22423`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request.Scenario = args[0]
			client := recommenderapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server, Key: key}))
			request.Test = true // a look at the list is no visit
			out := cmd.OutOrStdout()
			if why != "" {
				e, err := client.Explain(cmd.Context(), recommenderapi.ExplainRequest{Request: request, ItemID: why})
				return terminal.Printed(out, asJSON, e, err, printExplanation)
			}
			a, err := client.Recommend(cmd.Context(), request)
			if err := terminal.Printed(out, asJSON, a, err, printAnswer); err != nil {
				return err
			}
			remark(cmd, request, &a)
			return nil
		},
	}
	flags := cmd.Flags()
	terminal.AddressFlags(flags, &server, &key)
	flags.StringVar(&request.UserID, "user", "", "the visitor")
	flags.StringVar(&request.SessionID, "session", "", "the visitor's session")
	flags.StringSliceVar(&request.ContextItems, "item", nil, "item of the page; several by commas")
	flags.StringSliceVar(&request.Cart, "cart", nil, "items in the cart, by commas")
	flags.StringVar(&request.Category, "category", "", `category of the page, its path joined by " > "`)
	flags.StringVar(&request.Q, "query", "", "words of a search, for placements such as search.for_query")
	flags.IntVar(&request.Limit, "limit", 10, "number of items")
	flags.StringVar(&why, "why", "", "explain one item: why it is in the list, or which stage dropped it")
	flags.BoolVar(&asJSON, "json", false, "print the answer as the API sends it")
	return cmd
}

// remark says on standard error what makes a list empty or everybody's though the command was answered: what the answer warns of, such as
// ids that the catalogue lacks, and a visitor of whom nothing is known. Otherwise a mistyped id looks like a bad recommendation.
func remark(cmd *cobra.Command, r recommenderapi.Request, a *recommenderapi.Answer) {
	say := func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
	for _, w := range a.Warnings {
		say("%s: %s", strings.TrimPrefix(w.Pointer, "/"), w.Detail)
	}
	if r.UserID+r.SessionID != "" && a.Freshness.LastEventID == "" && len(a.Degraded) == 0 {
		say("Nothing is known of this visitor, or he refused personalisation: the list is what anybody is shown.")
	}
	if len(a.Items)+len(a.Rows) == 0 {
		say("The list is empty: --why ITEM names what keeps an item out.")
	}
}

// printAnswer prints a line for each item, of a page of rows below what the row is about, then
// the sources that did not help and the id that an explanation or a click can name.
func printAnswer(w io.Writer, a recommenderapi.Answer) {
	printItems(w, a.Items)
	for _, row := range a.Rows {
		fmt.Fprintln(w, strings.TrimSpace(row.Kind+": "+row.Title+" "+row.ItemID+row.Value))
		if b := row.Bundle; b != nil {
			fmt.Fprintf(w, "     in %d orders, %.1f times as often as by chance", b.Support, b.Lift)
			if b.Price != nil {
				fmt.Fprintf(w, ", %.2f %s together", *b.Price, b.Currency)
			}
			fmt.Fprintln(w)
		}
		printItems(w, row.Items)
	}
	if len(a.Degraded) > 0 {
		fmt.Fprintf(w, "could not help: %s\n", strings.Join(a.Degraded, ", "))
	}
	fmt.Fprintln(w, "recommendation_id", a.RecommendationID)
}

// printItems prints a line for each item: position, id, title, score, tier and reasons.
func printItems(w io.Writer, items []recommenderapi.RecommendedItem) {
	for _, item := range items {
		title, _ := item.Fields.Get("title").(string)
		reasons := make([]string, len(item.Reasons))
		for n, r := range item.Reasons {
			reasons[n] = strings.TrimSpace(r.Code + " " + r.ItemID + r.Value)
		}
		fmt.Fprintf(
			w, "%3d  %-16s %-40.40s %8.4f  %-9s %s\n", item.Position, item.ItemID, title, item.Score, item.Tier,
			strings.Join(reasons, ", "),
		)
	}
}

// printExplanation prints at which stage an item is or was dropped, and what its score is made
// of: the contributions, which sum to the base score, and the boosts that were applied to it in
// order.
func printExplanation(w io.Writer, e recommenderapi.ExplainAnswer) {
	fmt.Fprintf(w, "%s: %s. %s\n", e.ItemID, e.Stage, e.Detail)
	// An item of the list carries its own explanation; one that was dropped has it beside the
	// stage.
	explanation := e.Explanation
	if e.Item != nil {
		fmt.Fprintf(w, "position %d, score %v, tier %s\n", e.Item.Position, e.Item.Score, e.Item.Tier)
		explanation = e.Item.Explanation
	}
	if explanation == nil {
		return
	}
	for _, c := range explanation.Contributions {
		fmt.Fprintf(w, "  %-24s %-16s %-14s %+.6f\n", c.Source, c.SeedItemID+c.Category, c.EventType, c.Value)
	}
	fmt.Fprintf(w, "  base score %v\n", explanation.BaseScore)
	for _, b := range explanation.Boosts {
		fmt.Fprintf(w, "  %-24s × %g gives %v\n", b.Source, b.Factor, b.After)
	}
}
