package recommenderapi

import (
	"encoding/json"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// PersonErased is what the erasure of a person did in all services. It does not name the person.
type PersonErased struct {
	Profile         profileapi.ErasureReceipt `json:"profile" doc:"What the profile-service removed, with the number of its receipt"`
	Recommendations Forgotten                 `json:"recommendations" doc:"What the recommender-service removed, under all of their names"`
	Left            []profileapi.Held         `json:"left" doc:"What is still there afterwards, in any service, where and until when"`
}

// PersonEntry is one line of what all services hold on a person: those of the profile-service, then those of the recommender-service, then
// the end, without which the stream was cut.
type PersonEntry struct {
	profileapi.ExportEntry
	Decision json.RawMessage `json:"decision,omitempty" doc:"With decision: what an answer to the person was made from"`
	Click    *PersonClick    `json:"click,omitempty"`
	Arm      *PersonArm      `json:"experiment_arm,omitempty" doc:"With experiment_arm: results of an experiment that count the person"`
	More     *PersonCounts   `json:"recommendation_counts,omitempty" doc:"With the end"`
}

// PersonClick is a click that purchases can be attributed to.
type PersonClick struct {
	ItemID           string    `json:"item_id"`
	RecommendationID string    `json:"recommendation_id"`
	At               wire.Time `json:"at"`
}

// PersonArm is an arm of an experiment that a person was in.
type PersonArm struct {
	Experiment string `json:"experiment_id"`
	Arm        string `json:"arm"`
}

// PersonCounts are the numbers of lines that the recommender-service added.
type PersonCounts struct {
	Decisions      int `json:"decisions"`
	Clicks         int `json:"clicks"`
	ExperimentArms int `json:"experiment_arms"`
}
