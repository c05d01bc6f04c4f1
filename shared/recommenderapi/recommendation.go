package recommenderapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Request asks a scenario for items. Only Scenario is needed: who is not named gets what a
// stranger gets. Events are those that the page has not posted yet.
type Request struct {
	Scenario          string              `json:"scenario" minLength:"1" maxLength:"128" example:"home.for_you"`
	UserID            string              `json:"user_id,omitempty" maxLength:"256"`
	SessionID         string              `json:"session_id,omitempty" maxLength:"256"`
	Events            []profileapi.Event  `json:"events,omitempty" maxItems:"100"`
	Cart              []string            `json:"cart,omitempty" maxItems:"200" doc:"Item ids in the cart"`
	ContextItems      []string            `json:"context_items,omitempty" maxItems:"50" doc:"Items of the page, such as the product shown"`
	Q                 string              `json:"q,omitempty" maxLength:"512" example:"teapot with roses"`
	Category          string              `json:"category,omitempty" maxLength:"4096" doc:"Category path of the page, joined by \" > \""`
	Limit             int                 `json:"limit,omitempty" minimum:"1" maximum:"200" doc:"The scenario's when absent"`
	Filter            *Condition          `json:"filter,omitempty" doc:"Only items that meet it"`
	ExcludeItems      []string            `json:"exclude_items,omitempty" maxItems:"1000"`
	ExcludeEventTypes []string            `json:"exclude_event_types,omitempty" maxItems:"20"`
	Fields            []string            `json:"fields,omitempty" maxItems:"50" doc:"Item fields to return beside the id"`
	Diversity         *float64            `json:"diversity,omitempty" minimum:"0" maximum:"1"`
	Rotation          *float64            `json:"rotation,omitempty" minimum:"0" maximum:"1"`
	Facets            int                 `json:"facets,omitempty" minimum:"0" maximum:"5"`
	Fallback          string              `json:"fallback,omitempty" enum:"fill,strict"`
	Explain           string              `json:"explain,omitempty" enum:"none,reasons,full"`
	Consent           *profileapi.Consent `json:"consent,omitempty"`
	Market            *Market             `json:"market,omitempty"`
	Channel           string              `json:"channel,omitempty" enum:"agent,app,email,store,ads,other"`
	Cursor            string              `json:"cursor,omitempty" maxLength:"4096"`
	DeadlineMS        int                 `json:"deadline_ms,omitempty" minimum:"10" maximum:"5000"`
	Test              bool                `json:"test,omitempty"`

	Robot bool `json:"-"` // the caller's browser names itself a program; set by the server
}

// Market is where and how the visitor buys.
type Market struct {
	Country   string `json:"country,omitempty" maxLength:"2"`
	Language  string `json:"language,omitempty" maxLength:"35"`
	Currency  string `json:"currency,omitempty" maxLength:"3"`
	PriceList string `json:"price_list,omitempty" maxLength:"64"`
}

// Answer is a list of items for one placement, best first. An empty list is an answer; Degraded
// says which parts could not help with it. NextCursor is nil at the end.
type Answer struct {
	RecommendationID string                `json:"recommendation_id" doc:"Send it back with the events that follow"`
	Scenario         string                `json:"scenario"`
	ScenarioVersion  int64                 `json:"scenario_version"`
	ModelVersions    map[string]string     `json:"model_versions" doc:"By relation"`
	Experiment       *Arm                  `json:"experiment,omitempty"`
	Items            []RecommendedItem     `json:"items"`
	Rows             []Row                 `json:"rows,omitempty" doc:"Of a scenario that makes rows; items is empty then"`
	Facets           []Facet               `json:"facets,omitempty" doc:"Fields that split best the first 100 items that can be shown"`
	Degraded         []string              `json:"degraded,omitempty" doc:"Peers and stores that could not help"`
	Freshness        Freshness             `json:"freshness"`
	Warnings         []apierror.FieldError `json:"warnings,omitempty" doc:"What the shop lacks of it, and what it lacks itself"`
	NextCursor       *string               `json:"next_cursor"`
}

// Facet is a field whose values split a list.
type Facet struct {
	Field  string       `json:"field" example:"attributes.colour" doc:"As in filters"`
	Values []FacetValue `json:"values" doc:"The ten most frequent, or bands of the price in order"`
}

// FacetValue is a value of a facet, or a band of prices.
type FacetValue struct {
	Value string   `json:"value,omitempty"`
	From  *float64 `json:"from,omitempty" doc:"Of a band of prices: from this on"`
	Below *float64 `json:"below,omitempty" doc:"Of a band of prices: below this; absent for the last"`
	Items int      `json:"items" doc:"So many of the items have it"`
}

