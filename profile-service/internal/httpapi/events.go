package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/useragent"
)

const eventsTag = "Events"

// registerEvents adds what a page or a server sends and what it learns of it. Both ways of
// sending take a publishable key, also within the body.
func (a *API) registerEvents(api huma.API) {
	post := operation(http.MethodPost, "/v1/events", "post-events", eventsTag, "Append events")
	post.Description = "Stores one event or up to 1,000 and answers after the commit, with a verdict on each. A bad event costs " +
		"only itself. A repeated `event_id` of the " +
		"same user or session, and a purchase whose `order_id` the same person has bought before, are acknowledged as duplicates. " +
		"`text/plain` with `{\"key\": \"pk_...\", \"events\": [...]}` serves " +
		"`navigator.sendBeacon`. With a publishable key an event names a user only with a user token."
	registerRaw(api, auth.ScopeEventsWrite, httpserver.KeyInBody(post), eventsBody(api), a.postEvents)

	validate := operation(http.MethodPost, "/v1/events/validate", "validate-events", eventsTag, "Judge events without storing them")
	validate.Description = "Gives the verdicts of `POST /v1/events`, except that duplicates are not looked for."
	registerRaw(api, auth.ScopeEventsWrite, httpserver.KeyInBody(validate), eventsBody(api), a.validateEvents)

	types := operation(http.MethodGet, "/v1/events/types", "event-types", eventsTag, "The types of event and what they weigh")
	types.Description = "As delivered, or as `AISLE_PROFILE_EVENT_WEIGHTS` has them."
	httpserver.Register(api, auth.ScopeEventsRead, types, func(context.Context, *struct{}) (*typesOutput, error) {
		return &typesOutput{profileapi.EventTypes{Weights: a.Weights}}, nil
	})

	verdicts := operation(
		http.MethodGet, "/v1/events/verdicts", "event-verdicts", eventsTag,
		"The latest verdicts on events that were refused, warned of or known already",
	)
	verdicts.Description = "The newest first, at most 100, of events that the replica which answers has received since it started: for " +
		"whoever builds a sender. Files have reports of their own."
	httpserver.Register(api, auth.ScopeEventsRead, verdicts, func(ctx context.Context, _ *struct{}) (*verdictsOutput, error) {
		return &verdictsOutput{
			profileapi.Page[profileapi.Verdict]{Items: append([]profileapi.Verdict{}, a.Ingest.Verdicts(auth.Shop(ctx))...)},
		}, nil
	})
}

// verdictsOutput is a page without a next one: there are at most 100 verdicts, in memory.
type verdictsOutput struct {
	Body profileapi.Page[profileapi.Verdict]
}

type typesOutput struct{ Body profileapi.EventTypes }

// eventsBody documents the body, which is read by hand for speed.
func eventsBody(api huma.API) *huma.RequestBody {
	one := schemaOf[profileapi.Event](api)
	limit := event.MaxEvents
	least := 1
	many := &huma.Schema{Type: huma.TypeArray, Items: one, MinItems: &least, MaxItems: &limit}
	wrapped := &huma.Schema{Type: huma.TypeObject, Required: []string{"events"}, Properties: map[string]*huma.Schema{
		"key": {Type: huma.TypeString, Description: "Publishable key, where no header can be sent"}, "events": many,
		"user_token": {Type: huma.TypeString, Description: "User token, where no header can be sent"},
	}}
	list := *many
	list.Title, wrapped.Title = "A list of events", "An object around a list of events" // by which tools compare versions of the document
	media := &huma.MediaType{Schema: &huma.Schema{OneOf: []*huma.Schema{one, &list, wrapped}}}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": media, "text/plain": media}}
}

// eventsInput is a body of package event: one event, a list or an object around a list, which
// the decoder tells apart.
type eventsInput struct{ RawBody []byte }

// eventsOutput is the answer to a number of things that were posted together, here and for
// items: a verdict on each in the order of the body.
type eventsOutput struct {
	Status int
	Body   profileapi.EventsAnswer
}

// postEvents appends the events that are in order and answers after their commit, which other
// callers share (package ingest). An event that is refused costs the others nothing; 503 says
// that none was stored and all may be sent again.
func (a *API) postEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	shop, body, err := a.readEvents(ctx, in)
	if err != nil {
		return nil, err
	}
	answer, err := a.Ingest.Post(ctx, shop, body.Events, senderOf(ctx))
	if err != nil {
		return nil, storeProblem(err)
	}
	return answered(answer, body.Single)
}

// validateEvents judges as postEvents does, by the events alone: it asks no store, and a good
// event here may be a duplicate there.
func (a *API) validateEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	_, body, err := a.readEvents(ctx, in)
	if err != nil {
		return nil, err
	}
	return answered(a.Ingest.Validate(body.Events), body.Single)
}

// readEvents decodes the body by the rules of the caller's shop, and checks that a page names
// no visitor but its own: 403 with each event that does, and then none is stored. What comes
// with a publishable key is marked, since anybody can read that key off the page.
func (a *API) readEvents(ctx context.Context, in *eventsInput) (string, event.Body, error) {
	shop := auth.Shop(ctx)
	caller := auth.FromContext(ctx)
	body, err := a.Ingest.Decode(shop, in.RawBody, caller.Kind == auth.KindPublishable)
	if err != nil {
		return "", body, bodyProblem(err)
	}
	visitors := caller.Visitors()
	for n := range body.Events {
		e := &body.Events[n]
		visitors.Name(e.Pointer, e.Event.UserID, e.Event.SessionID)
	}
	return shop, body, visitors.Err()
}

// senderOf says where events of a page come from, by which robots are found. Of what a server
// sends it says nothing: all of its visitors have its address.
func senderOf(ctx context.Context) robots.Sender {
	caller := auth.FromContext(ctx)
	if caller.Kind != auth.KindPublishable {
		return robots.Sender{}
	}
	return robots.Sender{Network: caller.Network, Agent: useragent.Robot(caller.UserAgent)}
}

// answered is 200, or a 422 problem that names every field when nothing was accepted.
func answered(answer profileapi.EventsAnswer, single bool) (*eventsOutput, error) {
	if answer.Accepted+answer.Duplicates > 0 {
		return &eventsOutput{Status: http.StatusOK, Body: answer}, nil
	}
	detail := "None of the events was accepted."
	if single {
		detail = "The event was not accepted."
	}
	return nil, rejectedAll(detail, answer)
}

// rejectedAll returns a 422 problem with every field error of the answer.
func rejectedAll(detail string, answer profileapi.EventsAnswer) error {
	p := apierror.Invalid(detail)
	for _, r := range answer.Results {
		p.Errors = append(p.Errors, r.Errors...)
	}
	return p
}

// bodyProblem maps the decoder's errors to HTTP: 400 for what is no JSON of the expected form,
// 422 for too few or too many events.
func bodyProblem(err error) error {
	var syntax *event.SyntaxError
	var size *event.SizeError
	switch {
	case errors.As(err, &syntax):
		return apierror.Malformed("The body is not JSON of the expected form.", apierror.FieldError{
			Code: "invalid_json", Detail: syntax.Error(),
		})
	case errors.As(err, &size):
		return apierror.Invalid("The number of events is not between 1 and 1,000.", apierror.FieldError{
			Code: "batch_size", Detail: size.Detail,
		})
	}
	return err
}
