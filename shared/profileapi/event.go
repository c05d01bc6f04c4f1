// Package profileapi is the HTTP contract of the profile-service: its JSON types and a typed client. The service itself, its
// peers and the command line all use these types, so that they cannot drift apart.
package profileapi

import (
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Event is what a storefront posts: raw and immutable once accepted. Names follow GA4.
type Event struct {
	EventID          string         `json:"event_id,omitempty" maxLength:"256"`
	Type             string         `json:"type" minLength:"1" maxLength:"64" example:"view_item"`
	OccurredAt       wire.Time      `json:"occurred_at,omitempty" doc:"When it happened; now when absent"`
	UserID           string         `json:"user_id,omitempty" maxLength:"256"`
	SessionID        string         `json:"session_id,omitempty" maxLength:"256" doc:"user_id or session_id or both"`
	ItemID           string         `json:"item_id,omitempty" maxLength:"256"`
	Items            []EventItem    `json:"items,omitempty" maxItems:"1000"`
	RecommendationID string         `json:"recommendation_id,omitempty" maxLength:"256" doc:"The response that showed the item"`
	Position         *int           `json:"position,omitempty" minimum:"1" maximum:"10000" doc:"Place of the item in that response"`
	Value            *float64       `json:"value,omitempty" doc:"Order value, or the rating (1 to 5) of a rate event"`
	Rating           *float64       `json:"rating,omitempty" minimum:"1" maximum:"5" doc:"Of a review or a rate event; may have decimals"`
	Text             string         `json:"text,omitempty" maxLength:"10000" doc:"Of a review: what the buyer writes"`
	Currency         string         `json:"currency,omitempty" pattern:"^([A-Z]{3})?$" example:"GBP"`
	OrderID          string         `json:"order_id,omitempty" maxLength:"256"`
	Page             string         `json:"page,omitempty" maxLength:"2048"`
	Channel          string         `json:"channel,omitempty" enum:"agent,app,email,store,ads,other"`
	Consent          *Consent       `json:"consent,omitempty"`
	Properties       map[string]any `json:"properties,omitempty" doc:"Anything else; kept and exported, not used for ranking"`
}

// EventItem is one line of an event.
type EventItem struct {
	ItemID           string   `json:"item_id" minLength:"1" maxLength:"256"`
	Quantity         *float64 `json:"quantity,omitempty" doc:"1 when absent"`
	Price            *float64 `json:"price,omitempty" doc:"Unit price"`
	RecommendationID string   `json:"recommendation_id,omitempty" maxLength:"256"`
}

// Consent is what the visitor has agreed to; an absent answer counts as given.
type Consent struct {
	Personalization *bool `json:"personalization,omitempty" doc:"false: nothing is read or written for personalisation"`
	Analytics       *bool `json:"analytics,omitempty" doc:"false: not counted in metrics"`
}

// AllowsPersonalization reports whether personalisation is allowed; a nil Consent allows it.
func (c *Consent) AllowsPersonalization() bool {
	return c == nil || c.Personalization == nil || *c.Personalization
}

// The verdicts on an event of a batch.
const (
	StatusAccepted  = "accepted"
	StatusDuplicate = "duplicate"
	StatusRejected  = "rejected"
)

// EventsAnswer is the answer to POST /v1/events and to POST /v1/items/batch: a verdict per member, in request order.
type EventsAnswer struct {
	Accepted   int      `json:"accepted"`
	Duplicates int      `json:"duplicates"`
	Rejected   int      `json:"rejected"`
	Warned     int      `json:"warned" doc:"Accepted or duplicate members with at least one warning"`
	Results    []Result `json:"results"`
}

// Result is the verdict on one member of a batch.
type Result struct {
	Index  int          `json:"index"`
	ID     string       `json:"id,omitempty" doc:"event_id or item_id"`
	Status string       `json:"status" enum:"accepted,duplicate,rejected"`
	Errors []FieldError `json:"errors,omitempty"`

	Warnings []FieldError `json:"warnings,omitempty" doc:"What was accepted but not all understood"`
}

// Verdict is one verdict that was given, and when.
type Verdict struct {
	At   wire.Time `json:"at"`
	Type string    `json:"type,omitempty" doc:"Of the event, as far as it could be read"`
	Result
}

// FieldError names one bad field of a batch member by JSON pointer from the root of the request body.
type FieldError = apierror.FieldError
