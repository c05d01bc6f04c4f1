package profileapi

import "github.com/aisle-rec/aisle/shared/wire"

// The codes of findings about a catalogue.
const (
	NoTitle    = "no_title"
	NoImage    = "no_image"
	NoPrice    = "no_price"
	NoCategory = "no_category"
	NoURL      = "no_url"
	SoldOut    = "sold_out"
	SameGTIN   = "same_gtin"
	NotSeen    = "not_seen"
)

// QualityCodes are the codes in the order in which a report has them.
var QualityCodes = []string{NoTitle, NoImage, NoPrice, NoCategory, NoURL, SoldOut, SameGTIN, NotSeen}

// CatalogueQuality says what keeps the items of a catalogue from being recommended well.
type CatalogueQuality struct {
	AsOf            wire.Time        `json:"as_of"`
	Items           int              `json:"items" doc:"Active items, all of which were looked at"`
	Events          int              `json:"events" doc:"The latest events, which tell what was seen"`
	Findings        []QualityFinding `json:"findings" doc:"Without those of which there is no item"`
	SmallCategories []CategorySize   `json:"small_categories" doc:"Those with fewer than 5 items, the smallest 20"`
}

// QualityFinding is one thing that is wrong with items. A product whose variants have prices, or were seen, is in no finding of these.
type QualityFinding struct {
	Code     string     `json:"code" enum:"no_title,no_image,no_price,no_category,no_url,sold_out,same_gtin,not_seen"`
	Count    int64      `json:"count" doc:"Items"`
	Examples []ItemName `json:"examples" doc:"The first 20 items by id"`
}

// ItemName names an item to a reader.
type ItemName struct {
	ItemID string `json:"item_id"`
	Title  string `json:"title,omitempty"`
}

// CategorySize is a category with how many active items stand directly in it.
type CategorySize struct {
	Category string `json:"category" doc:"Levels joined with ' > '"`
	Items    int64  `json:"items"`
}
