package imports

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// shape says how the text of a column becomes a JSON value.
type shape int

const (
	text      shape = iota
	number          // 12.5
	boolean         // true, yes, 1
	list            // a|b|c
	path            // Home > Lighting
	timestamp       // RFC 3339 or epoch milliseconds; a text for the decoder
	document        // JSON
)

// shapes returns the fields that a CSV of a kind can fill, by dotted name. "attributes." and "properties." take any name behind the dot.
func shapes(kind string) map[string]shape {
	switch kind {
	case "users":
		return map[string]shape{"user_id": text, "segments": list, "locale": text, "consent.personalization": boolean, "consent.analytics": boolean, "attributes.*": text}
	case "items":
		return map[string]shape{"item_id": text, "title": text, "description": text, "category_path": path, "brand": text, "price": number, "sale_price": number,
			"cost": number, "currency": text, "stock.status": text, "stock.quantity": number, "status": text, "tags": list, "image_url": text, "url": text,
			"language": text, "countries": list, "gtin": text, "parent_id": text, "published_at": timestamp, "expires_at": timestamp, "attributes.*": text}
	}
	return map[string]shape{"event_id": text, "type": text, "occurred_at": timestamp, "user_id": text, "session_id": text, "item_id": text, "items": document,
		"recommendation_id": text, "position": number, "value": number, "currency": text, "order_id": text, "page": text, "quantity": number, "price": number,
		"consent.personalization": boolean, "consent.analytics": boolean, "properties.*": text}
}

// shapeOf finds the shape of a field.
func shapeOf(fields map[string]shape, field string) (shape, bool) {
	if s, ok := fields[field]; ok {
		return s, true
	}
	group, name, dotted := strings.Cut(field, ".")
	_, open := fields[group+".*"]
	return text, dotted && open && name != ""
}

// column fills one field of the object from one column.
type column struct {
	field, name string
	shape       shape
}

// mapColumns pairs fields with columns: as mapping says, else by name. A field or column that does not exist is an error.
func mapColumns(kind string, columns []string, mapping map[string]string) ([]column, error) {
	fields := shapes(kind)
	var out []column
	mapped := map[string]bool{}
	for _, field := range slices.Sorted(maps.Keys(mapping)) {
		name := columnName(mapping[field])
		s, ok := shapeOf(fields, field)
		if !ok {
			return nil, fmt.Errorf("mapping names the field %q, which %s do not have; fields are %s", field, kind, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("mapping names the column %q, which the file does not have; its columns are %s", mapping[field], strings.Join(columns, ", "))
		}
		out = append(out, column{field, name, s})
		mapped[field] = true
	}
	for _, name := range columns {
		if s, ok := shapeOf(fields, name); ok && !mapped[name] {
			out = append(out, column{name, name, s})
			mapped[name] = true
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no column of the file is named like a field: pass a mapping; columns are %s, fields are %s",
			strings.Join(columns, ", "), strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	return out, nil
}

// plainCSV converts records of a CSV whose columns are mapped to fields.
func plainCSV(kind string, mapping map[string]string) func(columns []string) (func(record) []row, error) {
	return func(columns []string) (func(record) []row, error) {
		mapped, err := mapColumns(kind, columns, mapping)
		if err != nil {
			return nil, err
		}
		pointers := make(map[string]string, len(mapped))
		for _, c := range mapped {
			pointers["/"+strings.ReplaceAll(c.field, ".", "/")] = c.name
		}
		return func(r record) []row {
			if r.values == nil {
				return nil
			}
			return []row{convertRecord(kind, r, mapped, pointers)}
		}, nil
	}
}

func convertRecord(kind string, r record, mapped []column, pointers map[string]string) row {
	out := row{line: r.line, columns: pointers}
	object := map[string]any{}
	for _, c := range mapped {
		raw := r.get(c.name)
		if raw == "" {
			continue
		}
		value, why := c.shape.value(raw)
		if why != "" {
			if out.bad == nil {
				out.bad = &rowError{column: c.name, code: "invalid_value", message: why, sample: raw}
			}
			value = raw // for the report, where it can be mended
		}
		set(object, c.field, value)
	}
	if kind == "events" {
		lineOf(object)
	}
	if stock, ok := object["stock"].(map[string]any); ok && stock["status"] == nil {
		quantity, _ := stock["quantity"].(float64)
		stock["status"] = stockStatus(quantity)
	}
	out.object = encode(object)
	return out
}

// lineOf moves quantity and price of a flat event into a line of its own.
func lineOf(object map[string]any) {
	quantity, hasQuantity := object["quantity"]
	price, hasPrice := object["price"]
	delete(object, "quantity")
	delete(object, "price")
	if !hasQuantity && !hasPrice || object["item_id"] == nil {
		return
	}
	line := map[string]any{"item_id": object["item_id"]}
	if hasQuantity {
		line["quantity"] = quantity
	}
	if hasPrice {
		line["price"] = price
	}
	delete(object, "item_id")
	object["items"] = []any{line}
}

func stockStatus(quantity float64) string {
	if quantity > 0 {
		return "in_stock"
	}
	return "out_of_stock"
}

// set puts a value under a dotted name.
func set(object map[string]any, field string, value any) {
	group, name, dotted := strings.Cut(field, ".")
	if !dotted {
		object[field] = value
		return
	}
	inner, _ := object[group].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		object[group] = inner
	}
	inner[name] = value
}

// value converts a text; why says what is wrong with it.
func (s shape) value(raw string) (value any, why string) {
	switch s {
	case number:
		v, err := strconv.ParseFloat(raw, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, "The value is not a number such as 12.50."
		}
		return v, ""
	case boolean:
		switch strings.ToLower(raw) {
		case "true", "yes", "1":
			return true, ""
		case "false", "no", "0":
			return false, ""
		}
		return nil, "The value is not true or false."
	case list:
		return split(raw, "|"), ""
	case path:
		return split(raw, ">"), ""
	case document:
		var v any
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			return nil, "The value is not JSON."
		}
		return v, ""
	}
	return raw, ""
}

// split returns the trimmed parts that are not empty.
func split(raw, separator string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(raw, separator) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// encode returns the JSON of values that were decoded from text; they always marshal.
func encode(v any) []byte {
	data, _ := json.Marshal(v)
	return data
}
