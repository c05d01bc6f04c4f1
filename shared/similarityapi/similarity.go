// Package similarityapi is the HTTP contract of the similarity-service: its JSON types and a typed client.
package similarityapi

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/wire"
)

// The relations between items.
const (
	Similar        = "similar"
	BoughtTogether = "bought_together"
	ViewedNext     = "viewed_next"
)

// Relations lists what a recompute makes, in the order in which it does.
func Relations() []string { return []string{Similar, BoughtTogether, ViewedNext} }

// Neighbour is one entry of an item's neighbour list.
type Neighbour struct {
	ItemID string  `json:"item_id"`
	Score  float64 `json:"score" doc:"Weight of the link; may be negative in models that learn dislikes"`

	VariantID string `json:"variant_id,omitempty" doc:"In popularity lists, of a product with variants: the one that did most for it"`

	Available *bool `json:"available,omitempty" doc:"Where it is said: false for an item that is hidden or sold out now"`
}

// DegradedModel is in the degraded of answers that are not made with the live model, because that is damaged.
const DegradedModel = "model"

// NeighbourList is the list of one item, the largest weights first whatever their sign, ties by item id.
type NeighbourList struct {
	ItemID     string      `json:"item_id"`
	Source     string      `json:"source" enum:"behaviour,text,vectors,blend,none" doc:"What the list was made from"`
	Neighbours []Neighbour `json:"neighbours"`
}

// LookupRequest asks for the neighbour lists of up to 200 items.
type LookupRequest struct {
	Relation     string   `json:"relation" enum:"similar,bought_together,viewed_next" default:"similar"`
	ItemIDs      []string `json:"item_ids" minItems:"1" maxItems:"200"`
	Limit        int      `json:"limit,omitempty" minimum:"1" maximum:"200" default:"100" doc:"Neighbours per item"`
	ModelVersion string   `json:"model_version,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9_.-]*$" doc:"The live model when absent"`
}

// LookupAnswer holds a list per item asked for, in request order; unknown items have an empty one.
type LookupAnswer struct {
	ModelVersion string          `json:"model_version" doc:"Empty while no model has been published"`
	Relation     string          `json:"relation"`
	Lists        []NeighbourList `json:"lists"`
	Degraded     []string        `json:"degraded,omitempty" doc:"model: the live model is damaged; an older one or the texts answer"`
	Seeding      *Seeding        `json:"seeding,omitempty" doc:"How items of a history weigh beside each other in a sum over their lists"`
}

// Readings of the weight of what a visitor did to an item.
const (
	ValuesOnes    = "ones"    // what was done at all counts the same
	ValuesWeights = "weights" // as the sum of the weights of its events
)

// Seeding says how the items of a history weigh in the sum over a model's lists with which the model was chosen and measured.
type Seeding struct {
	Values   string  `json:"values" enum:"ones,weights" doc:"Weight of an item of a history; weights: the sum of its events"`
	HalfLife float64 `json:"half_life,omitempty" doc:"Number of later items after which an item weighs half; 0: none fades"`
}

// NextRequest asks what a session may look at next.
type NextRequest struct {
	ItemIDs      []string `json:"item_ids" minItems:"1" maxItems:"100" doc:"The session so far, oldest first"`
	Limit        int      `json:"limit,omitempty" minimum:"1" maximum:"500" default:"100"`
	ModelVersion string   `json:"model_version,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9_.-]*$"`
}

// NextAnswer holds the likeliest next items; the contributions of an item, added in order, are its score bit for bit.
type NextAnswer struct {
	ModelVersion string     `json:"model_version"`
	Items        []NextItem `json:"items"`

	Degraded []string `json:"degraded,omitempty" doc:"model: the live model is damaged and an older one answers, or none"`
}

// NextItem is one likely next item.
type NextItem struct {
	ItemID        string      `json:"item_id"`
	Score         float64     `json:"score"`
	Contributions []SeedShare `json:"contributions"`
}

// SeedShare is the share that one item of the session has in a score.
type SeedShare struct {
	ItemID string  `json:"item_id"`
	Weight float64 `json:"weight"`
}

// PopularWindow is a way to count what is popular: one of those that are always counted, or one of a shop's own. It can be compared.
type PopularWindow struct {
	Name string // popular, trending or best_sellers
	// HalfLifeHours is after how many hours an event counts half; 0: as the window of that name.
	HalfLifeHours float64
	// EventTypes are the types that count, joined by commas, sorted; "": as the window of that name.
	EventTypes string
}

