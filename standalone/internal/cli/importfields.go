package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	tables "github.com/aisle-rec/aisle/shared/table"
)

// fieldHelp lists the fields of each kind with an example, from the table that the reader
// itself uses: the help cannot name a field that is not read.
func fieldHelp() string {
	var b strings.Builder
	for _, kind := range []tables.Kind{tables.Items, tables.Events, tables.Users} {
		fmt.Fprintf(&b, "Fields of %s, with an example:\n", kind)
		w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
		for _, f := range tables.Fields(kind) {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", f.Name, f.Example, f.Doc)
		}
		_ = w.Flush() // into memory
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// fieldTables are the same as tables in Markdown, for docs/importing.md, which a test compares
// with them.
func fieldTables() string {
	var b strings.Builder
	for _, kind := range []tables.Kind{tables.Items, tables.Events, tables.Users, tables.Interactions} {
		title := string(kind)
		if kind == tables.Interactions {
			title = "interactions (of aisle evaluate)"
		}
		fmt.Fprintf(&b, "### Fields of %s\n\n| field | example | meaning | header words, beside its name |\n|---|---|---|---|\n", title)
		for _, f := range tables.Fields(kind) {
			fmt.Fprintf(
				&b, "| `%s` | `%s` | %s | %s |\n", f.Name, strings.ReplaceAll(f.Example, "|", `\|`), strings.ReplaceAll(f.Doc, "|", `\|`),
				strings.Join(f.Words, ", "),
			)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
