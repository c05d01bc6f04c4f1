package imports

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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
	if errors.Is(err, errLongRecord) {
		return err
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
