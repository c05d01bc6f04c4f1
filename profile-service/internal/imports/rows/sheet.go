package rows

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// sheet reads the columns of a layout by their names, whatever the case, and remembers which it
// knows. A layout is what one program exports, such as the products of Shopify.
type sheet struct {
	index map[string]int    // by lower-case name
	used  map[string]string // the field that a column goes into; "" for one that is known and left out
}

// newSheet takes the fields that the layout's columns go into, by lower-case name; "" is left out.
func newSheet(columns []string, used map[string]string) *sheet {
	s := &sheet{index: map[string]int{}, used: used}
	for i, c := range columns {
		s.index[strings.ToLower(strings.TrimSpace(c))] = i
	}
	return s
}

// get returns the trimmed value of a column, "" when there is no such column.
func (s *sheet) get(rec *table.Record, column string) string {
	at, ok := s.index[column]
	if !ok {
		return ""
	}
	return rec.Value(at)
}

// known reports whether the layout has a meaning for a column.
func (s *sheet) known(column string) bool {
	_, ok := s.used[strings.ToLower(strings.TrimSpace(column))]
	return ok
}

// describe says what became of the columns that the layout knows, in columns. Those that the
// caller mapped himself stay as he said.
func (s *sheet) describe(columns []profileapi.ImportColumn) {
	for i := range columns {
		c := &columns[i]
		field, ok := s.used[strings.ToLower(strings.TrimSpace(c.Column))]
		switch {
		case !ok || c.How == table.Mapped:
		case field == "":
			c.Field, c.How, c.Detail = "", table.Ignored, ""
		default:
			c.Field, c.How = field, table.Part
		}
	}
}

// pointersOf inverts the meaning of columns for the error report. Of several columns for one
// field the first of the file counts.
func (s *sheet) pointersOf(columns []string) map[string]string {
	pointers := map[string]string{}
	for _, c := range slices.Backward(columns) {
		if field := s.used[strings.ToLower(strings.TrimSpace(c))]; field != "" {
			pointers["/"+strings.ReplaceAll(field, ".", "/")] = c
		}
	}
	return pointers
}
