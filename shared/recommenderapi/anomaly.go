package recommenderapi

import "github.com/aisle-rec/aisle/shared/wire"

// Anomaly is a time during which a figure of the shop was far from what the weeks before make one expect.
type Anomaly struct {
	Series   string    `json:"series" example:"events:view_item" doc:"events:TYPE, rejected_share, warned_share, requests:PLACEMENT, click_rate:PLACEMENT, revenue:PLACEMENT:CURRENCY, latency_ms:PLACEMENT, model_age_hours:RELATION, empty_share:PLACEMENT, degraded_share, catalogue_items or catalogue_price (the median)"`
	Kind     string    `json:"kind" enum:"step,drift,level" doc:"step: far at once, in a window of up to a day. drift: away from expected day by day. level: of the catalogue, or the age of a model"`
	OpenedAt wire.Time `json:"opened_at"`
	ClosedAt wire.Time `json:"closed_at,omitempty" doc:"Absent while it lasts"`
	Hours    int       `json:"hours" doc:"Length of the window that is farthest from expected; of a drift, whole days since it began"`
	Observed float64   `json:"observed" doc:"In that window: a count, a share, or a level"`
	Expected float64   `json:"expected" doc:"Median of the same window of up to six weeks before; of a level, that of the week before"`
	Spreads  float64   `json:"spreads" doc:"How many times the usual spread observed is from expected, negative below; a step opens at 6. Of a drift: the sum of what days were beyond one spread, which opens at 5. Of a level: how many times the factor of 1.5"`
	Detail   string    `json:"detail" doc:"The same in words, and what to look at"`
}
