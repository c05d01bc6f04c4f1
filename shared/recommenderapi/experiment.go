package recommenderapi

import (
	"reflect"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Experiment compares arms: a visitor is always in the same one. A rollout is an experiment whose first arm is what serves now.
type Experiment struct {
	ExperimentID string          `json:"experiment_id,omitempty" maxLength:"24" pattern:"^[A-Za-z0-9._-]*$"`
	Title        string          `json:"title,omitempty" maxLength:"256"`
	Kind         string          `json:"kind,omitempty" enum:"experiment,rollout,holdout"`
	Status       string          `json:"status" enum:"draft,running,stopped"`
	Scenarios    []string        `json:"scenarios,omitempty" maxItems:"100" doc:"Where it applies; everywhere when empty"`
	Traffic      float64         `json:"traffic" minimum:"0" maximum:"1"`
	Arms         []ExperimentArm `json:"arms" minItems:"1" maxItems:"10" doc:"The first is the control"`
	Guardrails   Guardrails      `json:"guardrails,omitempty"`
	StopReason   string          `json:"stop_reason,omitempty" readOnly:"true" doc:"The guardrail that stopped it"`
	Version      int64           `json:"version,omitempty" readOnly:"true"`
	UpdatedAt    wire.Time       `json:"updated_at,omitempty" readOnly:"true"`
}

// SavedExperiment is an experiment as it was stored.
type SavedExperiment struct {
	Experiment
	Warnings []apierror.FieldError `json:"warnings,omitempty" doc:"Model versions that are gone or not known, and arms that show the same"`
}

// Alike returns the first two arms, by their numbers, that show the same, so that there is nothing to find between them; false for none. An
// arm that names the only scenario of the experiment shows what one shows that names none.
func (x *Experiment) Alike() (one, other int, alike bool) {
	for other := range x.Arms {
		for one := range other {
			if reflect.DeepEqual(x.shown(one), x.shown(other)) {
				return one, other, true
			}
		}
	}
	return 0, 0, false
}

// shown is what an arm shows, without its name and to whom.
func (x *Experiment) shown(n int) ExperimentArm {
	arm := x.Arms[n]
	arm.Name, arm.Share, arm.Shadow = "", 0, false
	if len(x.Scenarios) == 1 && arm.Scenario == x.Scenarios[0] {
		arm.Scenario = ""
	}
	if len(arm.ModelVersions) == 0 {
		arm.ModelVersions = nil
	}
	return arm
}

// ExperimentArm is one arm. What it does not name is as it is without the experiment.
type ExperimentArm struct {
	Name          string            `json:"name" minLength:"1" maxLength:"24" pattern:"^[A-Za-z0-9._-]+$"`
	Share         float64           `json:"share" minimum:"0" maximum:"1" doc:"Of those who take part; the shares sum to 1"`
	Scenario      string            `json:"scenario,omitempty" maxLength:"64" doc:"Another scenario to use"`
	Configuration *Scenario         `json:"configuration,omitempty" doc:"Another configuration to use"`
	ModelVersions map[string]string `json:"model_versions,omitempty" doc:"Versions by relation instead of the live ones"`
	Shadow        bool              `json:"shadow,omitempty" doc:"Computed beside the control and compared with it, never shown"`
}

// Guardrails stop an experiment when an arm is clearly worse than the control; a limit of 0 is
// none.
type Guardrails struct {
	MaxDegradedShare  float64 `json:"max_degraded_share,omitempty" minimum:"0" maximum:"1" doc:"Answers that lacked a peer; 0 for no limit"`
	MaxEmptyShare     float64 `json:"max_empty_share,omitempty" minimum:"0" maximum:"1" doc:"Answers without an item"`
	MaxLatencyMS      float64 `json:"max_latency_ms,omitempty" minimum:"0" maximum:"60000" doc:"Mean time of an answer"`
	MinClickRateRatio float64 `json:"min_click_rate_ratio,omitempty" minimum:"0" maximum:"1"`
	MinVisitors       int64   `json:"min_visitors,omitempty" minimum:"0" doc:"Of each arm before a guardrail counts; 100 when absent"`
}

// ExperimentResults are the figures of an experiment.
type ExperimentResults struct {
	ExperimentID   string      `json:"experiment_id"`
	Arms           []ArmResult `json:"arms"`
	SampleRatioP   float64     `json:"sample_ratio_p" doc:"p-value of the split over the arms; below 0.001 the comparison is broken"`
	SampleRatioOK  bool        `json:"sample_ratio_ok"`
	RequiredPerArm int64       `json:"required_visitors_per_arm"`
	MinEffect      float64     `json:"min_effect"`
	Enough         bool        `json:"enough" doc:"Every arm has the required visitors"`
}

// ArmResult are the figures of one arm. Differences are to the control, with 95 % intervals,
// and absent where there is nothing to compare.
type ArmResult struct {
	Arm                string    `json:"arm"`
	Control            bool      `json:"control"`
	Visitors           int64     `json:"visitors"`
	Impressions        int64     `json:"impressions"`
	Clicks             int64     `json:"clicks"`
	Orders             int64     `json:"order_lines"`
	Revenue            float64   `json:"revenue"`
	ClickerRate        float64   `json:"clicker_rate" doc:"Visitors who clicked"`
	ConversionRate     float64   `json:"conversion_rate" doc:"Visitors who bought what was recommended"`
	RevenuePerVisitor  float64   `json:"revenue_per_visitor"`
	ClickerRateDiff    *Interval `json:"clicker_rate_difference,omitempty"`
	ConversionRateDiff *Interval `json:"conversion_rate_difference,omitempty"`
	RevenueDiff        *Interval `json:"revenue_per_visitor_difference,omitempty"`
	ShadowOverlap      *float64  `json:"shadow_overlap,omitempty" doc:"Of a shadow arm: mean share of the control's items that it has too"`
	MeanLatencyMS      float64   `json:"mean_latency_ms"`
	DegradedShare      float64   `json:"degraded_share"`
	EmptyShare         float64   `json:"empty_share"`
}

// Interval is an estimate with its confidence interval.
type Interval struct {
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	PValue float64 `json:"p_value"`
}

// ScenarioMetrics are the figures of one scenario over a time. Rates are 0 where nothing was
// counted.
type ScenarioMetrics struct {
	Scenario       string             `json:"scenario"`
	Requests       int64              `json:"requests"`
	Empty          int64              `json:"empty"`
	Degraded       int64              `json:"degraded"`
	Impressions    int64              `json:"impressions"`
	Clicks         int64              `json:"clicks"`
	Adds           int64              `json:"adds_to_cart"`
	Orders         int64              `json:"orders"`
	OrderLines     int64              `json:"order_lines"`
	Revenue        float64            `json:"revenue" doc:"Less what was given back; over all currencies"`
	Revenues       map[string]float64 `json:"revenue_by_currency"`
	Refunded       float64            `json:"refunded" doc:"Value of what was given back"`
	Unverified     int64              `json:"unverified"`
	NotInList      int64              `json:"not_in_list"`
	ClickRate      float64            `json:"click_rate" doc:"Clicks per impression"`
	ConversionRate float64            `json:"conversion_rate" doc:"Order lines per click"`
	CoverageItems  int                `json:"coverage_items" doc:"Distinct items sent"`
	Coverage       float64            `json:"coverage" doc:"Their share of the catalogue"`
	TierShare      map[string]float64 `json:"tier_share" doc:"Share of the impressions by tier"`
	MeanLatencyMS  float64            `json:"mean_latency_ms"`
}

// ScenariosMetrics lists scenarios in order of id.
type ScenariosMetrics struct {
	From      wire.Time         `json:"from"`
	To        wire.Time         `json:"to"`
	Scenarios []ScenarioMetrics `json:"scenarios"`
	MetricsWarnings
}

// MetricsWarnings say what could not be counted.
type MetricsWarnings struct {
	UnknownRecommendations int64    `json:"unknown_recommendations" doc:"Events whose recommendation_id is none of an answer"`
	Warnings               []string `json:"warnings,omitempty" doc:"What is wrong with the events that the shop sends, and how to mend it"`
}

// MetricsTable are figures by interval and group, in order of time and group.
type MetricsTable struct {
	From     wire.Time    `json:"from"`
	To       wire.Time    `json:"to"`
	Interval string       `json:"interval" enum:"all,hour,day,week"`
	GroupBy  []string     `json:"group_by"`
	Rows     []MetricsRow `json:"rows"`
	MetricsWarnings
}

// MetricsRow are the figures of one group in one interval. Of a group by currency only the money is told, of one by rule only what concerns
// items.
type MetricsRow struct {
	At           wire.Time `json:"at,omitempty" doc:"Beginning of the interval, UTC; absent for all"`
	Day          string    `json:"day,omitempty" doc:"Of a day or week: its first day in the time zone" example:"2026-12-01"`
	Scenario     string    `json:"scenario,omitempty"`
	ExperimentID string    `json:"experiment_id,omitempty"`
	Arm          string    `json:"arm,omitempty"`
	Rule         string    `json:"rule,omitempty" doc:"rule:ID of the scenario or shared_rule:ID that pinned or rescored the items"`
	Currency     string    `json:"currency,omitempty"`
	Channel      string    `json:"channel,omitempty" doc:"What the visits came through; absent for the shop's own pages"`
	Requests     int64     `json:"requests"`
	Empty        int64     `json:"empty"`
	Degraded     int64     `json:"degraded"`
	Impressions  int64     `json:"impressions"`
	Clicks       int64     `json:"clicks"`
	Adds         int64     `json:"adds_to_cart"`
	Orders       int64     `json:"orders"`
	OrderLines   int64     `json:"order_lines"`
	Revenue      float64   `json:"revenue"`
	Refunded     float64   `json:"refunded"`
	Unverified   int64     `json:"unverified"`
	NotInList    int64     `json:"not_in_list"`
}
