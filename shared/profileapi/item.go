package profileapi

import "github.com/aisle-rec/aisle/shared/wire"

// Item is one product of the catalogue. Version and UpdatedAt are set by the service.
type Item struct {
	ItemID       string         `json:"item_id,omitempty" maxLength:"256"`
	Title        string         `json:"title,omitempty" maxLength:"1024"`
	Description  string         `json:"description,omitempty" maxLength:"65536"`
	CategoryPath []string       `json:"category_path,omitempty" maxItems:"16" doc:"From broad to narrow" example:"[\"Home\",\"Lighting\"]"`
	Brand        string         `json:"brand,omitempty" maxLength:"256"`
	Price        *float64       `json:"price,omitempty" minimum:"0"`
	SalePrice    *float64       `json:"sale_price,omitempty" minimum:"0"`
	Cost         *float64       `json:"cost,omitempty" minimum:"0" doc:"Purchase cost, to rank by margin. Not for publishable keys"`
	Currency     string         `json:"currency,omitempty" pattern:"^([A-Z]{3})?$"`
	Prices       []MarketPrice  `json:"prices,omitempty" maxItems:"256" doc:"Prices of other markets"`
	Stock        *Stock         `json:"stock,omitempty" doc:"Absent: in stock, not counted"`
	Status       string         `json:"status,omitempty" enum:"active,hidden,archived" doc:"active when absent"`
	Tags         []string       `json:"tags,omitempty" maxItems:"256"`
	ImageURL     string         `json:"image_url,omitempty" maxLength:"2048"`
	URL          string         `json:"url,omitempty" maxLength:"2048"`
	Language     string         `json:"language,omitempty" maxLength:"35" doc:"BCP 47"`
	Translations Translations   `json:"translations,omitempty" doc:"Title and description in further languages, by BCP 47 tag"`
	Countries    []string       `json:"countries,omitempty" maxItems:"256" doc:"ISO 3166 codes where it is sold; everywhere when empty"`
	GTIN         string         `json:"gtin,omitempty" maxLength:"14"`
	ParentID     string         `json:"parent_id,omitempty" maxLength:"256"`
	Aliases      []string       `json:"aliases,omitempty" maxItems:"32"`
	Vectors      Vectors        `json:"vectors,omitempty"`
	Attributes   map[string]any `json:"attributes,omitempty" doc:"Texts, numbers, booleans or lists of texts; usable in filters and rules"`
	PublishedAt  wire.Time      `json:"published_at,omitempty"`
	ExpiresAt    wire.Time      `json:"expires_at,omitempty"`
	CreatedAt    wire.Time      `json:"created_at,omitempty" readOnly:"true"`
	UpdatedAt    wire.Time      `json:"updated_at,omitempty" readOnly:"true"`
	Version      int64          `json:"version,omitempty" readOnly:"true" doc:"Raised by each change; the ETag"`
}

// Translations are what an item is called in further languages, by BCP 47 tag, for instance "de" or "pt-BR".
type Translations map[string]Translation

// MaxTranslations is how many languages an item may be described in beside its own.
const MaxTranslations = 64

// Translation is an item in a further language. What it leaves out is told in the item's own.
type Translation struct {
	Title       string `json:"title,omitempty" maxLength:"1024"`
	Description string `json:"description,omitempty" maxLength:"65536"`
}

// Vectors are what the shop's own models say of an item, by the name of the space, for instance "picture". Items of a space are alike as
// far as their vectors point the same way; those of another length are not compared.
type Vectors map[string][]float32

// The bounds of an item's vectors.
const (
	MaxSpaces    = 4
	MaxDimension = 4096
)

// SavedItem is the answer to a change of an item.
type SavedItem struct {
	Item
	Warnings []FieldError `json:"warnings,omitempty" doc:"What was accepted but not all understood"`
}

// MarketPrice is the price of an item in one market.
type MarketPrice struct {
	Country   string   `json:"country,omitempty" doc:"ISO 3166"`
	Currency  string   `json:"currency" pattern:"^[A-Z]{3}$"`
	PriceList string   `json:"price_list,omitempty"`
	Price     float64  `json:"price" minimum:"0"`
	SalePrice *float64 `json:"sale_price,omitempty" minimum:"0"`
}

// Stock says whether an item can be bought now.
type Stock struct {
	Status   string   `json:"status" enum:"in_stock,out_of_stock,preorder,backorder"`
	Quantity *float64 `json:"quantity,omitempty"`
}

// The states of an item.
const (
	ItemActive   = "active"
	ItemHidden   = "hidden"
	ItemArchived = "archived"

	InStock    = "in_stock"
	OutOfStock = "out_of_stock"
	Preorder   = "preorder"
	Backorder  = "backorder"
)

// StockUpdate is one row of POST /v1/items/stock.
type StockUpdate struct {
	ItemID string `json:"item_id" minLength:"1" maxLength:"256"`
	Stock
}

// ItemChange is one entry of the change feed. Item is nil when the item was deleted. A replica that applies changes in order has the
// catalogue as it was at the last one.
type ItemChange struct {
	Cursor string `json:"cursor" doc:"Pass it as ?after= to go on behind this change"`
	ItemID string `json:"item_id"`
	Item   *Item  `json:"item,omitempty" doc:"The item after the change; absent when it was deleted"`
}

// ItemChanges is a page of the change feed, oldest first. An unchanged item appears once, at its latest change.
type ItemChanges struct {
	Changes []ItemChange `json:"changes"`
	Next    string       `json:"next" doc:"Cursor behind the last change, also when there was none"`
	More    bool         `json:"more" doc:"Further changes can be read at once"`
}

// Page is a page of a listing.
type Page[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}
