package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// table is what the benchmark prints: a line per figure, with what is asked of it and what the bare handler got.
type table struct {
	heading []string
	rows    [][4]string
	remarks []string
}

func (t *table) add(what, asked, got, bare string) {
	t.rows = append(t.rows, [4]string{what, asked, got, bare})
	note("%s: %s%s", what, got, map[bool]string{true: " (bare gin " + bare + ")"}[bare != ""])
}

func (t *table) print(w io.Writer) error {
	for _, line := range t.heading {
		fmt.Fprintln(w, line)
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "\nfigure\tasked\tgot\tbare gin")
	for _, r := range t.rows {
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3])
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, line := range t.remarks {
		fmt.Fprintln(w, line)
	}
	return nil
}
