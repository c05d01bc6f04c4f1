package imports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// wooCSV converts a product export of WooCommerce. Items are named by ID, or by SKU where there is none.
func wooCSV(columns []string) (func(record) []row, error) {
	if err := needColumns(columns, "name", "type"); err != nil {
		return nil, err
	}
	pointers := map[string]string{"/item_id": "id", "/title": "name", "/price": "regular price", "/parent_id": "parent", "/category_path": "categories", "/image_url": "images"}
	ids := map[string]string{} // by SKU, of the products so far: a parent comes before its variations
	return func(r record) []row {
		if r.values == nil {
			return nil
		}
		item := wooItem(r)
		id := r.get("id")
		if id == "" {
			id = r.get("sku")
		}
		item["item_id"] = id
		if sku := r.get("sku"); sku != "" && r.get("type") == "variable" {
			ids[sku] = id
		}
		if parent := r.get("parent"); parent != "" {
			if known, ok := ids[parent]; ok {
				parent = known
			}
			item["parent_id"] = strings.TrimPrefix(parent, "id:")
		}
		return []row{{line: r.line, object: encode(item), columns: pointers}}
	}, nil
}

func wooItem(r record) map[string]any {
	item := map[string]any{"title": r.get("name"), "description": r.get("description")}
	if item["description"] == "" {
		item["description"] = r.get("short description")
	}
	if categories := split(r.get("categories"), ","); len(categories) > 0 {
		item["category_path"] = split(categories[0], ">")
	}
	if tags := split(r.get("tags"), ","); len(tags) > 0 {
		item["tags"] = tags
	}
	if images := split(r.get("images"), ","); len(images) > 0 {
		item["image_url"] = images[0]
	}
	for field, column := range map[string]string{"brand": "brands", "gtin": "gtin, upc, ean, or isbn"} {
		if v := r.get(column); v != "" {
			item[field] = v
		}
	}
	if r.get("published") == "0" || r.get("published") == "-1" {
		item["status"] = profileapi.ItemHidden
	}
	money(item, "price", r.get("regular price"))
	money(item, "sale_price", r.get("sale price"))
	wooStock(item, r)
	attributes := map[string]any{}
	for n := 1; ; n++ {
		name := r.get(fmt.Sprintf("attribute %d name", n))
		if name == "" {
			break
		}
		if values := split(r.get(fmt.Sprintf("attribute %d value(s)", n)), ","); len(values) > 0 {
			attributes[name] = values
		}
	}
	if len(attributes) > 0 {
		item["attributes"] = attributes
	}
	return item
}

func wooStock(item map[string]any, r record) {
	in := r.get("in stock?")
	if in == "" {
		return
	}
	stock := map[string]any{"status": profileapi.OutOfStock}
	switch in {
	case "1":
		stock["status"] = profileapi.InStock
	case "backorder":
		stock["status"] = profileapi.Backorder
	}
	if quantity, err := strconv.ParseFloat(r.get("stock"), 64); err == nil {
		stock["quantity"] = quantity
	}
	item["stock"] = stock
}
