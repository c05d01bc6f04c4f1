package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/anomaly"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// registerAnomalies adds the operations about figures that are far from expected; package
// anomaly finds them.
func (a *API) registerAnomalies(api huma.API) {
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "list-anomalies", Method: http.MethodGet, Path: "/v1/anomalies", Tags: []string{"Metrics"},
		Summary: "Figures that are far from what the shop's own weeks before make one expect",
		Description: "Looked for once an hour, steps over windows of an hour, six hours and a day, drifts as sums " +
			"over days: events by type, refused and warned ones, answers, click rates, empty and degraded answers, " +
			"the size of the catalogue and its median price.",
	}, a.anomalies)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "list-anomaly-series", Method: http.MethodGet, Path: "/v1/anomalies/series", Tags: []string{"Metrics"},
		Summary: "The figures that are watched, each with its baseline and score",
		Description: "The steps of detection as they are at the last hour that is over: the windows of each " +
			"series, the same windows of the weeks before, the baseline that they make, and how far from it the " +
			"series is. With `series` those alone, and their points.",
	}, a.anomalySeries)
}

// Inputs and outputs of operations are structs whose tags are the schema: what is out of range
// never reaches a handler, and doc tags are what the reference says.
type anomaliesInput struct {
	Open  bool `query:"open" doc:"Only those that last"`
	Limit int  `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type anomaliesOutput struct {
	Body struct {
		Items []recommenderapi.Anomaly `json:"items" doc:"Those that opened last first"`
	}
}

// anomalies reads the records of the store, open ones and, unless Open is asked for, those that
// ended. There is no cursor: a caller gets the latest 500 at most.
func (a *API) anomalies(ctx context.Context, shop string, in *anomaliesInput) (*anomaliesOutput, error) {
	list, err := a.Anomalies(ctx, shop, in.Open, in.Limit)
	if err != nil {
		return nil, problem(err, "anomalies", "")
	}
	out := &anomaliesOutput{}
	out.Body.Items = make([]recommenderapi.Anomaly, len(list))
	for n := range list {
		out.Body.Items[n] = anomaly.Told(&list[n])
	}
	return out, nil
}

type anomalySeriesInput struct {
	Series []string `query:"series,explode" maxItems:"20" doc:"Names, once for each; with points"`
	Window int      `query:"window" minimum:"1" maximum:"24" default:"24" doc:"Of the points, in hours"`
	Days   int      `query:"days" minimum:"1" maximum:"35" default:"14" doc:"That points go back"`
}

type anomalySeriesOutput struct {
	Body struct {
		Items []recommenderapi.AnomalySeries `json:"items" doc:"By name; series that are new have no baseline"`
	}
}

// anomalySeries judges the series anew for this call, as of the last hour that is over. Points
// are only made for series that are named, since there is one for each hour.
func (a *API) anomalySeries(ctx context.Context, shop string, in *anomalySeriesInput) (*anomalySeriesOutput, error) {
	list, err := a.Monitor.Series(ctx, shop, anomaly.View{Names: in.Series, Window: in.Window, Days: in.Days})
	if err != nil {
		return nil, problem(err, "anomalies", "")
	}
	out := &anomalySeriesOutput{}
	out.Body.Items = list
	return out, nil
}