// Row is one row of a page.
type Row struct {
	Kind             string            `json:"kind"`
	Title            string            `json:"title,omitempty"`
	ItemID           string            `json:"item_id,omitempty" doc:"The item that the row is about"`
	Value            string            `json:"value,omitempty" doc:"The category or brand that the row is about"`
	RecommendationID string            `json:"recommendation_id"`
	Bundle           *BundleOffer      `json:"bundle,omitempty" doc:"Of a row of kind bundles"`
	Items            []RecommendedItem `json:"items" doc:"Of a bundle: what is bought with item_id"`
}

// BundleOffer says of a bundle how it is bought, and what it costs now.
type BundleOffer struct {
	Support    int      `json:"support" doc:"Orders that hold all of it"`
	Confidence float64  `json:"confidence" doc:"Share of the orders with item_id that hold all of it"`
	Lift       float64  `json:"lift" doc:"Orders that hold all of it, over the number expected if items were bought independently"`
	Price      *float64 `json:"price,omitempty" doc:"Of all its items in the visitor's market; absent when unknown or of mixed currencies"`
	Currency   string   `json:"currency,omitempty"`
}

// Arm is the arm of an experiment that answered.
type Arm struct {
	ExperimentID string `json:"experiment_id"`
	Arm          string `json:"arm"`
}

// Freshness says how new the inputs of an answer are.
type Freshness struct {
	Stale         bool      `json:"stale,omitempty" doc:"The visitor is as of profile_as_of: the profile-service did not answer in time"`
	ProfileAsOf   wire.Time `json:"profile_as_of,omitempty"`
	LastEventID   string    `json:"last_event_id,omitempty"`
	CatalogueAsOf wire.Time `json:"catalogue_as_of,omitempty"`
}

// RecommendedItem is one recommended item. Position counts from 1.
type RecommendedItem struct {
	ItemID      string       `json:"item_id"`
	VariantID   string       `json:"variant_id,omitempty"`
	FamilyID    string       `json:"family_id,omitempty"`
	Position    int          `json:"position"`
	Score       float64      `json:"score"`
	Tier        string       `json:"tier" doc:"What supplied the slot: personal, context, category, popular, …"`
	Reasons     []Reason     `json:"reasons,omitempty"`
	Fields      Fields       `json:"fields,omitempty"`
	Explanation *Explanation `json:"explanation,omitempty"`
}

// Reason is a machine-readable reason, by a code such as "because_you_viewed".
type Reason struct {
	Code   string `json:"code" example:"because_you_viewed"`
	ItemID string `json:"item_id,omitempty"`
	Title  string `json:"title,omitempty" doc:"Of that item, or of its product, as long as it may be shown"`
	Value  string `json:"value,omitempty" doc:"A category, brand or rule"`
}

// Explanation adds up: the contributions in order give BaseScore bit for bit, and BaseScore with the boosts in order gives the score.
type Explanation struct {
	BaseScore     float64             `json:"base_score"`
	Contributions []ScoreContribution `json:"contributions"`
	Boosts        []Boost             `json:"boosts,omitempty"`
}

// ScoreContribution is what one seed adds to a base score: weight × similarity × source weight.
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

// Boost is one change of a score by a rule, diversity, rotation or exploration: what it was
// multiplied with, and what it was after.
type Boost struct {
	Source string  `json:"source"`
	Factor float64 `json:"factor"`
	After  float64 `json:"after"`
}

// ExplainRequest asks why an item is, or is not, in the answer to a request.
type ExplainRequest struct {
	Request
	ItemID string `json:"item_id" minLength:"1" maxLength:"256"`
}

// ExplainAnswer says why an item is in an answer or which stage dropped it.
type ExplainAnswer struct {
	ItemID             string            `json:"item_id"`
	Scenario           string            `json:"scenario"`
	ScenarioVersion    int64             `json:"scenario_version"`
	ModelVersions      map[string]string `json:"model_versions"`
	Included           bool              `json:"included"`
	Item               *RecommendedItem  `json:"item,omitempty" doc:"The item as it is shown"`
	Stage              string            `json:"stage"`
	Detail             string            `json:"detail,omitempty"`
	Dropped            []string          `json:"dropped_by,omitempty" doc:"Every check that drops it, in order"`
	RecommendedInstead string            `json:"recommended_instead,omitempty"`
	Rank               int               `json:"rank,omitempty"`
	Total              int               `json:"total,omitempty" doc:"So many candidates may be shown"`
	Score              float64           `json:"score"`
	LowestScore        float64           `json:"lowest_score" doc:"Of the last item shown"`
	Tier               string            `json:"tier,omitempty"`
	Explanation        *Explanation      `json:"explanation,omitempty"`
	Degraded           []string          `json:"degraded,omitempty"`
}

