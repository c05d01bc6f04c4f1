package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/table/locale"
)

// What became of a column.
const (
	Named     = "named"     // it has the name of a field
	Usual     = "known"     // it has a usual word for a field
	Mapped    = "mapped"    // the caller said so
	Attribute = "attribute" // no field takes it: it becomes an attribute of the item or user
	Property  = "property"  // no field takes it: it becomes a property of the event
	Ignored   = "ignored"   // it is left out
	Part      = "part"      // it goes into a field together with others
)

// PlanOptions are what the caller says about the columns of a file. Names of columns are
// compared without case and outer blanks. All may be empty.
type PlanOptions struct {
	Mapping    map[string]string            // column to field
	Ignore     []string                     // columns
	Set        map[string]string            // field to the value of every row
	MapValues  map[string]map[string]string // field to value in the file to value
	Decimal    string                       // "." or ","
	DateFormat string                       // as locale.ParseDateFormat reads it
	Timezone   string                       // IANA name
	JSON       bool                         // columns are members of JSON objects, so that fields may be objects themselves
}

// Column is one column of a file and the field that it fills.
type Column struct {
	Name    string
	Field   string // "" when it is left out
	Into    string // of a part: the field that it goes into
	How     string // one of the words above: Named, Usual and so on
	Shape   Shape
	Numbers *locale.Numbers   // nil: no number
	Times   *locale.Times     // nil: no time
	Values  map[string]string // to say instead of a value in the file
	Person  bool              // it is left out because it says who a person is
}

// Plan pairs the columns of a file with fields. Columns are in the order of the file. Its
// columns learn while they read, so that a plan is for one file and one goroutine.
type Plan struct {
	Kind    Kind
	Columns []Column

	o        PlanOptions
	fields   []Field
	byWord   map[string][]int // indices of fields, by the names and words of columns
	rank     map[string]int   // of a word within its fields: the smaller is preferred
	taken    map[string]bool  // fields that a column fills
	layout   string           // of DateFormat, in the form of package time; "": none was given
	location *time.Location   // of Timezone; nil: none was given
}

// NewPlan pairs columns with fields: as the options say, else by name, else by a usual word; of two columns for one field the better word
// wins. An error names the option that cannot be used.
func NewPlan(kind Kind, columns []string, o PlanOptions) (*Plan, error) {
	p := &Plan{Kind: kind, o: o, fields: Fields(kind), byWord: map[string][]int{}, rank: map[string]int{}, taken: map[string]bool{}}
	if err := p.readOptions(); err != nil {
		return nil, err
	}
	for i, f := range p.fields {
		if strings.HasSuffix(f.Name, ".*") {
			continue
		}
		for n, w := range append([]string{letters(strings.ToLower(f.Name))}, f.Words...) {
			if n == 0 && f.Shape == Document && !o.JSON && f.Name == "stock" {
				continue // a column of a text table is a number of pieces
			}
			if !slices.Contains(p.byWord[w], i) {
				p.byWord[w] = append(p.byWord[w], i)
				if f.Part != "" { // a part never takes a column from a field
					n++
				}
				p.rank[f.Name+"\x00"+w] = n
			}
		}
	}
	if err := p.checkNames(columns); err != nil {
		return nil, err
	}
	p.Add(columns)
	return p, nil
}

// readOptions judges the options that need no columns.
func (p *Plan) readOptions() (err error) {
	if p.o.Decimal != "" && p.o.Decimal != "." && p.o.Decimal != "," {
		return fmt.Errorf("decimal is %.20q, want . or ,", p.o.Decimal)
	}
	if p.o.DateFormat != "" {
		if p.layout, err = locale.ParseDateFormat(p.o.DateFormat); err != nil {
			return err
		}
	}
	if p.o.Timezone != "" {
		if p.location, err = time.LoadLocation(p.o.Timezone); err != nil {
			return fmt.Errorf("the time zone %.40q is not known: use an IANA name such as Europe/Berlin", p.o.Timezone)
		}
	}
	return nil
}

// FieldOf finds a field of a kind by its name; category stands for category_path. A name such
// as attributes.colour or translations.de.title gives the field of the group under that name.
func FieldOf(kind Kind, name string) (Field, bool) {
	if kind == Items && name == "category" {
		name = "category_path"
	}
	group, rest, dotted := strings.Cut(name, ".")
	for _, f := range Fields(kind) {
		if f.Name == name {
			return f, true
		}
		if dotted && f.Name == group+".*" && (rest != "" && group != "translations" || translationName(rest)) {
			f.Name = name
			return f, true
		}
	}
	return Field{}, false
}

