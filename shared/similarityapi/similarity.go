// Package similarityapi is the HTTP contract of the similarity-service: its JSON types and a typed client.
package similarityapi

import "github.com/aisle-rec/aisle/shared/wire"

// The relations between items.
const (
	Similar        = "similar"
	BoughtTogether = "bought_together"
	ViewedNext     = "viewed_next"
	Popular        = "popular"
)

// Neighbour is one entry of an item's neighbour list.
type Neighbour struct {
	ItemID string  `json:"item_id"`
	Score  float64 `json:"score" doc:"Weight of the link; may be negative in models that learn dislikes"`
}

// NeighbourList is the list of one item, heaviest first, ties by item id.
type NeighbourList struct {
	ItemID     string      `json:"item_id"`
	Source     string      `json:"source" enum:"behaviour,text,blend,none" doc:"What the list was made from"`
	Neighbours []Neighbour `json:"neighbours"`
}

// LookupRequest asks for the neighbour lists of up to 200 items.
type LookupRequest struct {
	Relation     string   `json:"relation" enum:"similar,bought_together,viewed_next" default:"similar"`
	ItemIDs      []string `json:"item_ids" minItems:"1" maxItems:"200"`
	Limit        int      `json:"limit,omitempty" minimum:"1" maximum:"200" default:"100" doc:"Neighbours per item"`
	ModelVersion string   `json:"model_version,omitempty" doc:"The live model when absent"`
}

// LookupAnswer holds a list per item asked for, in request order; unknown items have an empty one.
type LookupAnswer struct {
	ModelVersion string          `json:"model_version" doc:"Empty while no model has been published"`
	Relation     string          `json:"relation"`
	Lists        []NeighbourList `json:"lists"`
}

// NextRequest asks what a session may look at next.
type NextRequest struct {
	ItemIDs      []string `json:"item_ids" minItems:"1" maxItems:"100" doc:"The session so far, oldest first"`
	Limit        int      `json:"limit,omitempty" minimum:"1" maximum:"500" default:"100"`
	ModelVersion string   `json:"model_version,omitempty"`
}

// NextAnswer holds the likeliest next items; the contributions of an item, added in order, are its score bit for bit.
type NextAnswer struct {
	ModelVersion string     `json:"model_version"`
	Items        []NextItem `json:"items"`
}

// NextItem is one likely next item.
type NextItem struct {
	ItemID        string         `json:"item_id"`
	Score         float64        `json:"score"`
	Contributions []Contribution `json:"contributions"`
}

// Contribution is the share that one item of the session has in a score.
type Contribution struct {
	ItemID string  `json:"item_id"`
	Weight float64 `json:"weight"`
}

// PopularAnswer is the popularity list of a shop or of one of its categories.
type PopularAnswer struct {
	Category string      `json:"category,omitempty"`
	Window   string      `json:"window" doc:"trending (7-day half-life) or best_sellers (purchases, 30-day half-life)"`
	AsOf     wire.Time   `json:"as_of"`
	Items    []Neighbour `json:"items"`
}

// PopularQuery asks for a popularity list.
type PopularQuery struct {
	Category string // "": whole shop; else a category path joined by " > "
	Window   string // trending, best_sellers, popular; "" is popular
	Limit    int    // 0 means 100
}

// LiveModels says which model version serves each relation; a relation without one is absent.
type LiveModels struct {
	Live map[string]string `json:"live"`
}
