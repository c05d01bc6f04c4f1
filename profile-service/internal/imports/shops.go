package imports

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// merchantItem makes an item of the attributes of a Google Merchant product, whose names are the same in TSV and XML.
func merchantItem(get func(string) string) map[string]any {
	item := map[string]any{}
	for field, attribute := range map[string]string{"item_id": "id", "title": "title", "description": "description", "brand": "brand", "gtin": "gtin",
		"url": "link", "image_url": "image_link", "language": "content language"} {
		if v := get(attribute); v != "" {
			item[field] = v
		}
	}
	if category := get("product_type"); category != "" {
		item["category_path"] = split(category, ">")
	} else if category := get("google_product_category"); strings.Contains(category, ">") {
		item["category_path"] = split(category, ">")
	}
	if group := get("item_group_id"); group != "" && group != get("id") {
		item["parent_id"] = group
	}
	money(item, "price", get("price"))
	money(item, "sale_price", get("sale_price"))
	money(item, "cost", get("cost_of_goods_sold"))
	if status := merchantStock(get("availability")); status != "" {
		item["stock"] = map[string]any{"status": status}
	}
	for field, attribute := range map[string]string{"published_at": "availability_date", "expires_at": "expiration_date"} {
		if t, ok := merchantTime(get(attribute)); ok {
			item[field] = t
		}
	}
	attributes := map[string]any{}
	for _, name := range []string{"color", "size", "gender", "age_group", "material", "pattern", "condition", "mpn", "custom_label_0", "custom_label_1", "custom_label_2", "custom_label_3", "custom_label_4"} {
		if v := get(name); v != "" {
			attributes[name] = v
		}
	}
	if len(attributes) > 0 {
		item["attributes"] = attributes
	}
	return item
}

// money reads "15.00 GBP" or "GBP 15.00"; the currency of the first amount is the item's. What is no amount is left for the decoder to refuse.
func money(item map[string]any, field, raw string) {
	if raw == "" {
		return
	}
	for part := range strings.FieldsSeq(raw) {
		if v, err := strconv.ParseFloat(strings.ReplaceAll(part, ",", ""), 64); err == nil {
			item[field] = v
		} else if _, has := item["currency"]; !has {
			item["currency"] = part
		}
	}
	if _, ok := item[field]; !ok {
		item[field] = raw
	}
}

func merchantStock(availability string) string {
	switch strings.ReplaceAll(strings.ToLower(availability), " ", "_") {
	case "":
		return ""
	case "in_stock":
		return profileapi.InStock
	case "preorder":
		return profileapi.Preorder
	case "backorder":
		return profileapi.Backorder
	}
	return profileapi.OutOfStock
}

// merchantTime reads ISO 8601 with any of the usual offsets, and plain dates.
func merchantTime(raw string) (string, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04-0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02"} {
		if t, err := time.Parse(layout, raw); err == nil {
			return t.UTC().Format(time.RFC3339), true
		}
	}
	return "", false
}

// merchantTSV converts records of a Google Merchant feed.
func merchantTSV(columns []string) (func(record) []row, error) {
	if err := needColumns(columns, "id", "title"); err != nil {
		return nil, err
	}
	pointers := map[string]string{"/item_id": "id", "/url": "link", "/image_url": "image_link", "/category_path": "product_type", "/parent_id": "item_group_id", "/currency": "price"}
	return func(r record) []row {
		if r.values == nil {
			return nil
		}
		return []row{{line: r.line, object: encode(merchantItem(r.get)), columns: pointers}}
	}, nil
}

func needColumns(columns []string, needed ...string) error {
	for _, name := range needed {
		if !slices.Contains(columns, name) {
			return fmt.Errorf("the file has no column %q; its columns are %s", name, strings.Join(columns, ", "))
		}
	}
	return nil
}

// merchantXML reads the items of an RSS or the entries of an Atom feed.
type merchantXML struct{ decoder *xml.Decoder }

func (s *merchantXML) next() (row, error) {
	for {
		token, err := s.decoder.Token()
		if err != nil {
			return row{}, xmlError(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "item" && start.Name.Local != "entry" {
			continue
		}
		line, _ := s.decoder.InputPos()
		attributes, err := s.attributes(start.Name.Local)
		if err != nil {
			return row{}, xmlError(err)
		}
		return row{line: int64(line), object: encode(merchantItem(func(name string) string { return strings.TrimSpace(attributes[name]) }))}, nil
	}
}

func xmlError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("the file is not XML: %w", err)
}

// attributes reads the child elements up to the end of the item; texts of a repeated product_type are not joined, the first one counts.
func (s *merchantXML) attributes(end string) (map[string]string, error) {
	values := map[string]string{}
	name, depth := "", 0
	var content strings.Builder
	for {
		token, err := s.decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				name = token.Name.Local
				content.Reset()
			}
			for _, a := range token.Attr { // Atom has <link href="..."/>
				if a.Name.Local == "href" {
					content.WriteString(a.Value)
				}
			}
		case xml.CharData:
			if depth == 1 && content.Len() < maxLine {
				content.Write(token)
			}
		case xml.EndElement:
			if depth == 0 && token.Name.Local == end {
				return values, nil
			}
			if depth--; depth == 0 && values[name] == "" {
				values[name] = content.String()
			}
		}
	}
}

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
