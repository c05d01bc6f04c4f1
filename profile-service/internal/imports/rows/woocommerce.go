package rows

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// woo makes items of a product export of WooCommerce in any language of its headers. Items are named by ID, or by SKU where there is none.
// Variations find their product by "id:64", by SKU or by ID wherever it stands, and give it their stock and price.
type woo struct {
	r        *Reader
	b        *builder
	kind     int          // the column of product types
	names    map[int]int  // from the column of an attribute's values to that of its name
	families *wooFamilies // nil while they are being gathered
}

// wooTypes are the product types, which are the same in every language.
func wooTypes() []string {
	return []string{"simple", "variable", "variation", "grouped", "external", "subscription", "variable-subscription",
		"subscription_variation", "bundle", "composite",
		"booking", "gift-card", "pw-gift-card", "auction", "product_pack", "woosb"}
}

// wooKind returns the first column whose values are all product types of WooCommerce, −1 when
// there is none. The header cannot tell: exports are in the shop's language. Empty cells and
// rows that could not be read do not speak against it.
func wooKind(sample []table.Record, columns int) int {
	for c := range columns {
		seen := 0
		for r := range sample {
			text := sample[r].Value(c)
			if text == "" || sample[r].Problem != nil {
				continue
			}
			if wooType(text) == "" {
				seen = 0
				break
			}
			seen++
		}
		if seen > 0 {
			return c
		}
	}
	return -1
}

// wooColumns reports whether a file has the columns about what is shown, as WooCommerce exports them: other programs have types called
// simple, too.
func wooColumns(columns []string) bool {
	plan, err := table.NewPlan(table.Items, columns, table.PlanOptions{})
	return err == nil && plan.Column("published") >= 0 && (plan.Column("visibility") >= 0 || plan.Column("parent_id") >= 0)
}

// wooType returns the type of a value such as "simple, downloadable, virtual", "" when it is none.
func wooType(text string) string {
	first, _, _ := strings.Cut(strings.ToLower(text), ",")
	if first = strings.TrimSpace(first); slices.Contains(wooTypes(), first) {
		return first
	}
	return ""
}

// isVariation is true of "variation" and "subscription_variation".
func isVariation(kind string) bool { return strings.HasSuffix(kind, "variation") }

// newWoo returns the source of a file of that layout; kind is −1 when it is none. Columns
// "Meta: …", in which plugins keep their own, are left out unless the caller mapped them.
func newWoo(r *Reader, b *builder) *woo {
	s := &woo{r: r, b: b, names: map[int]int{}}
	b.several = true
	s.kind = wooKind(r.table.Sample(sampleRows), len(r.table.Columns))
	if s.kind >= 0 {
		c := &r.plan.Columns[s.kind]
		c.Field, c.How, c.Shape = "", table.Part, table.Text
	}
	s.pairAttributes()
	for i := range r.plan.Columns {
		if c := &r.plan.Columns[i]; strings.HasPrefix(strings.ToLower(c.Name), "meta:") && c.How == table.Attribute {
			c.How, c.Field = table.Ignored, ""
		}
	}
	return s
}

// pairAttributes finds the columns "Attribute 1 name" and "Attribute 1 value(s)" in the
// languages of WooCommerce. Names first: a value is of use only with the name of the same
// number. The words are compared without accents and signs.
func (s *woo) pairAttributes() {
	attribute := regexp.MustCompile(`att?rib\pL*`)
	number := regexp.MustCompile(`\d+`)
	name := regexp.MustCompile(`name|nom|nome|naam|nazwa|namn|navn`)
	value := regexp.MustCompile(`value|wert|vale|valor|waarde|wartosc|varde|vaerdi|verdi`)
	byNumber := map[string]int{}
	for _, values := range []bool{false, true} {
		for i := range s.r.plan.Columns {
			c := &s.r.plan.Columns[i]
			word := table.Letters(c.Name)
			n := number.FindString(word)
			if n == "" || !attribute.MatchString(word) || c.How == table.Mapped {
				continue
			}
			rest := attribute.ReplaceAllString(word, "")
			switch {
			case !values && name.MatchString(rest) && !value.MatchString(rest):
				byNumber[n] = i
				c.Field, c.How = "", table.Part
			case values && value.MatchString(rest):
				if at, ok := byNumber[n]; ok {
					s.names[i] = at
					c.Field, c.How = "", table.Part
				}
			case !values && !value.MatchString(rest):
				c.Field, c.How = "", table.Ignored // whether it is visible or shared
			}
		}
	}
}

// describe says of the columns that are part of something what they are part of.
func (s *woo) describe(columns []profileapi.ImportColumn) {
	for i := range columns {
		if columns[i].How == table.Part && columns[i].Field == "" {
			columns[i].Field = "attributes"
			if i == s.kind {
				columns[i].Field = "parent_id"
			}
		}
	}
}

