package catalogue

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// AttributePrefix begins the name of a field that a shop defines itself.
const AttributePrefix = "attributes."

// Field returns a field of the item by its name in the API, and whether the item has it. Costs
// and margins are not among them: what it returns may be sent to a page. Lists are shared with
// the replica: nobody may change them.
func (it *Item) Field(name string) (any, bool) {
	src := it.Source
	switch name {
	case "item_id":
		return it.ID, true
	case "title":
		return src.Title, src.Title != ""
	case "description":
		return src.rare.description, src.rare.description != ""
	case "category_path":
		return src.CategoryPath, len(src.CategoryPath) > 0
	case "category":
		return profileapi.CategoryValue(src.CategoryPath), len(src.CategoryPath) > 0
	case "brand":
		return src.Brand, src.Brand != ""
	case "price":
		return known(src.price, src.hasPrice)
	case "sale_price":
		return known(src.sale, src.hasSale)
	case "currency":
		return src.Currency, src.Currency != ""
	case "stock":
		return src.Stock, src.Stock != nil
	case "status":
		return src.Status, src.Status != ""
	case "tags":
		return src.Tags, len(src.Tags) > 0
	case "image_url":
		return src.rare.imageURL, src.rare.imageURL != ""
	case "url":
		return src.rare.url, src.rare.url != ""
	case "language":
		return src.rare.language, src.rare.language != ""
	case "countries":
		return src.rare.countries, len(src.rare.countries) > 0
	case "gtin":
		return src.rare.gtin, src.rare.gtin != ""
	case "aliases":
		return src.rare.aliases, len(src.rare.aliases) > 0
	case "parent_id":
		return src.rare.parentID, src.rare.parentID != ""
	case "published_at":
		return it.published(), src.hasPublished
	case "attributes":
		return src.attributeMap(), len(src.attributes) > 0
	}
	if key, ok := strings.CutPrefix(name, AttributePrefix); ok {
		return src.attribute(key)
	}
	return nil, false
}

// known is a number that may be missing.
func known(v float64, ok bool) (any, bool) {
	if !ok {
		return nil, false
	}
	return v, true
}

// ReturnableFields lists the fields that an answer can carry, beside attributes.
func ReturnableFields() []string {
	return []string{
		"title", "description", "category_path", "category", "brand", "price", "sale_price", "price_range", "currency", "stock", "status",
		"tags", "image_url", "url", "language",
		"countries", "gtin", "aliases", "parent_id", "published_at", "attributes",
	}
}
