package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerStates adds the form in which a visitor travels to the recommender-service.
func (a *API) registerStates(api huma.API) {
	user := operation(http.MethodGet, "/v1/users/{id}/state", "user-state", peopleTag, "The state of a user, in its compact form")
	user.Description = "What `/v1/users/{id}/profile` shows, in the binary form of docs/visitor-state.md, for services. Its ETag " +
		"stays until anything of it changes: " +
		"with If-None-Match an unchanged state is answered with 304 after one look-up."
	user.Responses = map[string]*huma.Response{"200": {Description: "An answer in the form of docs/visitor-state.md",
		Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	httpserver.Register(api, auth.ScopeUsersRead, user, a.userState)

	session := user
	session.Path, session.OperationID, session.Summary = "/v1/sessions/{id}/state", "session-state", "The same for a session"
	session.Description = "What was done in the session, whether or not its user is known."
	session.Errors, session.Metadata = nil, nil
	httpserver.Register(api, auth.ScopeUsersRead, session, a.sessionState)
}

// StateParameters are those of both states. It is exported because huma sees embedded fields of
// exported types only.
type StateParameters struct {
	ID          string `path:"id" minLength:"1" maxLength:"256"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"256" doc:"ETag of an earlier answer: 304 if it still holds"`
	Watermark   int64  `query:"watermark" minimum:"0" doc:"Up to this event; 0 for all"`
}

// stateOutput is bytes of the form of docs/visitor-state.md; none with 304.
type stateOutput struct {
	Status       int
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	ContentType  string `header:"Content-Type"`
	Body         []byte
}

// userState is the request that each recommendation makes of this service, so that it decodes
// nothing: a stored state is sent as it is.
func (a *API) userState(ctx context.Context, in *struct {
	StateParameters
	SessionID string `query:"session_id" maxLength:"256" doc:"The present session, whose own events count as well"`
}) (*stateOutput, error) {
	return a.state(ctx, &in.StateParameters, profileapi.ProfileQuery{UserID: in.ID, SessionID: in.SessionID})
}

// sessionState answers what one session did, made from events where its user is known.
func (a *API) sessionState(ctx context.Context, in *StateParameters) (*stateOutput, error) {
	return a.state(ctx, in, profileapi.ProfileQuery{SessionID: in.ID})
}

// state answers both (package profile). A state of the past has no tag: it is asked for once,
// to replay an answer.
func (a *API) state(ctx context.Context, in *StateParameters, q profileapi.ProfileQuery) (*stateOutput, error) {
	if err := checkIDs(map[string]string{"id": q.UserID, "session_id": q.SessionID}); err != nil {
		return nil, err
	}
	q.Watermark = in.Watermark
	data, tag, err := a.Profiles.State(ctx, auth.Shop(ctx), q, in.IfNoneMatch)
	if err != nil {
		return nil, storeProblem(err)
	}
	out := &stateOutput{
		Status: http.StatusOK, ETag: tag, CacheControl: "private, no-cache", ContentType: "application/octet-stream", Body: data,
	}
	if tag != "" && tag == in.IfNoneMatch {
		out.Status = http.StatusNotModified
	}
	return out, nil
}
