package rows

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// raw takes JSON that is no text, of NDJSON or of a cell that holds a document; true when its
// text is to be read like that of a CSV. A feed may send a price as a number or as "9,90 €",
// and a list of images as an array or as one text: both end in the same place. JSON of the
// wrong kind is passed on as it is, so that the catalogue's rules say what is wrong with it.
func (d *draft) raw(c *table.Column, text string) bool {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return true
	}
	group, name, dotted := strings.Cut(c.Field, ".")
	switch value := value.(type) {
	case map[string]any:
		if c.Field == "attributes" {
			maps.Copy(d.attributes, value)
			return false
		}
	case float64:
		if c.Shape == table.Number || c.Shape == table.Money {
			d.setNumber(c.Field, value)
			return false
		}
		if c.Field == "stock" {
			d.setNumber("stock.quantity", value)
			return false
		}
		if !dotted {
			return true // an id, a time or a word
		}
	case []any:
		texts, ok := textsOf(value)
		switch {
		case ok && c.Shape == table.Words:
			d.words(c, texts)
			return false
		case len(value) == 0 && !dotted:
			return false
		case ok && (c.Shape == table.URLs || c.Part()):
			d.column(c, strings.Join(texts, table.List))
			return false
		case ok && c.Field == "description":
			d.column(c, strings.Join(texts, "\n"))
			return false
		case !ok && c.Field == "category_path":
			if paths, ok := pathsOf(value); ok {
				d.categories(c, paths)
				return false
			}
		case !ok && c.Shape == table.URLs:
			if picture, ok := value[0].(map[string]any); ok { // the list is not empty, since not all of it are texts
				d.column(c, pictureOf(picture))
				return false
			}
		}
	case bool:
		if !dotted || c.Field == "stock.status" {
			return true
		}
	}
	if dotted && group == "attributes" {
		if object, ok := value.(map[string]any); ok {
			value = string(Encode(object)) // attributes hold no objects
		}
		d.attributes[name] = value
		return false
	}
	d.item[c.Field] = json.RawMessage(text)
	return false
}

// textsOf returns a list whose elements are all texts; false for another one.
func textsOf(list []any) ([]string, bool) {
	texts := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, false
		}
		texts[i] = text
	}
	return texts, true
}

// pathsOf returns a list of paths, each a list of texts, as a CSV writes it.
func pathsOf(list []any) (string, bool) {
	paths := make([]string, len(list))
	for i, v := range list {
		path, ok := v.([]any)
		if !ok {
			return "", false
		}
		names, ok := textsOf(path)
		if !ok {
			return "", false
		}
		paths[i] = strings.Join(names, " > ")
	}
	return strings.Join(paths, table.List), true
}

// pictureOf returns the address in an object that describes a picture, the largest where it has several.
func pictureOf(picture map[string]any) string {
	for _, name := range [...]string{"hi_res", "large", "url", "src", "link", "thumb"} {
		if address, ok := picture[name].(string); ok && address != "" {
			return address
		}
	}
	return ""
}
