package recommenderapi

import "github.com/aisle-rec/aisle/shared/wire"

// Anomaly is a time during which a figure of the shop was far from what the weeks before make one expect.
type Anomaly struct {
	Series   string    `json:"series" example:"events:view_item"`
	Kind     string    `json:"kind" enum:"step,drift,level"`
	OpenedAt wire.Time `json:"opened_at"`
	ClosedAt wire.Time `json:"closed_at,omitempty" doc:"Absent while it lasts"`
	Hours    int       `json:"hours" doc:"Length of the window that is farthest from expected; of a drift, whole days since it began"`
	Observed float64   `json:"observed" doc:"In that window: a count, a share, or a level"`
	Expected float64   `json:"expected" doc:"Median of the same window of up to six weeks before; of a level, that of the week before"`
	Spreads  float64   `json:"spreads"`
	Detail   string    `json:"detail" doc:"The same in words, and what to look at"`
}

// AnomalySeries is a figure that is watched, with what it is compared with at the last hour that is over.
type AnomalySeries struct {
	Series  string          `json:"series" example:"events:view_item"`
	Counts  string          `json:"counts" enum:"count,share,mean,level"`
	Since   wire.Time       `json:"since" doc:"Beginning of the first hour that is known, of up to eleven weeks"`
	Hours   int             `json:"hours" doc:"How many are known"`
	Windows []AnomalyWindow `json:"windows" doc:"The windows that end with the last hour; of a level, its latest value"`
	Drift   *AnomalyDrift   `json:"drift,omitempty" doc:"Absent for a level"`
	Points  []AnomalyPoint  `json:"points,omitempty" doc:"Of a series that is asked for by name, by time"`
}

// AnomalyWindow is a window beside its baseline.
type AnomalyWindow struct {
	Hours  int       `json:"hours"`
	Before []float64 `json:"before" doc:"Values of the same window in the weeks before, latest first; those of too few events are left out"`
	AnomalyBaseline
}

// AnomalyPoint is a window of a series by its end.
type AnomalyPoint struct {
	At wire.Time `json:"at" doc:"End of the window"`
	AnomalyBaseline
}

// AnomalyBaseline is what was seen beside what was expected.
type AnomalyBaseline struct {
	Observed *float64 `json:"observed,omitempty" doc:"A count, a share, a mean or a level; absent for a share or mean of too few"`
	Expected *float64 `json:"expected,omitempty" doc:"The baseline: median of before; absent while there are fewer than three weeks of it"`
	Low      *float64 `json:"low,omitempty" doc:"Below it is an anomaly; absent with expected"`
	High     *float64 `json:"high,omitempty" doc:"Above it is an anomaly; absent with expected"`
	Spreads  float64  `json:"spreads" doc:"Distance of observed from expected in spreads, negative below; 0 while nothing is expected"`
}

// AnomalyDrift are the sums of days of a series (CUSUM), at the end of the last day of UTC.
type AnomalyDrift struct {
	Below float64 `json:"below" doc:"Of days below expected; at 5 a drift opens"`
	Above float64 `json:"above" doc:"Of days above expected; at 5 a drift opens"`
}
