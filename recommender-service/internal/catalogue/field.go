package catalogue

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// AttributePrefix begins the name of a field that a shop defines itself.
const AttributePrefix = "attributes."

// Field returns a field of the item by its name in the API, and whether the item has it. Costs and margins are not among them.
func (it *Item) Field(name string) (any, bool) {
	src := it.Source
	switch name {
	case "item_id":
		return it.ID, true
	case "title":
		return src.Title, src.Title != ""
	case "description":
		return src.Description, src.Description != ""
	case "category_path":
		return src.CategoryPath, len(src.CategoryPath) > 0
	case "category":
		return profileapi.CategoryValue(src.CategoryPath), len(src.CategoryPath) > 0
	case "brand":
		return src.Brand, src.Brand != ""
	case "price":
		return deref(src.Price)
	case "sale_price":
		return deref(src.SalePrice)
	case "currency":
		return src.Currency, src.Currency != ""
	case "stock":
		return src.Stock, src.Stock != nil
	case "status":
		return src.Status, src.Status != ""
	case "tags":
		return src.Tags, len(src.Tags) > 0
	case "image_url":
		return src.ImageURL, src.ImageURL != ""
	case "url":
		return src.URL, src.URL != ""
	case "language":
		return src.Language, src.Language != ""
	case "countries":
		return src.Countries, len(src.Countries) > 0
	case "gtin":
		return src.GTIN, src.GTIN != ""
	case "parent_id":
		return src.ParentID, src.ParentID != ""
	case "published_at":
		return src.PublishedAt, !src.PublishedAt.IsZero()
	case "attributes":
		return src.Attributes, len(src.Attributes) > 0
	}
	if key, ok := strings.CutPrefix(name, AttributePrefix); ok {
		v, ok := src.Attributes[key]
		return v, ok
	}
	return nil, false
}

func deref(v *float64) (any, bool) {
	if v == nil {
		return nil, false
	}
	return *v, true
}

// ReturnableFields lists the fields that an answer can carry, beside attributes.
func ReturnableFields() []string {
	return []string{
		"title", "description", "category_path", "category", "brand", "price", "sale_price", "currency", "stock", "status", "tags", "image_url", "url", "language",
		"countries", "gtin", "parent_id", "published_at", "attributes",
	}
}
