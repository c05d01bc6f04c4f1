package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Limits of an item, beside those written in its schema.
const (
	maxAttributes     = 256
	maxAttributeBytes = 64 << 10
	maxAmount         = 1e12
	maxTagLength      = 256
)

// Decode reads and judges one item; pointer is where it stands in the body.
func Decode(data []byte, pointer string) (profileapi.Item, []profileapi.FieldError) {
	var item profileapi.Item
	if err := json.Unmarshal(data, &item); err != nil {
		return item, []profileapi.FieldError{decodeError(err, pointer)}
	}
	return item, Validate(&item, pointer)
}

func decodeError(err error, pointer string) profileapi.FieldError {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return profileapi.FieldError{Pointer: pointer + "/" + strings.ReplaceAll(wrongType.Field, ".", "/"), Code: "wrong_type",
			Detail: fmt.Sprintf("The value is a %s; a %s is expected.", wrongType.Value, jsonName(wrongType.Type))}
	}
	return profileapi.FieldError{Pointer: pointer, Code: "invalid_value", Detail: "The item cannot be read: " + err.Error() + "."}
}

func jsonName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64, reflect.Int64, reflect.Int:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "object"
	}
	return t.Kind().String()
}

// Validate reports every bad field of an item.
func Validate(item *profileapi.Item, pointer string) []profileapi.FieldError {
	v := &validator{pointer: pointer}
	v.id("/item_id", item.ItemID, true)
	v.id("/parent_id", item.ParentID, false)
	if item.ParentID != "" && item.ParentID == item.ItemID {
		v.wrong("/parent_id", "invalid_parent", "An item cannot be its own parent; leave parent_id out.")
	}
	v.text("/title", item.Title, 1024)
	v.text("/description", item.Description, 65536)
	v.text("/brand", item.Brand, 256)
	v.text("/image_url", item.ImageURL, 2048)
	v.text("/url", item.URL, 2048)
	v.text("/language", item.Language, 35)
	v.texts("/category_path", item.CategoryPath, 16, maxTagLength, true)
	v.texts("/tags", item.Tags, 256, maxTagLength, true)
	v.amount("/price", item.Price)
	v.amount("/sale_price", item.SalePrice)
	v.amount("/cost", item.Cost)
	v.pattern("/currency", item.Currency, isCurrency, "an ISO 4217 code such as \"GBP\"")
	v.pattern("/gtin", item.GTIN, isGTIN, "8, 12, 13 or 14 digits")
	v.choice("/status", item.Status, profileapi.ItemActive, profileapi.ItemHidden, profileapi.ItemArchived)
	v.markets(item)
	v.stock("/stock", item.Stock)
	v.attributes(item.Attributes)
	if !item.ExpiresAt.IsZero() && item.ExpiresAt.Before(item.PublishedAt.Time) {
		v.wrong("/expires_at", "invalid_time", "expires_at is before published_at.")
	}
	return v.errors
}

type validator struct {
	pointer string
	errors  []profileapi.FieldError
}

func (v *validator) wrong(pointer, code, detail string) {
	v.errors = append(v.errors, profileapi.FieldError{Pointer: v.pointer + pointer, Code: code, Detail: detail})
}

// ValidID reports why a text cannot be an id, "" when it can: 1 to 256 printable characters.
func ValidID(id string) string {
	switch {
	case id == "":
		return "An id has at least one character."
	case !utf8.ValidString(id):
		return "An id is valid UTF-8."
	case utf8.RuneCountInString(id) > 256:
		return "An id has at most 256 characters."
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "An id holds printable characters only, no control characters."
	}
	return ""
}

func (v *validator) id(pointer, id string, required bool) {
	if id == "" && !required {
		return
	}
	if why := ValidID(id); why != "" {
		v.wrong(pointer, "invalid_id", why)
	}
}

func (v *validator) text(pointer, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		v.wrong(pointer, "too_long", fmt.Sprintf("At most %d characters are kept here.", limit))
	}
	if strings.ContainsRune(text, 0) {
		v.wrong(pointer, "nul_character", "The value must not contain the character U+0000.")
	}
}

func (v *validator) texts(pointer string, texts []string, limit, length int, filled bool) {
	if len(texts) > limit {
		v.wrong(pointer, "too_many", fmt.Sprintf("At most %d values are kept here.", limit))
		return
	}
	for i, t := range texts {
		at := pointer + "/" + strconv.Itoa(i)
		v.text(at, t, length)
		if filled && t == "" || strings.ContainsFunc(t, unicode.IsControl) {
			v.wrong(at, "invalid_value", "The value is empty or holds a control character.")
		}
	}
}

