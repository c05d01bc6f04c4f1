package profileapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/wire"
)

// texts are the descriptions of properties that are too long for a tag, by type and JSON name.
func texts() map[string]map[string]string {
	return map[string]map[string]string{
		"Event": {
			"event_id": "Id made by the sender: a repeat is acknowledged and not counted again. Made by the server when absent",
			"type": "view_item, select_item, add_to_wishlist, add_to_cart, remove_from_cart, purchase, refund, rate, like, " +
				"review, not_interested, share, view_item_list, search, view_cart, begin_checkout",
			"items":    "Lines of an order, a cart or a list; item_id is short for a single line",
			"order_id": "Of a purchase or refund; purchases with the same order_id are one purchase",
			"channel":  "What it came through when it is not the shop's own pages",
		},
		"ImportSpec": {
			"mapping":    `Column to field, such as {"sku":"item_id","qty":"stock.quantity"}; a column with a known name needs none`,
			"map_values": `Field to value in the file to value stored, such as {"type":{"view":"view_item"}}`,
			"set": `Field to a value for every row, such as {"type":"purchase"}; of events {COLUMN} takes that column's text: ` +
				`{"order_id":"{timestamp}"}`,
			"separator":   "Of columns: one character, or tab; found by content when absent",
			"decimal":     "Decimal mark of numbers, . or a comma; found per column when absent",
			"date_format": "Of times, such as DD.MM.YYYY HH:mm:ss; found per column when absent",
			"timezone":    "IANA name of the zone of times without one, such as Europe/Berlin; UTC when absent",
			"complete":    "Of items: the file is the whole catalogue, and what it lacks is archived at its end",
			"max_gone":    "With complete: the largest share of the catalogue that may be archived; 0.2 when absent",
		},
		"ImportColumn": {
			"how": "named: like a field; known: a usual word for it; mapped: by the request; attribute, property: stored by its " +
				"own name; part: goes into a field together with others; ignored: left out",
		},
		"Item": {
			"parent_id": "Of a variant: its product, which is recommended; an item of that id may exist or not",
			"aliases": "Further ids by which it is found in events, requests and rules: SKU, handle, GTIN, the platform's " +
				"number",
		},
	}
}

// describe gives the schema of a type its texts.
func describe(s *huma.Schema, name string) *huma.Schema { return wire.Describe(s, texts()[name]) }

// The types whose texts are above implement huma.SchemaTransformer.

func (Event) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Event")
}
func (ImportSpec) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(wire.Restrict(s, "format", ImportFormats()), "ImportSpec")
}
func (ImportColumn) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ImportColumn")
}
func (Item) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema { return describe(s, "Item") }
