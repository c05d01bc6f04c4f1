package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/validation"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const maxText = 256 // of a tag and of a level of a category path

// Decode reads and judges one item; pointer is where it stands in the body. No error means that
// the item can be stored.
func Decode(data []byte, pointer string) (profileapi.Item, []profileapi.FieldError) {
	var item profileapi.Item
	if err := json.Unmarshal(data, &item); err != nil {
		return item, validation.DecodeErrors[profileapi.Item](data, err, pointer)
	}
	return item, validate(&item, pointer)
}

// DecodeStock reads and judges one row of stock likewise.
func DecodeStock(data []byte, pointer string) (profileapi.StockUpdate, []profileapi.FieldError) {
	var row profileapi.StockUpdate
	if err := json.Unmarshal(data, &row); err != nil {
		return row, validation.DecodeErrors[profileapi.StockUpdate](data, err, pointer)
	}
	v := &validation.Fields{Pointer: pointer}
	v.ID("/item_id", row.ItemID, true)
	checkStock(v, "", &row.Stock)
	return row, v.Errors
}

// validate reports every bad field of an item, by its pointer. Lengths are in characters.
func validate(item *profileapi.Item, pointer string) []profileapi.FieldError {
	v := &validation.Fields{Pointer: pointer}
	v.ID("/item_id", item.ItemID, true)
	v.ID("/parent_id", item.ParentID, false)
	if item.ParentID != "" && item.ParentID == item.ItemID {
		v.Wrong("/parent_id", "invalid_parent", "An item cannot be its own parent; leave parent_id out.")
	}
	v.Text("/title", item.Title, 1024)
	v.Text("/description", item.Description, 65536)
	v.Text("/brand", item.Brand, 256)
	v.Address("/image_url", item.ImageURL, 2048)
	v.Address("/url", item.URL, 2048)
	v.Text("/language", item.Language, 35)
	v.Texts("/category_path", item.CategoryPath, 16, maxText)
	v.Texts("/tags", item.Tags, 256, maxText)
	v.Amount("/price", item.Price)
	v.Amount("/sale_price", item.SalePrice)
	v.Amount("/cost", item.Cost)
	v.Match("/currency", item.Currency, isCurrency, "an ISO 4217 code such as \"GBP\"")
	v.Match("/gtin", item.GTIN, isGTIN, "8, 12, 13 or 14 digits")
	v.Choice("/status", item.Status, profileapi.ItemActive, profileapi.ItemHidden, profileapi.ItemArchived)
	checkMarkets(v, item)
	checkStock(v, "/stock", item.Stock)
	checkVectors(v, item.Vectors)
	checkTranslations(v, item.Translations)
	v.Attributes(item.Attributes)
	if !item.ExpiresAt.IsZero() && item.ExpiresAt.Before(item.PublishedAt.Time) {
		v.Wrong("/expires_at", "invalid_time", "expires_at is before published_at.")
	}
	return v.Errors
}

// checkTranslations wants a title or a description for each language, and tags that name languages.
func checkTranslations(v *validation.Fields, translations profileapi.Translations) {
	if len(translations) > profileapi.MaxTranslations {
		v.Wrong("/translations", "too_many", fmt.Sprintf("At most %d translations of an item are kept.", profileapi.MaxTranslations))
		return
	}
	for _, tag := range slices.Sorted(maps.Keys(translations)) {
		at, t := apierror.PointerTo("/translations", tag), translations[tag]
		if !isLanguage(tag) {
			v.Wrong(at, "invalid_value", fmt.Sprintf("%.40q is not a BCP 47 tag such as \"de\" or \"pt-BR\".", tag))
		}
		if t.Title == "" && t.Description == "" {
			v.Wrong(at, "required", "A translation needs a title or a description; leave the language out to have none.")
		}
		v.Text(at+"/title", t.Title, 1024)
		v.Text(at+"/description", t.Description, 65536)
	}
}

