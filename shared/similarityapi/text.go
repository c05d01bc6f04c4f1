package similarityapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// ItemText is what the text pipeline makes of an item, step by step.
type ItemText struct {
	ItemID   string       `json:"item_id"`
	Language TextLanguage `json:"language"`
	Fields   []TextField  `json:"fields" doc:"Of the item, its translations behind its own; empty ones are left out"`
	Entities []TextEntity `json:"entities" doc:"What the fields speak of, each once, and the item's own brand and attributes"`
	Terms    []TextTerm   `json:"terms" doc:"The vector by which items are alike, the weightiest terms first"`
	Indexed  bool         `json:"indexed" doc:"false: the item is archived, without text or stored just now, and not compared with others"`
}

// TextLanguage is the language that an item is read in.
type TextLanguage struct {
	Code       string  `json:"code" doc:"ISO 639; empty when unknown: words are then taken as they are"`
	Source     string  `json:"source" enum:"declared,detected,assumed,unknown"`
	Confidence float64 `json:"confidence" doc:"1 for a declared language, above .8 for a detected one, else 0"`
}

// TextField is one field with what its steps make of it.
type TextField struct {
	Field      string       `json:"field" enum:"title,description,tags,brand,category"`
	Language   string       `json:"language" doc:"That it is read in"`
	Normalised string       `json:"normalised" doc:"Without markup, in Unicode NFKC and lower case"`
	Tokens     []string     `json:"tokens" doc:"Words, or pairs of characters of a script without spaces; at most 400"`
	Stems      []string     `json:"stems" doc:"What each token counts as; empty for stop words"`
	StopWords  []string     `json:"stop_words" doc:"Tokens that are left out, each once"`
	Entities   []TextEntity `json:"entities"`
}

// TextEntity is something that has a name in the catalogue.
type TextEntity struct {
	Kind     string `json:"kind" doc:"brand, the name of an attribute, or model number"`
	Value    string `json:"value"`
	Position *int   `json:"position,omitempty" doc:"Of its first token in the field, from 0"`
	Tokens   int    `json:"tokens,omitempty" doc:"How many there are"`
	From     string `json:"from" enum:"catalogue,shape,item" doc:"catalogue: learnt from all attributes; shape: told by it; item: its own"`
	Items    int    `json:"items,omitempty" doc:"That have it as an attribute"`
}

// TextTerm is a term of the item's vector.
type TextTerm struct {
	Term      string  `json:"term" doc:"A stem, or a brand, category or attribute as a whole: brand/clay"`
	Frequency int     `json:"frequency" doc:"In the fields of the item"`
	Items     int     `json:"items" doc:"Of the shop that have it"`
	IDF       float64 `json:"idf" doc:"Inverse document frequency, natural logarithm"`
	Weight    float64 `json:"weight" doc:"In a vector of length 1: the products of two items' weights add up to their text similarity"`

	Translations []TextTranslation `json:"translations,omitempty" doc:"What the shop's parallel titles teach that it is in other languages"`
}

// TextTranslation is what a term is in another language.
type TextTranslation struct {
	Language    string  `json:"language"`
	Term        string  `json:"term"`
	Probability float64 `json:"probability" doc:"That it is translated so, above .2"`
}

// ItemText returns what the text pipeline makes of an item.
func (c *Client) ItemText(ctx context.Context, itemID string) (ItemText, error) {
	return httpclient.JSON[ItemText](ctx, c.http, http.MethodGet, "/v1/items/"+url.PathEscape(itemID)+"/text", nil, nil)
}
