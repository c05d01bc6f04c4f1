package catalogue

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// None stands for "no item", "no category" and "no brand".
const None int32 = -1

// Item is one item of the replica, flattened to what ranking compares. It is immutable: a change of the catalogue makes a new one. What
// every check looks at comes first, for ranking waits for memory most of all.
type Item struct {
	// Index is the item's number in the shop, for the life of the process.
	Index int32
	// Head is the item that is recommended in place of this one: the product of a variant, else the item itself. Of a product without a row
	// of its own the catalogue shows an item all the same, with the id and fields of its best variant.
	Head                   int32
	PublishedMs, ExpiresMs int64
	// Price is what a visitor pays without a market; 0 when unknown.
	Price    float64
	Status   Status
	Sellable bool // in stock, or preorder or backorder
	Priced   bool // Price is known
	// Category is the narrowest category; Levels are all, broadest first. Brand and categories are numbered per shop.
	Category, Brand int32
	Parent          int32 // what the item itself names as its product, which may be an alias; its own index for none
	Levels          []int32
	Family          *Family // of a product with variants; nil for all other items

	ID        string
	Source    *Source
	Paths     []string // names of Levels
	Margin    float64  // Price less the cost; 0 when unknown
	UpdatedMs int64
}

// Status says whether an item may be shown at all.
type Status uint8

// The states of an item.
const (
	Active Status = iota
	Hidden
	Archived
)

// flatten fills in what ranking compares, in r, which compact has made of src. An item without
// a time of publication was published when it was made. The caller holds the write lock.
func (s *Shop) flatten(index int32, r *record, src *profileapi.Item) *Item {
	it := &r.item
	it.ID, it.Index, it.Head, it.Parent, it.Category, it.Brand = s.ids[index], index, index, index, None, None
	it.Sellable, it.UpdatedMs = sellable(src.Stock), src.UpdatedAt.UnixMilli()
	switch src.Status {
	case profileapi.ItemHidden:
		it.Status = Hidden
	case profileapi.ItemArchived:
		it.Status = Archived
	}
	if src.ParentID != "" && src.ParentID != it.ID {
		it.Parent = s.intern(src.ParentID)
	}
	it.Levels, it.Paths = s.names.levels(r.source.CategoryPath)
	if n := len(it.Levels); n > 0 {
		it.Category = it.Levels[n-1]
	}
	if src.Brand != "" {
		it.Brand = s.names.number(brandName, r.source.Brand)
	}
	if src.Price != nil {
		it.Price = *src.Price
	}
	if src.SalePrice != nil {
		it.Price = *src.SalePrice
	}
	it.Priced = src.Price != nil || src.SalePrice != nil
	if src.Cost != nil {
		it.Margin = it.Price - *src.Cost
	}
	if !src.PublishedAt.IsZero() {
		it.PublishedMs = src.PublishedAt.UnixMilli()
	} else if !src.CreatedAt.IsZero() {
		it.PublishedMs = src.CreatedAt.UnixMilli()
	}
	if !src.ExpiresAt.IsZero() {
		it.ExpiresMs = src.ExpiresAt.UnixMilli()
	}
	return it
}

// sellable reports whether something can be sold: without a word about its stock it can, and a
// quantity of 0 is out of stock unless the status says that it can be ordered all the same.
func sellable(stock *profileapi.Stock) bool {
	if stock == nil {
		return true
	}
	switch stock.Status {
	case profileapi.OutOfStock:
		return false
	case profileapi.Preorder, profileapi.Backorder:
		return true
	}
	return stock.Quantity == nil || *stock.Quantity > 0
}

// names numbers category paths and brands in the order in which they first appear.
type names struct {
	numbers map[nameKey]int32
	texts   []string
	// paths are the levels of every path, by the number of the narrowest: there are as many as numbers, which stay for good.
	paths map[int32]path
}

// path is a category path with the numbers of its levels and their texts.
type path struct {
	names   []string
	numbers []int32
	texts   []string
}

// levels returns the numbers and texts of the levels of a category path, shared between the items of a category.
func (n *names) levels(category []string) (numbers []int32, texts []string) {
	if len(category) == 0 {
		return nil, nil
	}
	narrowest := profileapi.CategoryValue(category)
	if known, ok := n.paths[n.find(categoryName, narrowest)]; ok && slices.Equal(known.names, category) {
		return known.numbers, known.texts
	}
	for k := range category {
		number := n.number(categoryName, profileapi.CategoryValue(category[:k+1]))
		numbers, texts = append(numbers, number), append(texts, n.texts[number])
	}
	n.paths[numbers[len(numbers)-1]] = path{category, numbers, texts}
	return numbers, texts
}

// nameKind tells categories from brands, which share the numbers.
type nameKind uint8

const (
	categoryName nameKind = iota
	brandName
)

// nameKey is a name as it is numbered; a category is its whole path, "A > B".
type nameKey struct {
	kind nameKind
	text string
}

// number returns the number of a name, a new one when it has none.
func (n *names) number(kind nameKind, text string) int32 {
	key := nameKey{kind, text}
	v, ok := n.numbers[key]
	if !ok {
		v = int32(len(n.texts))
		n.numbers[key] = v
		n.texts = append(n.texts, text)
	}
	return v
}

// find returns the number of a name; None when it was never seen.
func (n *names) find(kind nameKind, text string) int32 {
	if v, ok := n.numbers[nameKey{kind, text}]; ok {
		return v
	}
	return None
}

// like returns the first name, by text, that differs from one in case and in what stands between levels alone, or ends with it as the
// narrowest level; "" for none. It looks at all names.
func (n *names) like(kind nameKind, text string) string {
	best, rejoined := "", rejoin(text)
	for key := range n.numbers {
		if key.kind != kind || best != "" && key.text >= best {
			continue
		}
		narrowest := key.text[strings.LastIndex(key.text, levelMark)+1:]
		whole := strings.EqualFold(key.text, text) || strings.EqualFold(key.text, rejoined)
		if whole || strings.EqualFold(strings.TrimSpace(narrowest), text) {
			best = key.text
		}
	}
	return best
}

// levelMark stands between the levels of a category path.
const levelMark = ">"

// rejoin writes a path whose levels are joined otherwise, "A/B" or "A>B", as paths are written here.
func rejoin(path string) string {
	levels := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(levelMark+"/|»\\", r) })
	for n := range levels {
		levels[n] = strings.TrimSpace(levels[n])
	}
	return strings.Join(levels, " "+levelMark+" ")
}
