package rows

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aisle-rec/aisle/shared/table"
)

// severalItems takes cells apart that name several items of an order by their ids alone: "A1, A2; A3", "A1 x2 | 3x A2". Ids and names may
// have such signs in them, so that it acts only where the caller says so, or where most of these cells consist of ids that other rows have.
type severalItems struct {
	column int
	counts *regexp.Regexp // pieces before an id, or behind it
}

// separators stand between the items of a cell.
const separators = ",;|\n"

// minLists is how many cells have to agree before a column is one of lists.
const minLists = 2

// severalItemsOf judges the column of items by the first rows; the note says what was found. A column that the caller maps to item_id is
// of single items, one that he maps to items of lists.
func severalItemsOf(p *table.Plan, sample []table.Record) (s *severalItems, note string) {
	column := p.Column("item_id")
	if column < 0 {
		column = p.Column("items")
	}
	if p.Kind != table.Events || column < 0 || p.Columns[column].How == table.Ignored {
		return nil, ""
	}
	c := &p.Columns[column]
	s = &severalItems{column: column, counts: regexp.MustCompile(
		`^(?:(\d{1,4})(?: ?[×*] ?| ?[xX] )(\S.*)|(\S.*?)(?: ?[×*] ?| [xX] ?)(\d{1,4})|(\S.*?) ?\([x×]?(\d{1,4})\))$`,
	)}
	if slices.ContainsFunc(sample, func(r table.Record) bool { return r.Raw != nil || strings.ContainsAny(clip(r.Value(column)), "[{") }) {
		return nil, "" // JSON says by itself what is a list
	}
	if c.Field == "items" && c.How == table.Mapped {
		c.How, c.Into = table.Part, "items"
		return s, ""
	}
	lists, known, example := s.judge(sample)
	switch {
	case c.How == table.Mapped || lists == 0:
		return nil, ""
	case lists >= minLists && 2*known > lists:
		if c.Field == "items" {
			c.How, c.Into = table.Part, "items"
		}
		return s, fmt.Sprintf("The column %s names several items in a cell, such as %q: they are taken apart, "+
			"since other rows have their ids. "+
			"If each cell is one item, pass --map '%s=item_id' (mapping in the API).", c.Name, example, c.Name)
	case c.Field == "items":
		return nil, ""
	}
	return nil, fmt.Sprintf("The column %s may name several items in a cell, such as %q: each cell is taken for one item. "+
		"If they are several, pass --map '%s=items' (mapping in the API).", c.Name, example, c.Name)
}

// judge counts the cells of several items by their look, and those of which each id is known: it stands alone in another row, or has a
// digit and stands in another list.
func (s *severalItems) judge(sample []table.Record) (lists, known int, example string) {
	alone, rows := map[string]bool{}, map[string]int{}
	var all [][]string
	for r := range sample {
		text := sample[r].Value(s.column)
		if sample[r].Problem != nil || text == "" {
			continue
		}
		var ids []string
		for _, l := range s.lines(text) {
			if !slices.Contains(ids, l.id) {
				ids = append(ids, l.id)
			}
		}
		for _, id := range ids {
			rows[id]++
		}
		if len(ids) == 1 {
			alone[ids[0]] = true
		} else if !slices.ContainsFunc(ids, func(id string) bool { return strings.ContainsFunc(id, unicode.IsSpace) }) {
			all = append(all, ids)
			if example == "" {
				example = clip(text)
			}
		}
	}
	for _, ids := range all {
		if !slices.ContainsFunc(ids, func(id string) bool {
			return !alone[id] && (rows[id] < 2 || !strings.ContainsFunc(id, unicode.IsDigit))
		}) {
			known++
		}
	}
	return len(all), known, example
}

// pieces is an item of a cell; count is "" where it says none.
type pieces struct{ id, count string }

// lines takes a cell apart.
func (s *severalItems) lines(text string) []pieces {
	var lines []pieces
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(separators, c) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		line := pieces{id: part}
		if m := s.counts.FindStringSubmatch(part); m != nil {
			line = pieces{m[2] + m[3] + m[5], m[1] + m[4] + m[6]}
		}
		lines = append(lines, line)
	}
	return lines
}

// severalLines returns the items of a row with a cell of several, or with pieces beside the id; nil for a row that is read as others are.
func (w *objectWriter) severalLines() []any {
	s := w.b.cells
	if s == nil || w.b.plan.Columns[s.column].How == table.Ignored {
		return nil
	}
	c := &w.b.plan.Columns[s.column]
	read := s.lines(c.Say(w.rec.Value(s.column)))
	if len(read) == 0 || len(read) == 1 && read[0].count == "" && c.Field == "item_id" {
		return nil
	}
	lines := make([]any, 0, len(read))
	for _, l := range read {
		line := map[string]any{"item_id": l.id}
		if n, err := strconv.Atoi(l.count); err == nil {
			line["quantity"] = n
		}
		lines = append(lines, line)
	}
	w.beside(read, lines)
	return lines
}

// beside gives the lines the quantities and prices that stand in other columns of the row, where these have as many values as the cell has
// items; a single value is that of a single item, else nobody knows whose it is.
func (w *objectWriter) beside(read []pieces, lines []any) {
	for _, field := range [...]string{"quantity", "price"} {
		at := w.b.plan.Column(field)
		if at < 0 || w.b.plan.Columns[at].How == table.Ignored || w.rec.Value(at) == "" || field == "quantity" && read[0].count != "" {
			continue
		}
		c, text := &w.b.plan.Columns[at], w.rec.Value(at)
		values := []string{text}
		if len(lines) > 1 {
			for _, separator := range separators {
				if values = split(text, string(separator)); len(values) == len(lines) {
					break
				}
			}
		}
		numbers := make([]float64, 0, len(values))
		for _, v := range values {
			if amount, why := c.Numbers.Parse(v); why == "" {
				numbers = append(numbers, amount.Value)
			}
		}
		if len(numbers) != len(lines) {
			w.out.Warnings = append(w.out.Warnings, Warning{"whose_value", c.Name, text,
				"The row has several items and not as many values here: they are left out, since nothing tells whose they are."})
			continue
		}
		for i := range lines {
			lines[i].(map[string]any)[field] = numbers[i]
		}
	}
}
