package httpapi

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// queryInput are the fields of a request as parameters. Numbers that may be absent are texts: 0
// means something else than nothing for diversity and rotation.
type queryInput struct {
	Scenario          string   `query:"scenario" required:"true" minLength:"1" maxLength:"128" example:"home.for_you"`
	UserID            string   `query:"user_id" maxLength:"256"`
	SessionID         string   `query:"session_id" maxLength:"256"`
	Cart              []string `query:"cart" maxItems:"200" doc:"Item ids in the cart, joined by commas"`
	Items             []string `query:"context_items" maxItems:"50" doc:"Item ids of the page, joined by commas"`
	Q                 string   `query:"q" maxLength:"512" doc:"Words as a seed, for sources of kind query"`
	Facets            int      `query:"facets" minimum:"0" maximum:"5"`
	Category          string   `query:"category" maxLength:"4096"`
	Limit             int      `query:"limit" minimum:"0" maximum:"200"`
	Filter            string   `query:"filter" maxLength:"16384" doc:"Condition" example:"{\"field\":\"price\",\"op\":\"lt\",\"value\":9}"`
	ExcludeItems      []string `query:"exclude_items" maxItems:"1000"`
	ExcludeEventTypes []string `query:"exclude_event_types" maxItems:"20"`
	Fields            []string `query:"fields" maxItems:"50"`
	Diversity         string   `query:"diversity" maxLength:"20" doc:"0 to 1"`
	Rotation          string   `query:"rotation" maxLength:"20" doc:"0 to 1"`
	Fallback          string   `query:"fallback" enum:"fill,strict"`
	Explain           string   `query:"explain" enum:"none,reasons,full" default:"reasons"`
	Personalization   string   `query:"personalization" enum:"true,false" doc:"false: the visitor does not consent to it"`
	Analytics         string   `query:"analytics" enum:"true,false" doc:"false: the visitor does not consent to being counted"`
	Channel           string   `query:"channel" enum:"agent,app,email,store,ads,other" doc:"What the visit comes through"`
	Cursor            string   `query:"cursor" maxLength:"4096"`
	Country           string   `query:"country" maxLength:"2"`
	Language          string   `query:"language" maxLength:"35"`
	Currency          string   `query:"currency" maxLength:"3"`
	PriceList         string   `query:"price_list" maxLength:"64"`
	DeadlineMS        int      `query:"deadline_ms" minimum:"0" maximum:"5000"`
	Test              bool     `query:"test"`
}

// recommendByQuery answers what POST would. An answer that is about no visitor may be kept, but by the caller alone: a cache that several
// share would hand an answer to whoever asks, without a key or with another shop's.
func (a *API) recommendByQuery(ctx context.Context, shop string, in *queryInput) (*recommendOutput, error) {
	r, err := in.request()
	if err != nil {
		return nil, err
	}
	out, err := a.recommend(ctx, shop, &recommendInput{*r})
	if err != nil {
		return nil, err
	}
	out.CacheControl = "private, max-age=60"
	// A degraded answer would be kept beyond the failure, and one about a visitor beyond his
	// next click.
	if len(out.Body.Degraded) > 0 || in.UserID+in.SessionID != "" || in.Test {
		out.CacheControl = "no-store"
	}
	return out, nil
}

// request returns the body that POST would be sent. It reports only what cannot be read as a
// parameter; the rest is checked as for POST.
func (in *queryInput) request() (*recommenderapi.Request, error) {
	r := &recommenderapi.Request{
		Scenario: in.Scenario, UserID: in.UserID, SessionID: in.SessionID, Cart: in.Cart, ContextItems: in.Items, Category: in.Category,
		Limit:        in.Limit,
		ExcludeItems: in.ExcludeItems, ExcludeEventTypes: in.ExcludeEventTypes, Fields: in.Fields, Fallback: in.Fallback,
		Explain: in.Explain, Cursor: in.Cursor,
		DeadlineMS: in.DeadlineMS, Channel: in.Channel, Test: in.Test, Q: in.Q, Facets: in.Facets,
	}
	var bad []apierror.FieldError
	share := func(name, text string) *float64 {
		if text == "" {
			return nil
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= 0 && v <= 1) {
			bad = append(bad, apierror.FieldError{Parameter: name, Code: "invalid_number", Detail: "is not a number from 0 to 1"})
		}
		return &v
	}
	r.Diversity, r.Rotation = share("diversity", in.Diversity), share("rotation", in.Rotation)
	if in.Filter != "" {
		r.Filter = &recommenderapi.Condition{}
		if err := json.Unmarshal([]byte(in.Filter), r.Filter); err != nil {
			bad = append(bad, apierror.FieldError{
				Parameter: "filter", Code: "invalid_filter",
				Detail: `is not a condition as JSON, such as {"field":"price","op":"lt","value":50}`,
			})
		}
	}
	if in.Country+in.Language+in.Currency+in.PriceList != "" {
		r.Market = &recommenderapi.Market{Country: in.Country, Language: in.Language, Currency: in.Currency, PriceList: in.PriceList}
	}
	if in.Personalization+in.Analytics != "" {
		r.Consent = &profileapi.Consent{Personalization: answered(in.Personalization), Analytics: answered(in.Analytics)}
	}
	if len(bad) > 0 {
		return nil, apierror.Invalid("The request cannot be answered as it is.", bad...)
	}
	return r, nil
}

// answered reads a yes or no; nil for no answer.
func answered(text string) *bool {
	if text == "" {
		return nil
	}
	yes := text == "true"
	return &yes
}
