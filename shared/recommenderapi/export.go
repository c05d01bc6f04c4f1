package recommenderapi

import (
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// ExportRequest asks for recommendations for many people at once.
type ExportRequest struct {
	Scenario string     `json:"scenario" minLength:"1" maxLength:"64" example:"email.for_you"`
	UserIDs  []string   `json:"user_ids,omitempty" maxItems:"10000" doc:"For these people"`
	Segment  string     `json:"segment,omitempty" maxLength:"256" doc:"Or for everybody in this segment"`
	Audience *Audience  `json:"audience,omitempty" doc:"Or for those who should hear of an item"`
	Limit    int        `json:"limit,omitempty" minimum:"0" maximum:"200" doc:"Items per person; the scenario's when absent"`
	Fields   []string   `json:"fields,omitempty" maxItems:"50"`
	Filter   *Condition `json:"filter,omitempty"`
	Market   *Market    `json:"market,omitempty"`
	Format   string     `json:"format,omitempty" enum:"ndjson,csv" default:"ndjson"`
}

// Audience asks for the people who should hear of an item.
type Audience struct {
	ItemID string `json:"item_id" minLength:"1" maxLength:"256"`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"So many people at most"`
	// MinScore is a share of the score of a person's best candidate.
	MinScore *float64 `json:"min_score,omitempty" minimum:"0" maximum:"1" doc:"Least score as a share of the best one; .1 when absent"`
}

// AudienceRequest asks who should hear of an item that is back in stock, new, or costs less now.
type AudienceRequest struct {
	Audience
	Scenario string     `json:"scenario,omitempty" maxLength:"64" default:"email.item_alert" doc:"Whose rules, filters and weights hold"`
	Fields   []string   `json:"fields,omitempty" maxItems:"50"`
	Filter   *Condition `json:"filter,omitempty"`
	Market   *Market    `json:"market,omitempty"`
	Format   string     `json:"format,omitempty" enum:"ndjson,csv" default:"ndjson"`
}

// The states of an export.
const (
	ExportQueued    = "queued"
	ExportRunning   = "running"
	ExportDone      = "done"
	ExportFailed    = "failed"
	ExportCancelled = "cancelled"
)

// Export is the state of an export.
type Export struct {
	ExportID   string                `json:"export_id"`
	State      string                `json:"state" enum:"queued,running,done,failed,cancelled"`
	Done       int                   `json:"done" doc:"People written"`
	Total      int                   `json:"total" doc:"People to write; 0 while a segment is being read"`
	Error      string                `json:"error,omitempty"`
	Request    ExportRequest         `json:"request"`
	CreatedAt  wire.Time             `json:"created_at"`
	FinishedAt wire.Time             `json:"finished_at,omitempty"`
	Warnings   []apierror.FieldError `json:"warnings,omitempty" doc:"When it is started: what its filter names and the shop lacks"`
}

// ExportLine is one line of an NDJSON export.
type ExportLine struct {
	UserID           string            `json:"user_id"`
	RecommendationID string            `json:"recommendation_id"`
	Items            []RecommendedItem `json:"items"`
	Degraded         []string          `json:"degraded,omitempty"`
}
