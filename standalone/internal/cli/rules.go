package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newRulesCommand has the rules that hold in all scenarios, below /v1/rules of the
// recommender-service.
func newRulesCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(
		c, "rules", "List, make and remove merchandising rules", newRulesListCommand(c), newRulesPutCommand(c), newRulesRemoveCommand(c),
	)
}

// newRulesListCommand lists the rules of scenarios as well, each with the scenario that it
// belongs to. The state is the service's: whether the rule's times let it act at this moment.
func newRulesListCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules of all placements: whether each acts now, and on how many items", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := listRules(cmd.Context(), c)
			return terminal.Show(cmd, c, rules, err, func(w io.Writer, list []recommenderapi.ListedRule) {
				var rows [][]string
				for _, r := range list {
					where := r.ScenarioID
					if where == "" {
						where = "(all)"
					}
					rows = append(rows, []string{where, r.Rule.RuleID, r.Rule.Action, r.State, fmt.Sprint(r.Items), r.Rule.Title})
				}
				terminal.Table(w, "SCENARIO\tRULE\tACTION\tSTATE\tITEMS\tTITLE", rows)
			})
		},
	}
}

// listRules reads all rules, however many pages they take.
func listRules(ctx context.Context, c *terminal.Connection) (rules []recommenderapi.ListedRule, err error) {
	for query := (url.Values{}); ; {
		page, err := httpclient.JSON[profileapi.Page[recommenderapi.ListedRule]](ctx, c.HTTP(), http.MethodGet, "/v1/rules", query, nil)
		if err != nil {
			return nil, err
		}
		rules = append(rules, page.Items...)
		if page.NextCursor == nil {
			return rules, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
}

// newRulesPutCommand makes or replaces a rule by PUT /v1/rules/{id}. With --file the document
// may not stand beside other flags than --where, --from and --until, which are put into it. The
// service checks the rule and answers on how many items it acts, with warnings about those that
// it cannot reach.
func newRulesPutCommand(c *terminal.Connection) *cobra.Command {
	var r recommenderapi.Rule
	var file, where, from, until string
	cmd := &cobra.Command{
		Use: "put RULE", Short: "Make or change a rule that holds in all placements", Args: cobra.ExactArgs(1),
		Long: `Put makes or changes a rule that holds in all placements. The rules of one placement are part of its ` +
			`document: aisle scenarios show and put.`,
		Example: `  aisle rules put no-gift-cards --action hide --item GIFT-10
  aisle rules put sale --action boost --factor 1.5 --where brand=Ora --until 2026-12-24
  aisle rules put new-in --file rule.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file != "" {
				var err error
				if r, err = terminal.Body[recommenderapi.Rule](cmd, file); err != nil {
					return err
				}
			}
			var err error
			if r.Where, err = condition(r.Where, where); err != nil {
				return err
			}
			if r.From, err = flagTime("--from", from, r.From); err != nil {
				return err
			}
			if r.Until, err = flagTime("--until", until, r.Until); err != nil {
				return err
			}
			saved, err := httpclient.JSON[recommenderapi.SavedRule](
				cmd.Context(), c.HTTP(), http.MethodPut, "/v1/rules/"+url.PathEscape(args[0]), nil, r,
			)
			return terminal.Show(cmd, c, saved, err, func(w io.Writer, s recommenderapi.SavedRule) {
				fmt.Fprintf(w, "%s is about %d items now\n", s.RuleID, s.Items)
				for _, warning := range s.Warnings {
					fmt.Fprintf(w, "warning: %s: %s\n", warning.Pointer, warning.Detail)
				}
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&file, "file", "", "the rule as a JSON document; - reads standard input")
	flags.StringVar(&r.Action, "action", "", "hide, pin, boost, bury, filter or limit_per")
	flags.StringVar(&r.ItemID, "item", "", "the item of hide, pin, boost or bury")
	flags.StringVar(&where, "where", "", "the items that it is about: FIELD=VALUE, or a condition as JSON")
	flags.Float64Var(&r.Factor, "factor", 0, "of boost (above 1) and bury (below 1)")
	flags.IntVar(&r.Position, "position", 0, "of pin, from 1")
	flags.StringVar(&r.Field, "field", "", "of limit_per: category, brand or attributes.NAME")
	flags.IntVar(&r.Max, "max", 0, "of limit_per")
	flags.StringVar(&from, "from", "", "acts from then: RFC 3339 or a date")
	flags.StringVar(&until, "until", "", "acts until then")
	flags.StringVar(&r.Title, "title", "", "a name for people")
	for _, of := range []string{"action", "item", "factor", "position", "field", "max", "title"} {
		cmd.MarkFlagsMutuallyExclusive("file", of)
	}
	return cmd
}

// condition reads FIELD=VALUE, whose value is text, or a condition as JSON; present is kept
// when the flag is not given. Whether field and value fit each other the service says.
func condition(present *recommenderapi.Condition, text string) (*recommenderapi.Condition, error) {
	if text == "" {
		return present, nil
	}
	c := &recommenderapi.Condition{}
	if text[0] == '{' {
		if err := json.Unmarshal([]byte(text), c); err != nil {
			return nil, fmt.Errorf("--where is not a condition such as {\"field\":\"price\",\"op\":\"lt\",\"value\":20}: %w", err)
		}
		return c, nil
	}
	for at, r := range text {
		if r == '=' && at > 0 {
			c.Field, c.Value = text[:at], text[at+1:]
			return c, nil
		}
	}
	return nil, fmt.Errorf("--where %q is neither FIELD=VALUE nor a condition as JSON", text)
}

// flagTime reads a time of a flag; present is kept when it is not given. flag is named in the
// error.
func flagTime(flag, text string, present wire.Time) (wire.Time, error) {
	if text == "" {
		return present, nil
	}
	t, err := wire.ParseTime(text)
	if err != nil {
		return t, fmt.Errorf("%s: %w", flag, err)
	}
	return t, nil
}

// newRulesRemoveCommand prints nothing when it is done; an id that no rule has is the service's
// 404.
func newRulesRemoveCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "remove RULE", Short: "Remove a rule that holds in all placements", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.HTTP().Call(cmd.Context(), http.MethodDelete, "/v1/rules/"+url.PathEscape(args[0]), nil, nil, nil)
		},
	}
}
