package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/names"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// itemNames are the fields of an item, and what they are called elsewhere: in feeds, in exports
// of shop programs and in other recommenders. They are for messages only.
var itemNames = names.Table{
	Fields: fieldsOf(reflect.TypeFor[profileapi.Item]()),
	Synonyms: map[string]string{
		"id": "item_id", "productid": "item_id", "sku": "item_id", "objectid": "item_id", "name": "title", "category": "category_path",
		"categories":  "category_path",
		"producttype": "category_path", "vendor": "brand", "manufacturer": "brand", "image": "image_url", "imagelink": "image_url",
		"imageurl": "image_url", "link": "url",
		"availability": "stock", "instock": "stock", "quantity": "stock", "inventory": "stock", "ishidden": "status", "labels": "tags",
		"keywords": "tags", "timestamp": "published_at",
		"groupid": "parent_id", "itemgroupid": "parent_id", "parentasin": "parent_id", "ean": "gtin", "barcode": "gtin", "upc": "gtin",
		"properties": "attributes", "metadata": "attributes",
		"comment": "description", "body": "description", "saleprice": "sale_price", "specialprice": "sale_price",
	},
}

// stockNames are the same of a row of stock.
var stockNames = names.Table{
	Fields: []string{"item_id", "status", "quantity"},
	Synonyms: map[string]string{
		"id": "item_id", "productid": "item_id", "sku": "item_id", "availability": "status", "stock": "quantity", "qty": "quantity",
		"inventory": "quantity", "available": "quantity",
	},
}

// fieldsOf lists the names of a type's fields in JSON.
func fieldsOf(t reflect.Type) []string {
	var list []string
	for n := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(n).Tag.Get("json"), ",")
		list = append(list, name)
	}
	return list
}

// Warnings names what was not all understood of an item: members that are no fields, which are left out, a price of 0, and a sale
// price above the price. data is the JSON object that it came from, empty for none; pointer is where it stands in the body.
func Warnings(item *profileapi.Item, data []byte, pointer string) []profileapi.FieldError {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil // what is no object is refused elsewhere
	}
	var warnings []profileapi.FieldError
	if item.Price != nil && *item.Price == 0 {
		warnings = append(warnings, profileapi.FieldError{
			Pointer: pointer + "/price", Code: "price_zero", Detail: "The price is 0. Leave it out when it is not known.",
		})
	}
	if item.Price != nil && item.SalePrice != nil && *item.SalePrice > *item.Price {
		warnings = append(warnings, profileapi.FieldError{
			Pointer: pointer + "/sale_price", Code: "sale_price_higher",
			Detail: "The sale price is higher than the price, and is what the item costs all the same. Correct it, or leave it out.",
		})
	}
	return append(warnings, unknown(&itemNames, members, pointer, "an item and is left out. Put what is to be kept into attributes.")...)
}

// StockWarnings names the members of a row of stock that are no fields of it, likewise.
func StockWarnings(data []byte, pointer string) []profileapi.FieldError {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	return unknown(&stockNames, members, pointer, "a row of stock and is left out.")
}

// unknown names the members that are no fields; of ends the sentence that says so.
func unknown(known *names.Table, members map[string]json.RawMessage, pointer, of string) (warnings []profileapi.FieldError) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(known.Fields, name) {
			continue
		}
		w := profileapi.FieldError{
			Pointer: apierror.PointerTo(pointer, name), Code: "unknown_field", Detail: fmt.Sprintf("%.64q is not a field of %s", name, of),
		}
		if field, ok := known.Meant(name); ok {
			first, _, _ := strings.Cut(w.Detail, ".")
			w.Code, w.Detail = "near_field", fmt.Sprintf("%s. Is %s meant?", first, field)
		}
		warnings = append(warnings, w)
	}
	return warnings
}