func (v *validator) amount(pointer string, amount *float64) {
	if amount != nil && !(*amount >= 0 && *amount <= maxAmount) {
		v.wrong(pointer, "out_of_range", "The value is not a number between 0 and 1e12.")
	}
}

func (v *validator) pattern(pointer, text string, matches func(string) bool, expected string) {
	if text != "" && !matches(text) {
		v.wrong(pointer, "invalid_value", fmt.Sprintf("%.40q is not %s.", text, expected))
	}
}

func (v *validator) choice(pointer, text string, choices ...string) {
	if text != "" && !slices.Contains(choices, text) {
		v.wrong(pointer, "invalid_value", fmt.Sprintf("%.40q is none of %s.", text, strings.Join(choices, ", ")))
	}
}

func (v *validator) markets(item *profileapi.Item) {
	if len(item.Prices) > 256 || len(item.Countries) > 256 {
		v.wrong("/prices", "too_many", "At most 256 prices and 256 countries are kept.")
		return
	}
	for i, country := range item.Countries {
		if !isCountry(country) {
			v.wrong("/countries/"+strconv.Itoa(i), "invalid_value", fmt.Sprintf("%.40q is not an ISO 3166 code such as \"GB\".", country))
		}
	}
	for i := range item.Prices {
		p, at := &item.Prices[i], "/prices/"+strconv.Itoa(i)
		v.pattern(at+"/country", p.Country, isCountry, "an ISO 3166 code such as \"GB\"")
		if !isCurrency(p.Currency) {
			v.wrong(at+"/currency", "invalid_value", fmt.Sprintf("%.40q is not an ISO 4217 code such as \"GBP\".", p.Currency))
		}
		v.text(at+"/price_list", p.PriceList, 256)
		v.amount(at+"/price", &p.Price)
		v.amount(at+"/sale_price", p.SalePrice)
	}
}

func (v *validator) stock(pointer string, s *profileapi.Stock) {
	if s == nil {
		return
	}
	if s.Status == "" {
		v.wrong(pointer+"/status", "required", "stock needs a status: in_stock, out_of_stock, preorder or backorder.")
	}
	v.choice(pointer+"/status", s.Status, profileapi.InStock, profileapi.OutOfStock, profileapi.Preorder, profileapi.Backorder)
	if q := s.Quantity; q != nil && !(math.Abs(*q) <= maxAmount) {
		v.wrong(pointer+"/quantity", "out_of_range", "The value is not a number between -1e12 and 1e12.")
	}
}

// attributes allows strings, numbers, booleans and lists of strings.
func (v *validator) attributes(attributes map[string]any) {
	if len(attributes) > maxAttributes {
		v.wrong("/attributes", "too_many", fmt.Sprintf("At most %d attributes are kept.", maxAttributes))
		return
	}
	size := 0
	for name, value := range attributes {
		at := "/attributes/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		v.text(at, name, 256)
		size += len(name)
		switch value := value.(type) {
		case string:
			size += len(value)
			v.text(at, value, maxAttributeBytes)
		case float64, bool, nil:
		case []any:
			for i, entry := range value {
				text, ok := entry.(string)
				if !ok {
					v.wrong(at+"/"+strconv.Itoa(i), "wrong_type", "A list in attributes holds strings only.")
					break
				}
				size += len(text)
				v.text(at+"/"+strconv.Itoa(i), text, maxAttributeBytes)
			}
		default:
			v.wrong(at, "wrong_type", "An attribute is a string, a number, a boolean or a list of strings.")
		}
	}
	if size > maxAttributeBytes {
		v.wrong("/attributes", "too_long", fmt.Sprintf("The attributes have more than %d bytes.", maxAttributeBytes))
	}
	slices.SortFunc(v.errors, func(a, b profileapi.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
}

func allIn(text string, low, high byte) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < rune(low) || r > rune(high) })
}

func isCurrency(text string) bool { return len(text) == 3 && allIn(text, 'A', 'Z') }

func isCountry(text string) bool { return len(text) == 2 && allIn(text, 'A', 'Z') }

func isGTIN(text string) bool {
	return slices.Contains([]int{8, 12, 13, 14}, len(text)) && allIn(text, '0', '9')
}
