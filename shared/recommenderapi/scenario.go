package recommenderapi

import (
	"encoding/json"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Scenario is a named placement, such as "home.for_you", and how it is filled.
type Scenario struct {
	ScenarioID        string     `json:"scenario_id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9._-]*$"`
	Title             string     `json:"title,omitempty" maxLength:"256"`
	Description       string     `json:"description,omitempty" maxLength:"2048"`
	Sources           []Source   `json:"sources" required:"false" maxItems:"20"`
	Fallback          []string   `json:"fallback,omitempty" maxItems:"20" doc:"Kinds of source that fill what is left, in this order"`
	Limit             int        `json:"limit,omitempty" minimum:"1" maximum:"200"`
	Seen              string     `json:"seen,omitempty" enum:"allow,exclude"`
	AllowPurchased    bool       `json:"allow_purchased,omitempty" doc:"Whether what the visitor bought may be shown"`
	ExcludeEventTypes []string   `json:"exclude_event_types,omitempty" maxItems:"20"`
	Filter            *Condition `json:"filter,omitempty"`
	Rules             []Rule     `json:"rules,omitempty" maxItems:"200"`
	MaxPerCategory    int        `json:"max_per_category,omitempty" minimum:"0" maximum:"200"`
	MaxPerBrand       int        `json:"max_per_brand,omitempty" minimum:"0" maximum:"200"`
	Diversity         float64    `json:"diversity,omitempty" minimum:"0" maximum:"1"`
	Rotation          float64    `json:"rotation,omitempty" minimum:"0" maximum:"1"`
	PriceBand         float64    `json:"price_band,omitempty" minimum:"0" maximum:"1"`
	Exploration       float64    `json:"exploration,omitempty" minimum:"0" maximum:"0.5"`
	Objective         string     `json:"objective,omitempty" enum:"clicks,conversion,revenue,margin"`
	ObjectiveStrength float64    `json:"objective_strength,omitempty" minimum:"0" maximum:"1"`
	Rows              []RowPlan  `json:"rows,omitempty" maxItems:"10" doc:"Makes the answer a page of rows, each with items of its own"`
	Builtin           bool       `json:"builtin,omitempty" readOnly:"true" doc:"As delivered, never changed"`
	Version           int64      `json:"version,omitempty" readOnly:"true" doc:"Raised by each change; the ETag"`
	UpdatedAt         wire.Time  `json:"updated_at,omitempty" readOnly:"true"`
}

// Source is one place that candidates come from.
type Source struct {
	Kind   string  `json:"kind"`
	Weight float64 `json:"weight" required:"false" minimum:"0" maximum:"1000"`
	// HalfLifeHours and EventTypes make a window of the shop's own of a list of what is popular.
	HalfLifeHours float64  `json:"half_life_hours,omitempty" required:"false" minimum:"0" maximum:"87600"`
	EventTypes    []string `json:"event_types,omitempty" required:"false" maxItems:"20"`
}

// UnmarshalJSON gives an absent weight its default.
func (s *Source) UnmarshalJSON(data []byte) error {
	type plain Source
	p := plain{Weight: 1}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*s = Source(p)
	return nil
}

// RowPlan is one row of a page, or up to Count of its kind.
type RowPlan struct {
	Kind     string `json:"kind" enum:"because_you_bought,because_you_viewed,categories_for_you,brands_for_you,bundles,scenario"`
	Title    string `json:"title,omitempty" maxLength:"256"`
	Scenario string `json:"scenario,omitempty" maxLength:"64" doc:"Of kind scenario"`
	Count    int    `json:"count,omitempty" minimum:"0" maximum:"5" doc:"At most so many rows of the kind; 1 when absent"`
	Limit    int    `json:"limit,omitempty" minimum:"0" maximum:"50"`
}

// The kinds of source.
const (
	SourceHistory          = "history"
	SourceSession          = "session"
	SourceContextSimilar   = "context_similar"
	SourceContextTogether  = "context_bought_together"
	SourceContextNext      = "context_viewed_next"
	SourceCart             = "cart"
	SourceQuery            = "query"
	SourceBuyAgain         = "buy_again"
	SourceRecentlyViewed   = "recently_viewed"
	SourceAffinityCategory = "affinity_category"
	SourceCategory         = "category"
	SourceTrending         = "trending"
	SourceBestSellers      = "best_sellers"
	SourcePopular          = "popular"
	SourceNewest           = "newest"
)

// SourceKinds lists the kinds of source.
func SourceKinds() []string {
	return []string{
		SourceHistory, SourceSession, SourceContextSimilar, SourceContextTogether, SourceContextNext, SourceCart, SourceQuery,
		SourceBuyAgain, SourceRecentlyViewed, SourceAffinityCategory, SourceCategory, SourceTrending, SourceBestSellers,
		SourcePopular, SourceNewest,
	}
}

// RuleMatch counts the items that a rule is about now.
type RuleMatch struct {
	RuleID string `json:"rule_id"`
	Shared bool   `json:"shared,omitempty" doc:"It holds in all scenarios"`
	Items  int    `json:"matching_items" doc:"Conditions that refer to a page's item or a visitor match nothing here"`
}

// SavedScenario is the answer to a change.
type SavedScenario struct {
	Scenario
	Matches  []RuleMatch           `json:"matches" doc:"By rule, in order"`
	Warnings []apierror.FieldError `json:"warnings,omitempty" doc:"What it names and does not exist: it is saved all the same"`
}

// ScenarioVersion is an entry of a scenario's history.
type ScenarioVersion struct {
	Version  int64     `json:"version"`
	At       wire.Time `json:"at"`
	Author   string    `json:"author" doc:"Id of the key that changed it"`
	Deleted  bool      `json:"deleted,omitempty"`
	Scenario Scenario  `json:"scenario"`
}

// PreviewRequest compares an unsaved scenario with the live one for a request. What it does not
// name is as it is now.
type PreviewRequest struct {
	Request  Request   `json:"request" doc:"Its scenario is the one of the path"`
	Scenario *Scenario `json:"scenario,omitempty" doc:"The whole scenario as it would be"`
	Rules    *[]Rule   `json:"rules,omitempty" doc:"Or only its rules"`
	// ModelVersions are other versions than the live ones, by relation.
	ModelVersions map[string]string `json:"model_versions,omitempty" doc:"Or the same with these model versions, by relation"`
	Shared        *[]Rule           `json:"shared_rules,omitempty" doc:"The shared rules to try; those of the shop when absent"`
}

// PreviewAnswer shows both lists and what changes.
type PreviewAnswer struct {
	Live     Answer                `json:"live"`
	Preview  Answer                `json:"preview"`
	Changes  []PreviewItem         `json:"changes" doc:"Items that move, come or go, in order of the preview, then those that go"`
	Matches  []RuleMatch           `json:"matches" doc:"By rule: those that hold in all scenarios, then those of the preview"`
	Warnings []apierror.FieldError `json:"warnings,omitempty" doc:"What the preview names and does not exist"`
}

// PreviewItem is how one item changes.
type PreviewItem struct {
	ItemID        string  `json:"item_id"`
	Before        int     `json:"position_before" doc:"0: was not shown"`
	After         int     `json:"position_after" doc:"0: is no longer shown"`
	PositionDelta int     `json:"position_delta" doc:"Places up (positive) or down"`
	ScoreBefore   float64 `json:"score_before"`
	ScoreAfter    float64 `json:"score_after"`
	ScoreDelta    float64 `json:"score_delta"`
}
