package cli

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/standalone/internal/agents"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newMCPCommand runs package agents on standard input and output until the program that started
// it closes them. Standard output belongs to the protocol: nothing else may be printed there.
func newMCPCommand() *cobra.Command {
	var c terminal.Connection
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Let an assistant use a running service through the Model Context Protocol",
		Long: `Mcp speaks the Model Context Protocol on standard input and output, for programs that start their tools
themselves. Its tools read and change nothing: recommend, similar_items, bought_together, search_items, get_item, why,
list_placements, placement_report and models. What the key may not, they may not.

A running "aisle serve" answers the same over HTTP at /mcp.`,
		Example: `  aisle mcp --server https://recommend.example --key sk_…`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return agents.Server(c.HTTP(), process.Version()).Run(cmd.Context(), &mcp.StdioTransport{})
		},
	}
	terminal.AddressFlags(cmd.Flags(), &c.Server, &c.Key)
	return cmd
}