// isLanguage reports whether a text has the form of a language tag: a code of two or three letters, then subtags.
func isLanguage(tag string) bool {
	code, rest, more := strings.Cut(tag, "-")
	if len(tag) > 35 || len(code) < 2 || len(code) > 3 || !allIn(strings.ToLower(code), 'a', 'z') {
		return false
	}
	for more {
		var subtag string
		subtag, rest, more = strings.Cut(rest, "-")
		letter := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') }
		if len(subtag) < 1 || len(subtag) > 8 || strings.ContainsFunc(subtag, letter) {
			return false
		}
	}
	return true
}

// checkVectors wants vectors that point somewhere. That their numbers are finite is a matter of JSON.
func checkVectors(v *validation.Fields, vectors profileapi.Vectors) {
	if len(vectors) > profileapi.MaxSpaces {
		v.Wrong("/vectors", "too_many", fmt.Sprintf("At most %d vectors of an item are kept, one for each space.", profileapi.MaxSpaces))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		at, vector := apierror.PointerTo("/vectors", name), vectors[name]
		v.Text(at, name, 64)
		switch {
		case name == "":
			v.Wrong(at, "required", "A vector needs the name of its space, for instance \"picture\".")
		case len(vector) < 2 || len(vector) > profileapi.MaxDimension:
			v.Wrong(
				at, "out_of_range", fmt.Sprintf("The vector has %d numbers, and 2 to %d are taken.", len(vector), profileapi.MaxDimension),
			)
		case !slices.ContainsFunc(vector, func(x float32) bool { return x != 0 }):
			v.Wrong(at, "invalid_value", "The vector is all zeros and points nowhere: leave it out.")
		}
	}
}

// checkMarkets judges countries and the prices of other markets.
func checkMarkets(v *validation.Fields, item *profileapi.Item) {
	if len(item.Prices) > 256 || len(item.Countries) > 256 {
		v.Wrong("/prices", "too_many", "At most 256 prices and 256 countries are kept.")
		return
	}
	for i, country := range item.Countries {
		if !isCountry(country) {
			v.Wrong("/countries/"+strconv.Itoa(i), "invalid_value", fmt.Sprintf("%.40q is not an ISO 3166 code such as \"GB\".", country))
		}
	}
	for i := range item.Prices {
		p, at := &item.Prices[i], "/prices/"+strconv.Itoa(i)
		v.Match(at+"/country", p.Country, isCountry, "an ISO 3166 code such as \"GB\"")
		if !isCurrency(p.Currency) {
			v.Wrong(at+"/currency", "invalid_value", fmt.Sprintf("%.40q is not an ISO 4217 code such as \"GBP\".", p.Currency))
		}
		v.Text(at+"/price_list", p.PriceList, 256)
		v.Amount(at+"/price", &p.Price)
		v.Amount(at+"/sale_price", p.SalePrice)
	}
}

// checkStock judges a stock, nil being in stock. A quantity may be below zero: shops sell
// beyond their stock.
func checkStock(v *validation.Fields, pointer string, s *profileapi.Stock) {
	if s == nil {
		return
	}
	if s.Status == "" {
		v.Wrong(pointer+"/status", "required", "stock needs a status: in_stock, out_of_stock, preorder or backorder.")
	}
	v.Choice(pointer+"/status", s.Status, profileapi.InStock, profileapi.OutOfStock, profileapi.Preorder, profileapi.Backorder)
	if q := s.Quantity; q != nil && !(math.Abs(*q) <= 1e12) {
		v.Wrong(pointer+"/quantity", "out_of_range", "The value is not a number between -1e12 and 1e12.")
	}
}

// allIn reports whether every character lies between two ASCII characters.
func allIn(text string, low, high byte) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < rune(low) || r > rune(high) })
}

func isCurrency(text string) bool { return len(text) == 3 && allIn(text, 'A', 'Z') }

func isCountry(text string) bool { return len(text) == 2 && allIn(text, 'A', 'Z') }

func isGTIN(text string) bool {
	return slices.Contains([]int{8, 12, 13, 14}, len(text)) && allIn(text, '0', '9')
}
