package imports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// shopifyCSV converts a product export of Shopify. The first line of a handle is the product; every line with a SKU is a variant of it, unless the
// product has only one.
func shopifyCSV(columns []string) (func(record) []row, error) {
	if err := needColumns(columns, "handle", "title"); err != nil {
		return nil, err
	}
	pointers := map[string]string{"/item_id": "handle", "/description": "body (html)", "/brand": "vendor", "/price": "variant price", "/gtin": "variant barcode", "/image_url": "image src"}
	var held []record // the lines of one handle
	return func(r record) []row {
		if r.values != nil && (len(held) == 0 || r.get("handle") == held[0].get("handle") && len(held) < maxVariants) {
			held = append(held, r)
			return nil
		}
		rows := shopifyProduct(held, pointers)
		held = held[:0]
		if r.values != nil {
			held = append(held, r)
		}
		return rows
	}, nil
}

// maxVariants bounds the lines of one product that are held in memory.
const maxVariants = 4096

func shopifyProduct(lines []record, pointers map[string]string) []row {
	if len(lines) == 0 {
		return nil
	}
	first := lines[0]
	var variants []record
	for _, l := range lines {
		if l.get("variant sku") != "" && l.get("variant price") != "" {
			variants = append(variants, l)
		}
	}
	product := shopifyItem(first, first)
	product["item_id"] = first.get("handle")
	rows := []row{{line: first.line, object: encode(product), columns: pointers}}
	if len(variants) < 2 {
		return rows
	}
	for _, v := range variants {
		item := shopifyItem(first, v)
		item["item_id"], item["parent_id"] = strings.TrimPrefix(v.get("variant sku"), "'"), first.get("handle")
		rows = append(rows, row{line: v.line, object: encode(item), columns: pointers})
	}
	return rows
}

// shopifyItem takes what all variants share from the product's line and the rest from the variant's.
func shopifyItem(product, variant record) map[string]any {
	item := map[string]any{"title": product.get("title"), "description": product.get("body (html)"), "brand": product.get("vendor"), "image_url": product.get("image src")}
	if category := product.get("product category"); category != "" {
		item["category_path"] = split(category, ">")
	} else if kind := product.get("type"); kind != "" {
		item["category_path"] = []string{kind}
	}
	if tags := split(product.get("tags"), ","); len(tags) > 0 {
		item["tags"] = tags
	}
	item["status"] = map[string]string{"draft": profileapi.ItemHidden, "archived": profileapi.ItemArchived}[strings.ToLower(product.get("status"))]
	if strings.EqualFold(product.get("published"), "false") && item["status"] == "" {
		item["status"] = profileapi.ItemHidden
	}
	if image := variant.get("variant image"); image != "" {
		item["image_url"] = image
	}
	reducedPrice(item, variant.get("variant price"), variant.get("variant compare at price"))
	if raw := variant.get("variant inventory qty"); raw != "" && variant.get("variant inventory tracker") != "" {
		quantity, _ := strconv.ParseFloat(raw, 64)
		status := stockStatus(quantity)
		if status == profileapi.OutOfStock && variant.get("variant inventory policy") == "continue" {
			status = profileapi.Backorder
		}
		item["stock"] = map[string]any{"status": status, "quantity": quantity}
	}
	attributes := map[string]any{}
	for n := range 3 {
		name, value := product.get(fmt.Sprintf("option%d name", n+1)), variant.get(fmt.Sprintf("option%d value", n+1))
		if name != "" && value != "" && value != "Default Title" {
			attributes[name] = value
		}
	}
	if len(attributes) > 0 {
		item["attributes"] = attributes
	}
	return item
}

// reducedPrice sets price and, when the price was higher before, sale_price.
func reducedPrice(item map[string]any, now, before string) {
	price, err := strconv.ParseFloat(now, 64)
	if err != nil {
		if now != "" {
			item["price"] = now // for the decoder to refuse
		}
		return
	}
	item["price"] = price
	if old, err := strconv.ParseFloat(before, 64); err == nil && old > price {
		item["price"], item["sale_price"] = old, price
	}
}