// fieldNames lists the names of the fields of a kind.
func fieldNames(kind Kind) string {
	var names []string
	for _, f := range Fields(kind) {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// checkNames finds options that name columns or fields that do not exist.
func (p *Plan) checkNames(columns []string) error {
	exists := func(name string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return sameColumn(c, name) })
	}
	for _, column := range slices.Sorted(maps.Keys(p.o.Mapping)) {
		if _, ok := FieldOf(p.Kind, p.o.Mapping[column]); !ok {
			return fmt.Errorf(
				"the mapping names %.64q, which is no field of %s: fields are %s", p.o.Mapping[column], p.Kind, fieldNames(p.Kind),
			)
		}
		if !exists(column) {
			return fmt.Errorf(
				"the mapping names the column %.64q, which the file does not have: its columns are %s", column, strings.Join(columns, ", "),
			)
		}
	}
	for _, column := range p.o.Ignore {
		if !exists(column) {
			return fmt.Errorf("the column %.64q to ignore is not in the file: its columns are %s", column, strings.Join(columns, ", "))
		}
	}
	for _, field := range slices.Sorted(maps.Keys(p.o.Set)) {
		if _, ok := FieldOf(p.Kind, field); !ok {
			return fmt.Errorf("set names %.64q, which is no field of %s: fields are %s", field, p.Kind, fieldNames(p.Kind))
		}
	}
	for _, field := range slices.Sorted(maps.Keys(p.o.MapValues)) {
		if _, ok := FieldOf(p.Kind, field); !ok {
			return fmt.Errorf("map_values names %.64q, which is no field of %s: fields are %s", field, p.Kind, fieldNames(p.Kind))
		}
	}
	return nil
}

// sameColumn compares names of columns as people write them.
func sameColumn(column, name string) bool {
	return column == name || strings.EqualFold(strings.TrimSpace(column), strings.TrimSpace(name))
}

// Add pairs the columns of the file beyond those that are known; formats without header name more as they go.
func (p *Plan) Add(columns []string) {
	from := len(p.Columns)
	for _, name := range columns[from:] {
		p.Columns = append(p.Columns, Column{Name: name})
	}
	fresh := p.Columns[from:]
	for i := range fresh {
		p.decided(&fresh[i])
	}
	p.byPreference(fresh)
	for i := range fresh {
		c := &fresh[i]
		if c.How == "" {
			p.leftOver(c)
		}
		p.prepare(c)
	}
}

// decided settles what the options say.
func (p *Plan) decided(c *Column) {
	for column, field := range p.o.Mapping {
		if sameColumn(c.Name, column) {
			f, _ := FieldOf(p.Kind, field) // it was checked
			c.Field, c.Shape, c.How = f.Name, f.Shape, Mapped
			p.taken[f.Name] = true
		}
	}
	for _, column := range p.o.Ignore {
		if sameColumn(c.Name, column) {
			c.How = Ignored
		}
	}
}

// byPreference gives each field the column with the best word for it: first columns that have a
// field's own name, then the fields in their order, each with its columns from the best word to
// the least. The whole header counts before what Word leaves of it: "Price (tax incl.)" before
// "Price (net)". Parts of a field may have several columns, fields have one.
func (p *Plan) byPreference(columns []Column) {
	type offer struct{ column, field, rank int }
	var offers []offer
	for i := range columns {
		if columns[i].How != "" {
			continue
		}
		full, short := letters(strings.ToLower(columns[i].Name)), Word(columns[i].Name)
		for n, w := range []string{full, short} {
			if n == 1 && short == full {
				break
			}
			for _, f := range p.byWord[w] {
				if p.meansOther(p.fields[f].Name, full) {
					continue
				}
				if w == "reference" && (p.fields[f].Name == "order_id") != p.overview(columns) {
					continue
				}
				offers = append(offers, offer{i, f, p.rank[p.fields[f].Name+"\x00"+w] + 2*n})
			}
		}
		for n, w := range spelled(p.Kind, columns[i].Name) {
			for _, f := range p.byWord[w] {
				if strings.Contains(spelledFields, " "+p.fields[f].Name+" ") {
					offers = append(offers, offer{i, f, p.rank[p.fields[f].Name+"\x00"+w] + spelledRank + n})
				}
			}
		}
	}
	// Its own name comes before a usual word, and that before one in another spelling.
	own := func(o offer) int { return min(o.rank, 1) + o.rank/spelledRank }
	slices.SortStableFunc(offers, func(a, b offer) int {
		return cmp.Or(cmp.Compare(own(a), own(b)), cmp.Compare(a.field, b.field), cmp.Compare(a.rank, b.rank))
	})
	for _, o := range offers {
		c, f := &columns[o.column], &p.fields[o.field]
		if c.How != "" || p.taken[f.Name] && f.Part == "" {
			continue
		}
		c.Field, c.Shape, c.How = f.Name, f.Shape, Usual
		if o.rank == 0 {
			c.How = Named
		}
		if f.Part != "" {
			c.How, c.Into = Part, f.Part
		}
		p.taken[f.Name] = true
	}
}

