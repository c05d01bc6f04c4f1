// Package agentfeed writes the catalogue as assistants read it: a line of JSON per product with its variants, as the Agentic Commerce
// Protocol's feed of 2026-04-17 has it (github.com/agentic-commerce-protocol, schema.feed.json). The main types are Product and Writer.
package agentfeed

// Product is one line of the feed: what is sold together as variants of one thing.
type Product struct {
	ID          string       `json:"id"`
	Title       string       `json:"title,omitempty"`
	Description *Description `json:"description,omitempty"`
	URL         string       `json:"url,omitempty"`
	Media       []Media      `json:"media,omitempty"`
	Variants    []Variant    `json:"variants"`
}

// Variant is what is put into a cart.
type Variant struct {
	ID           string       `json:"id"`
	Title        string       `json:"title"`
	Description  *Description `json:"description,omitempty"`
	URL          string       `json:"url,omitempty"`
	Barcodes     []Barcode    `json:"barcodes,omitempty"`
	Price        *Price       `json:"price,omitempty"`
	ListPrice    *Price       `json:"list_price,omitempty"` // before the discount
	Availability Availability `json:"availability"`
	Categories   []Category   `json:"categories,omitempty"`
	Condition    []string     `json:"condition,omitempty"`
	Options      []Option     `json:"variant_options,omitempty"` // what tells it from its siblings
	Media        []Media      `json:"media,omitempty"`
	Seller       *Seller      `json:"seller,omitempty"`
}

// Description is a text without marks.
type Description struct {
	Plain string `json:"plain"`
}

// Price is an amount in minor units of its currency: 1999 GBP is £19.99, 1999 JPY is ¥1999.
type Price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Availability says whether a variant can be bought at the moment of writing.
type Availability struct {
	Available bool   `json:"available"`
	Status    string `json:"status"`
}

// Barcode is a number under which the trade knows a variant.
type Barcode struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Category is a path in the shop's own order.
type Category struct {
	Value    string `json:"value"`
	Taxonomy string `json:"taxonomy"`
}

// Option is an attribute of a variant that its siblings have otherwise.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Media is a picture.
type Media struct {
	Type    string `json:"type"`
	URL     string `json:"url"`
	AltText string `json:"alt_text,omitempty"`
}

// Seller is who sells.
type Seller struct {
	Name string `json:"name"`
}