// Explain asks why an item is, or is not, recommended.
func (c *Client) Explain(ctx context.Context, r ExplainRequest) (ExplainAnswer, error) {
	return httpclient.JSON[ExplainAnswer](ctx, c.http, http.MethodPost, "/v1/recommendations/explain", nil, r)
}

// Recommend asks a scenario for items.
func (c *Client) Recommend(ctx context.Context, r Request) (Answer, error) {
	return httpclient.JSON[Answer](ctx, c.http, http.MethodPost, "/v1/recommendations", nil, r)
}

// PageRequest asks for up to 10 placements of one page. Visitor, events, cart and market are those of the page.
type PageRequest struct {
	UserID     string              `json:"user_id,omitempty" maxLength:"256"`
	SessionID  string              `json:"session_id,omitempty" maxLength:"256"`
	Events     []profileapi.Event  `json:"events,omitempty" maxItems:"100"`
	Cart       []string            `json:"cart,omitempty" maxItems:"200"`
	Consent    *profileapi.Consent `json:"consent,omitempty"`
	Market     *Market             `json:"market,omitempty"`
	Channel    string              `json:"channel,omitempty" enum:"agent,app,email,store,ads,other"`
	Test       bool                `json:"test,omitempty" doc:"Calls to look at answers: they count in no figure"`
	Placements []Request           `json:"placements" minItems:"1" maxItems:"10"`
}

// PageAnswer holds an answer per placement, in the order asked for.
type PageAnswer struct {
	Placements []Answer `json:"placements"`
}

// RankRequest asks to order items for a visitor. Nothing is left out of the list or added to
// it.
type RankRequest struct {
	UserID    string              `json:"user_id,omitempty" maxLength:"256"`
	SessionID string              `json:"session_id,omitempty" maxLength:"256"`
	Events    []profileapi.Event  `json:"events,omitempty" maxItems:"100"`
	Consent   *profileapi.Consent `json:"consent,omitempty"`
	ItemIDs   []string            `json:"item_ids" minItems:"1" maxItems:"1000" doc:"In the order of the shop, best first"`
}

// RankAnswer is the list in the visitor's order.
type RankAnswer struct {
	Items         []RankedItem      `json:"items"`
	ModelVersions map[string]string `json:"model_versions"`
	Degraded      []string          `json:"degraded,omitempty"`
}

// RankedItem is one item of a ranked list.
type RankedItem struct {
	ItemID    string   `json:"item_id"`
	Position  int      `json:"position"`
	Was       int      `json:"was" doc:"Place in the request, from 1"`
	Score     float64  `json:"score" doc:"0: nothing is known of it and this visitor"`
	Available bool     `json:"available" doc:"false: it may not be sold now, or is not in the catalogue"`
	Reasons   []Reason `json:"reasons,omitempty"`
}

// Decision is what a past answer was made from: enough to make it again.
type Decision struct {
	RecommendationID string            `json:"recommendation_id"`
	At               wire.Time         `json:"at"`
	Scenario         string            `json:"scenario"`
	ScenarioVersion  int64             `json:"scenario_version"`
	Experiment       *Arm              `json:"experiment,omitempty"`
	Request          Request           `json:"request"`
	ProfileAsOf      wire.Time         `json:"profile_as_of,omitempty"`
	Watermark        int64             `json:"profile_watermark"`
	ModelVersions    map[string]string `json:"model_versions"`
	Degraded         []string          `json:"degraded,omitempty"`
	Digest           string            `json:"digest" doc:"Fingerprint of items, order and scores"`
}

// Replay is a past answer made again. Identical is by items, order and scores.
type Replay struct {
	Identical bool     `json:"identical"`
	Gone      []string `json:"gone,omitempty" doc:"Inputs that exist no longer or differ"`
	Answer    Answer   `json:"answer"`
}

// Replay makes a past answer again.
func (c *Client) Replay(ctx context.Context, recommendationID string) (Replay, error) {
	return httpclient.JSON[Replay](
		ctx, c.http, http.MethodPost, "/v1/recommendations/"+url.PathEscape(recommendationID)+"/replay", nil, nil,
	)
}

// Forgotten counts what was removed of a person. It does not name the person.
type Forgotten struct {
	Decisions   int64 `json:"decisions" doc:"Logged inputs of answers"`
	Clicks      int64 `json:"clicks" doc:"Clicks that purchases could be attributed to"`
	Experiments int64 `json:"experiments" doc:"Arms of experiments whose results no longer count the person"`
}
