package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/profile-service/internal/history"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerHistory adds how stored events are looked at, by people and by those who follow them.
func (a *API) registerHistory(api huma.API) {
	list := operation(http.MethodGet, "/v1/events", "list-events", eventsTag, "List stored events")
	list.Description = "By order of acknowledgement, the latest first unless `order=asc`. With a filter that few events pass a " +
		"page can be short, even empty, and still have a `next_cursor`."
	httpserver.Register(api, auth.ScopeEventsRead, list, a.listEvents)

	stats := operation(http.MethodGet, "/v1/stats/events", "event-stats", eventsTag, "What was received, by hour")
	stats.Description = "Counts per type, duplicates, rejections by code, mean lag, and the share of lines that " +
		"name an item which is not in the catalogue."
	httpserver.Register(api, auth.ScopeEventsRead, stats, a.eventStats)
}

// listEventsInput are the filters of a listing; empty ones filter nothing, and all that are
// given have to hold.
type listEventsInput struct {
	PageParameters
	UserID           string `query:"user_id" maxLength:"256"`
	SessionID        string `query:"session_id" maxLength:"256"`
	Type             string `query:"type" maxLength:"64"`
	ItemID           string `query:"item_id" maxLength:"256"`
	RecommendationID string `query:"recommendation_id" maxLength:"256" doc:"Of the event or of one of its lines"`
	From             string `query:"from" maxLength:"40" doc:"First moment of occurred_at, RFC 3339 or epoch milliseconds"`
	To               string `query:"to" maxLength:"40" doc:"Moment behind the last"`
	Order            string `query:"order" default:"desc" enum:"asc,desc"`
	AfterSeq         int64  `query:"after_seq" minimum:"0" doc:"Only events behind this seq: with order=asc the way to follow new events"`
}

type storedEventsOutput struct {
	Body profileapi.Page[profileapi.StoredEvent]
}

// listEvents answers a page of events (package history). A cursor holds where the page before
// ended and the seq at which the listing began, so that later events do not shift the pages.
func (a *API) listEvents(ctx context.Context, in *listEventsInput) (*storedEventsOutput, error) {
	from, errFrom := timeParameter("from", in.From)
	to, errTo := timeParameter("to", in.To)
	if err := errors.Join(
		errFrom, errTo, checkIDs(map[string]string{"user_id": in.UserID, "session_id": in.SessionID, "item_id": in.ItemID}),
	); err != nil {
		return nil, err
	}
	q := history.Query{UserID: in.UserID, SessionID: in.SessionID, Type: in.Type, ItemID: in.ItemID, RecommendationID: in.RecommendationID,
		From: from, To: to, Ascending: in.Order == "asc", Limit: in.Limit, After: in.AfterSeq}
	if in.Cursor != "" {
		if _, err := cursor.Decode(cursor.Events, in.Cursor, &q.After, &q.UpTo); err != nil {
			return nil, cursorProblem(err)
		}
	}
	found, err := a.History.Events(ctx, auth.Shop(ctx), q)
	if err != nil {
		return nil, storeProblem(err)
	}
	// Events of a type that there was once are kept, so that a name is no mistake before nothing is found by it.
	if _, known := a.Weights[in.Type]; in.Type != "" && !known && len(found.Events) == 0 && in.Cursor == "" {
		return nil, apierror.Invalid("There are no such events.", apierror.FieldError{
			Parameter: "type", Code: "unknown_type", Detail: a.Weights.Unknown(in.Type),
		})
	}
	out := &storedEventsOutput{Body: profileapi.Page[profileapi.StoredEvent]{Items: found.Events}}
	if found.Events == nil {
		out.Body.Items = []profileapi.StoredEvent{}
	}
	if found.Next != nil {
		next := cursor.Encode(cursor.Events, "", found.Next.After, found.Next.UpTo)
		out.Body.NextCursor = &next
	}
	return out, nil
}

// statsInput is a range of time; see maxStats.
type statsInput struct {
	From string `query:"from" maxLength:"40" doc:"Start; 24 hours before the end when absent"`
	To   string `query:"to" maxLength:"40" doc:"End; now when absent"`
}

type statsOutput struct{ Body profileapi.EventStats }

// maxStats bounds the time that statistics are asked for at once: a row for each hour and type
// of the range is read and sent.
const maxStats = 92 * 24 * time.Hour

// eventStats answers what was received by hour, of the last 24 hours unless it is told.
func (a *API) eventStats(ctx context.Context, in *statsInput) (*statsOutput, error) {
	from, errFrom := timeParameter("from", in.From)
	to, errTo := timeParameter("to", in.To)
	if err := errors.Join(errFrom, errTo); err != nil {
		return nil, err
	}
	if to.IsZero() {
		to.Time = a.Now()
	}
	if from.IsZero() {
		from.Time = to.Add(-24 * time.Hour)
	}
	if !from.Before(to.Time) || to.Sub(from.Time) > maxStats {
		return nil, apierror.Invalid("The range is not possible.", apierror.FieldError{
			Parameter: "from", Code: "invalid_range", Detail: "from lies before to, by at most 92 days.",
		})
	}
	stats, err := a.History.Stats(ctx, auth.Shop(ctx), from.Time, to.Time)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &statsOutput{Body: stats}, nil
}
