// Package rows reads files of users, items and events as rows: each is the JSON of one object, as the API takes it, or says why it could
// not be read, beside warnings of what was not all understood. It knows the exports of Shopify and WooCommerce, whose rows belong together.
// It neither judges objects by the API's rules nor stores them. The main type is Reader.
//
// The way of a file: Open (reader.go) finds out what it is and which layout it has (layout.go). What it means is told by a table.Plan of
// its columns; builder.go, object.go and item.go make JSON of a record by that plan. shopify.go, shopifyorders.go, woocommerce.go,
// magento.go and matomo.go know what one program exports, variants.go knows products that their variants stand behind.
package rows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// Row is one object of the file's kind.
type Row struct {
	Line     int64          // of the file, from 1
	Object   []byte         // JSON; nil for a row that could not be read at all
	Bad      *table.Problem // set when the row could not be read
	Warnings []Warning
	columns  map[string]string // JSON pointer to column, for the error report
}

// Warning is what was not all understood of a row that is stored; Example is the value as it
// stands in the file, Detail the sentence about it.
type Warning struct{ Code, Column, Example, Detail string }

// Column is the column that the value at a JSON pointer came from, so that a message names what
// the sender sees; the pointer itself where no column is known.
func (r *Row) Column(pointer string) string {
	if name, ok := r.columns[pointer]; ok {
		return name
	}
	return pointer
}

// Value returns the text of the value at a JSON pointer into Object, "" when there is none.
func (r *Row) Value(pointer string) string {
	var v any
	if json.Unmarshal(r.Object, &v) != nil || pointer == "" {
		return ""
	}
	for name := range strings.SplitSeq(pointer[1:], "/") {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch inner := v.(type) {
		case map[string]any:
			v = inner[name]
		case []any:
			var i int
			if _, err := fmt.Sscanf(name, "%d", &i); err != nil || i < 0 || i >= len(inner) {
				return ""
			}
			v = inner[i]
		default:
			return ""
		}
	}
	if text, ok := v.(string); ok || v == nil {
		return text
	}
	return string(Encode(v))
}

// Encode returns the JSON of values that were decoded from text; they always marshal. What HTML is made of stays as it is.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // into memory
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