// next makes an item of each row, in the order of the file: all that it needs of other rows is
// in families.
func (s *woo) next() (Row, error) {
	rec, err := s.r.record()
	if err != nil {
		return Row{}, err
	}
	if rec.Problem != nil {
		return Row{Line: rec.Line, Bad: rec.Problem}, nil
	}
	d := s.draft(&rec)
	return d.finish(), nil
}

// draft reads one product or variation and joins it with its family.
func (s *woo) draft(rec *table.Record) *draft {
	d := s.b.draft(rec)
	if d.item["item_id"] == nil && len(d.aliases) > 0 {
		d.item["item_id"] = d.aliases[0]
	}
	for value, name := range s.names {
		if n, v := rec.Value(name), rec.Value(value); n != "" && v != "" {
			d.attributes[n] = split(strings.ReplaceAll(v, " | ", ","), ",")
		}
	}
	if s.families != nil {
		s.families.join(d, s.typeOf(rec))
	}
	return d
}

// typeOf is the product type of a record, "" for none.
func (s *woo) typeOf(rec *table.Record) string {
	if s.kind < 0 {
		return ""
	}
	return wooType(rec.Value(s.kind))
}

// maxFamilies bounds the products with variations that are held in memory.
const maxFamilies = 500_000

// wooFamilies are what the products of a file need to know of each other, gathered in a first
// reading.
type wooFamilies struct {
	ids     map[string]string  // by SKU, of products with variations
	hidden  map[string]bool    // by id
	members map[string]*family // by id of the product, or the words by which its variations name it
}

// readFamilies reads a file to its end for what its variations say about their products. It
// reads at most maxFamilies of them into memory, and is an error for the sender beyond.
func readFamilies(r *Reader) (*wooFamilies, error) {
	// it was chosen so
	s, f := r.source.(*woo), &wooFamilies{ids: map[string]string{}, hidden: map[string]bool{}, members: map[string]*family{}}
	for {
		rec, err := r.record()
		if errors.Is(err, io.EOF) {
			f.resolveParents()
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Problem != nil {
			continue
		}
		d := s.draft(&rec)
		id, _ := d.item["item_id"].(string)
		switch parent, _ := d.item["parent_id"].(string); {
		case isVariation(s.typeOf(&rec)) && parent != "":
			d.resolveSale()
			d.resolveStock()
			if f.members[parent] == nil {
				f.members[parent] = &family{}
			}
			f.members[parent].add(d)
		case strings.HasPrefix(s.typeOf(&rec), "variable"):
			f.ids[id] = id
			for _, sku := range d.aliases {
				f.ids[sku] = id
			}
			if d.status == profileapi.ItemHidden {
				f.hidden[id] = true
			}
		}
		if len(f.members) > maxFamilies || len(f.ids) > 2*maxFamilies {
			return nil, fmt.Errorf("the file has more than %d products with variations: send it in parts", maxFamilies)
		}
	}
}

// resolveParents names the families by the ids of their products. Variations of one product may name it in several ways.
func (f *wooFamilies) resolveParents() {
	named := map[string]*family{}
	for _, parent := range slices.Sorted(maps.Keys(f.members)) {
		product := f.resolve(parent)
		if named[product] == nil {
			named[product] = f.members[parent]
		} else {
			named[product].join(f.members[parent])
		}
	}
	f.members = named
}

// resolve returns the id of the product that a variation names. "id:64" is the product with the
// ID 64, else the text is a SKU, and where no product has it, an ID.
func (f *wooFamilies) resolve(parent string) string {
	if id, ok := strings.CutPrefix(parent, "id:"); ok {
		return id
	}
	if id, ok := f.ids[parent]; ok {
		return id
	}
	return parent
}

// join gives a variation its product and a product the stock and price of its variations. A
// hidden product hides its variations; a product that stands alone stays as its row says.
func (f *wooFamilies) join(d *draft, kind string) {
	parent, _ := d.item["parent_id"].(string)
	id, _ := d.item["item_id"].(string)
	switch {
	case isVariation(kind) && parent != "":
		product := f.resolve(parent)
		if f.ids[product] == "" {
			d.warn("unknown_parent", "Parent", parent, "The file has no product of this id or SKU: its variations are joined all the same.")
		}
		d.item["parent_id"] = product
		if f.hidden[product] && d.status != profileapi.ItemArchived {
			d.status = profileapi.ItemHidden
		}
	case isVariation(kind):
	default:
		delete(d.item, "parent_id") // products in a group of products are not its variants
		if members := f.members[id]; members != nil && strings.HasPrefix(kind, "variable") {
			d.resolveSale()
			members.give(d)
		}
	}
}
