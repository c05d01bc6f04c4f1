package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/aisle-rec/aisle/shared/profileapi"
	tables "github.com/aisle-rec/aisle/shared/table"
)

// printDryRun shows what became of the columns, and the first rows as they would be stored, a
// JSON object on each line. Files whose records have no columns show rows only.
func printDryRun(w io.Writer, state profileapi.Import) {
	if len(state.Columns) > 0 {
		columns := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		for _, c := range state.Columns {
			field := c.Field
			if field == "" {
				field = "left out"
			}
			fmt.Fprintf(columns, "  %s\t→ %s\t%s\t%s\n", c.Column, field, howText(c.How), c.Detail)
		}
		_ = columns.Flush() // to the screen
	}
	if len(state.Preview) > 0 {
		fmt.Fprintln(w, "The first rows as they are stored:")
	}
	for _, row := range state.Preview {
		// Go's JSON escapes these three for pages; on a terminal a title should look as it does
		// in the file.
		fmt.Fprintf(w, "  %s\n", strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(row)))
	}
}

// howText says in words how a column came to its field; "" for a way that needs none.
func howText(how string) string {
	return map[string]string{
		tables.Named: "by its name", tables.Usual: "a usual word", tables.Mapped: "as you said", tables.Attribute: "no field: an attribute",
		tables.Property: "no field: a property",
		tables.Part:     "together with others", tables.Ignored: "",
	}[how]
}

// printOutcome prints notes, counts and a line for each kind of warning with its count and an
// example. The last line names the import, which aisle imports undo and show take.
func printOutcome(w io.Writer, state profileapi.Import) {
	for _, note := range state.Notes {
		fmt.Fprintln(w, note)
	}
	fmt.Fprintf(
		w, "%s: %d rows, %d accepted, %d duplicates, %d rejected", state.State, state.Rows, state.Accepted, state.Duplicates,
		state.Rejected,
	)
	if state.Spec.DryRun {
		fmt.Fprint(w, " (dry run: nothing was stored)")
	}
	if state.Archived > 0 {
		fmt.Fprintf(w, ", %d archived that the file lacks", state.Archived)
	}
	fmt.Fprintln(w)
	for _, warning := range state.Warnings {
		place := ""
		if warning.Column != "" {
			place = " in " + warning.Column
		}
		if warning.Example != "" {
			place += fmt.Sprintf(", such as %q", warning.Example)
		}
		if warning.Line > 0 {
			place += fmt.Sprintf(" (line %d)", warning.Line)
		}
		fmt.Fprintf(w, "warning: %d × %s%s: %s\n", warning.Count, warning.Code, place, warning.Detail)
	}
	fmt.Fprintf(w, "import %s", state.ImportID)
	if state.Warned > 0 {
		var parts []string
		for _, warning := range state.Warnings {
			parts = append(parts, fmt.Sprintf("%d %s", warning.Count, warning.Code))
		}
		fmt.Fprintf(w, ": %d rows with warnings (%s)", state.Warned, strings.Join(parts, ", "))
	}
	fmt.Fprintln(w)
}