// spelledRank is what the rank of a word in another spelling is greater by: no field has as many words.
const spelledRank = 1000

// unwanted reports whether a column that no field takes is left out: what carriers and tax offices want to know of an item, and what the
// service itself sets, as an export has it.
func (p *Plan) unwanted(name string) bool {
	switch p.Kind {
	case Interactions:
		return true
	case Events:
		return false
	case Items:
		if strings.HasPrefix(name, "shipping.") || strings.HasPrefix(name, "tax.") {
			return true
		}
	}
	return p.o.JSON && (name == "version" || name == "created_at" || name == "updated_at")
}

// leftOver makes an attribute or a property of a column.
func (p *Plan) leftOver(c *Column) {
	if p.unwanted(c.Name) {
		c.How = Ignored
		return
	}
	if field := p.translation(c.Name); field != "" && !p.taken[field] {
		c.Field, c.How, c.Shape = field, Usual, Text
		p.taken[field] = true
		return
	}
	if p.Kind == Events && aboutPeople(c.Name) {
		c.How, c.Person = Ignored, true
		return
	}
	c.Field, c.How, c.Shape = "attributes."+c.Name, Attribute, Text
	if p.Kind == Events {
		c.Field, c.How = "properties."+c.Name, Property
	}
	if f, ok := FieldOf(p.Kind, c.Name); ok && !p.taken[f.Name] { // attributes.colour
		c.Field, c.How, c.Shape = f.Name, Named, f.Shape
		p.taken[f.Name] = true
	}
}

// prepare gives a column what reads its values.
func (p *Plan) prepare(c *Column) {
	if c.Shape == "" {
		c.Shape = Text
	}
	switch c.Shape {
	case Number, Money:
		c.Numbers = &locale.Numbers{}
		if p.o.Decimal != "" {
			c.Numbers.Decimal = p.o.Decimal[0]
		}
	case Moment:
		c.Times = &locale.Times{Zone: p.location, Layout: p.layout}
	}
	for field, values := range p.o.MapValues {
		if f, _ := FieldOf(p.Kind, field); f.Name == c.Field && c.Field != "" {
			c.Values = values
		}
	}
}

// Learn lets the columns judge their numbers and times by some records, before the first is
// read: "1,299" in the first row may be told by "19,99" in the tenth.
func (p *Plan) Learn(records []Record) {
	for i := range p.Columns {
		c := &p.Columns[i]
		if c.Numbers == nil && c.Times == nil {
			continue
		}
		for r := range records {
			text := records[r].Value(i)
			switch {
			case text == "":
			case c.Numbers != nil:
				c.Numbers.Learn(text)
			default:
				c.Times.Learn(text)
			}
		}
	}
}

// Column returns the index of the first column that fills a field, −1 when none does.
func (p *Plan) Column(field string) int {
	return slices.IndexFunc(p.Columns, func(c Column) bool { return c.Field == field })
}

// Spare returns the index of the first column that no field takes although it has a usual word for this one, which a better column fills;
// −1 when there is none.
func (p *Plan) Spare(field string) int {
	return slices.IndexFunc(p.Columns, func(c Column) bool {
		return (c.How == Property || c.How == Attribute || c.Person) &&
			slices.ContainsFunc(p.byWord[Word(c.Name)], func(f int) bool { return p.fields[f].Name == field })
	})
}

// Fills reports whether a column or a set value fills a field.
func (p *Plan) Fills(field string) bool { return p.Column(field) >= 0 || p.o.Set[field] != "" }

// Location returns the zone of times without one.
func (p *Plan) Location() *time.Location {
	if p.location == nil {
		return time.UTC
	}
	return p.location
}

// Say returns what stands for a value of the column: the caller's word for it, in any case,
// else itself.
func (c *Column) Say(value string) string {
	if c.Values == nil {
		return value
	}
	if said, ok := c.Values[value]; ok {
		return said
	}
	for from, said := range c.Values {
		if strings.EqualFold(from, value) {
			return said
		}
	}
	return value
}

// Detail says what was found out about the values of the column, "" when nothing.
func (c *Column) Detail() string {
	switch {
	case c.Numbers != nil && c.Numbers.Mark() == ',':
		return "decimal comma"
	case c.Numbers != nil && c.Numbers.Mixed():
		return "decimal points and commas"
	case c.Times != nil && c.Times.Order() != "":
		return c.Times.Order()
	}
	return ""
}

// Part reports whether the column goes into a field together with others.
func (c *Column) Part() bool { return c.How == Part }

// Share takes over what the columns of another plan for the same file have learned.
func (p *Plan) Share(other *Plan) {
	for i := range p.Columns {
		if i < len(other.Columns) {
			p.Columns[i].Numbers, p.Columns[i].Times = other.Columns[i].Numbers, other.Columns[i].Times
		}
	}
}
