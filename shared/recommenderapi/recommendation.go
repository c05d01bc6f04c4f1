package recommenderapi

import (
	"context"
	"net/http"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Request asks a scenario for items.
type Request struct {
	Scenario          string              `json:"scenario" minLength:"1" maxLength:"128" example:"home.for_you"`
	UserID            string              `json:"user_id,omitempty" maxLength:"256"`
	SessionID         string              `json:"session_id,omitempty" maxLength:"256"`
	Events            []profileapi.Event  `json:"events,omitempty" maxItems:"100" doc:"What the visitor just did and was not posted yet; counts for this answer only"`
	Cart              []string            `json:"cart,omitempty" maxItems:"200" doc:"Item ids in the cart"`
	ContextItems      []string            `json:"context_items,omitempty" maxItems:"50" doc:"Items of the page, such as the product shown"`
	Category          string              `json:"category,omitempty" maxLength:"4096" doc:"Category of the page, its path joined by \" > \""`
	Limit             int                 `json:"limit,omitempty" minimum:"1" maximum:"200" doc:"The scenario's when absent"`
	Filter            *Condition          `json:"filter,omitempty" doc:"Only items that meet it"`
	ExcludeItems      []string            `json:"exclude_items,omitempty" maxItems:"1000"`
	ExcludeEventTypes []string            `json:"exclude_event_types,omitempty" maxItems:"20" doc:"Leave out items of which the visitor has such an event"`
	Fields            []string            `json:"fields,omitempty" maxItems:"50" doc:"Item fields to return beside the id"`
	Diversity         *float64            `json:"diversity,omitempty" minimum:"0" maximum:"1"`
	Rotation          *float64            `json:"rotation,omitempty" minimum:"0" maximum:"1"`
	Fallback          string              `json:"fallback,omitempty" enum:"fill,strict" doc:"strict: fewer items rather than less personal ones"`
	Explain           string              `json:"explain,omitempty" enum:"none,reasons,full"`
	Consent           *profileapi.Consent `json:"consent,omitempty"`
	Market            *Market             `json:"market,omitempty"`
	Cursor            string              `json:"cursor,omitempty" maxLength:"4096" doc:"next_cursor of the answer before: more of the same without repeats"`
	DeadlineMS        int                 `json:"deadline_ms,omitempty" minimum:"10" maximum:"5000"`
}

// Market is where and how the visitor buys.
type Market struct {
	Country   string `json:"country,omitempty" maxLength:"2"`
	Language  string `json:"language,omitempty" maxLength:"35"`
	Currency  string `json:"currency,omitempty" maxLength:"3"`
	PriceList string `json:"price_list,omitempty" maxLength:"64"`
}

// Answer is a list of items for one placement.
type Answer struct {
	RecommendationID string            `json:"recommendation_id" doc:"Send it back with the events that follow"`
	Scenario         string            `json:"scenario"`
	ScenarioVersion  int64             `json:"scenario_version"`
	ModelVersions    map[string]string `json:"model_versions" doc:"By relation"`
	Experiment       *Arm              `json:"experiment,omitempty"`
	Items            []RecommendedItem `json:"items"`
	Degraded         []string          `json:"degraded,omitempty" doc:"Peers and stores that could not help"`
	Freshness        Freshness         `json:"freshness"`
	NextCursor       *string           `json:"next_cursor"`
}

// Arm is the arm of an experiment that answered.
type Arm struct {
	ExperimentID string `json:"experiment_id"`
	Arm          string `json:"arm"`
}

// Freshness says how new the inputs of an answer are.
type Freshness struct {
	ProfileAsOf   wire.Time `json:"profile_as_of,omitempty"`
	LastEventID   string    `json:"last_event_id,omitempty"`
	CatalogueAsOf wire.Time `json:"catalogue_as_of,omitempty"`
}

// RecommendedItem is one recommended item.
type RecommendedItem struct {
	ItemID      string         `json:"item_id"`
	Position    int            `json:"position"`
	Score       float64        `json:"score"`
	Tier        string         `json:"tier" doc:"What supplied the slot: personal, context, category, popular, …"`
	Reasons     []Reason       `json:"reasons,omitempty"`
	Fields      map[string]any `json:"fields,omitempty"`
	Explanation *Explanation   `json:"explanation,omitempty"`
}

// Reason is a machine-readable reason.
type Reason struct {
	Code   string `json:"code" example:"because_you_viewed"`
	ItemID string `json:"item_id,omitempty"`
	Value  string `json:"value,omitempty" doc:"A category, brand or rule"`
}

// Explanation adds up: the contributions in order give BaseScore bit for bit, and BaseScore with the boosts in order gives the score.
type Explanation struct {
	BaseScore     float64             `json:"base_score"`
	Contributions []ScoreContribution `json:"contributions"`
	Boosts        []Boost             `json:"boosts,omitempty"`
}

// ScoreContribution is the share of one seed in a base score: weight × similarity × source weight.
type ScoreContribution struct {
	Source     string  `json:"source" doc:"similar, bought_together, viewed_next, popular, …"`
	SeedItemID string  `json:"seed_item_id,omitempty"`
	Category   string  `json:"category,omitempty" doc:"Of a popularity list"`
	EventType  string  `json:"event_type,omitempty"`
	AgeHours   float64 `json:"age_hours,omitempty"`
	SeedWeight float64 `json:"seed_weight" doc:"What the seed's event and age make of it"`
	Factor     float64 `json:"factor" doc:"seed_weight × weight of the source ÷ its best candidate's sum"`
	Similarity float64 `json:"similarity"`
	Value      float64 `json:"value" doc:"factor × similarity"`
}

// Boost is one change of a score by a rule, diversity, rotation or exploration.
type Boost struct {
	Source string  `json:"source"`
	Factor float64 `json:"factor"`
	After  float64 `json:"after"`
}

// Recommend asks a scenario for items.
func (c *Client) Recommend(ctx context.Context, r Request) (Answer, error) {
	return httpclient.JSON[Answer](ctx, c.http, http.MethodPost, "/v1/recommendations", nil, r)
}