// ShortestHalfLife is the least half-life of a window, in hours.
const ShortestHalfLife = .1

// NewPopularWindow returns a window; eventTypes may be in any order.
func NewPopularWindow(name string, halfLifeHours float64, eventTypes []string) PopularWindow {
	types := slices.Compact(slices.Sorted(slices.Values(eventTypes)))
	return PopularWindow{Name: name, HalfLifeHours: halfLifeHours, EventTypes: strings.Join(types, ",")}
}

// Own reports whether the window is a shop's own.
func (w PopularWindow) Own() bool { return w.HalfLifeHours != 0 || w.EventTypes != "" }

// Types returns the types of event that count; nil: as the window of that name.
func (w PopularWindow) Types() []string {
	if w.EventTypes == "" {
		return nil
	}
	return strings.Split(w.EventTypes, ",")
}

// PopularAnswer is the popularity list of a shop or of one of its categories.
type PopularAnswer struct {
	Category      string      `json:"category,omitempty"`
	Window        string      `json:"window" doc:"popular (half-life 30 days), trending (7 days), or best_sellers (purchases, 30 days)"`
	HalfLifeHours float64     `json:"half_life_hours,omitempty" doc:"Of a window of one's own"`
	EventTypes    []string    `json:"event_types,omitempty" doc:"Of a window of one's own"`
	AsOf          wire.Time   `json:"as_of"`
	Items         []Neighbour `json:"items"`
}

// PopularQuery asks for a popularity list.
type PopularQuery struct {
	Category string        // "": whole shop; else a category path joined by " > "
	Window   PopularWindow // of no name: popular
	Limit    int           // 0 means 100
}

// LiveModels says which model version serves each relation; a relation without one is absent.
type LiveModels struct {
	Live  map[string]string `json:"live" doc:"Model version by relation"`
	Texts string            `json:"texts" doc:"Fingerprint of the texts; with it, lists of source text, blend or none change"`

	Degraded []ModelFallback `json:"degraded,omitempty" doc:"Relations whose live model is damaged, with what serves instead"`
}

// ModelFallback says that the live model of a relation is damaged.
type ModelFallback struct {
	Relation string `json:"relation"`
	Version  string `json:"version" doc:"The live version, whose snapshot is damaged or gone"`
	Serving  string `json:"serving" doc:"The newest sound version before it, which serves; empty: only texts answer"`
}

// Pair is what links two items: the numbers behind a neighbour.
type Pair struct {
	ItemID           string         `json:"item_id"`
	OtherID          string         `json:"other_id"`
	Relation         string         `json:"relation"`
	ModelVersion     string         `json:"model_version"`
	Algorithm        string         `json:"algorithm,omitempty"`
	Parameters       map[string]any `json:"parameters,omitempty"`
	Weight           float64        `json:"weight" doc:"Weight of other_id in the list of item_id; 0 when it is not in it"`
	Rank             int            `json:"rank" doc:"Place in that list, from 1; 0 when it is not in it"`
	ReverseWeight    float64        `json:"reverse_weight"`
	ReverseRank      int            `json:"reverse_rank"`
	Support          float64        `json:"support" doc:"Visitors, orders or clicks behind item_id"`
	OtherSupport     float64        `json:"other_support"`
	TextSimilarity   float64        `json:"text_similarity" doc:"Cosine of the texts: the sum of the shared terms' weights"`
	VectorSimilarity float64        `json:"vector_similarity" doc:"Mean cosine of the first item's vectors with those of the other, 0 to 1"`
	SharedTerms      []SharedTerm   `json:"shared_terms"`
}

// SharedTerm is a term of both texts and its part of their similarity.
type SharedTerm struct {
	Term   string  `json:"term"`
	Weight float64 `json:"weight"`
}

// Comparison is how two versions of a relation differ.
type Comparison struct {
	Version string             `json:"version"`
	Other   string             `json:"other"`
	Metrics map[string]float64 `json:"metric_deltas" doc:"Figures of version less those of other, each on its own held-out part"`
	Overlap float64            `json:"overlap" doc:"Mean share of the first 20 neighbours in common, over items that both list"`
	Items   int                `json:"items_compared"`
	Added   int                `json:"items_added" doc:"Items that only version lists"`
	Removed int                `json:"items_removed"`
	Movers  []Mover            `json:"movers" doc:"The items whose lists differ most"`
}

// Mover is an item whose list changed much.
type Mover struct {
	ItemID  string  `json:"item_id"`
	Overlap float64 `json:"overlap"`
}
