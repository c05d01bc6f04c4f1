package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	peopleTag = "People"

	userProfilePath    = "/v1/users/{id}/profile"
	sessionProfilePath = "/v1/sessions/{id}/profile"
)

// registerProfiles adds the form of a visitor that people and shops read; states.go has the one
// for services.
func (a *API) registerProfiles(api huma.API) {
	user := operation(http.MethodGet, userProfilePath, "user-profile", peopleTag, "What recommending needs to know of a user")
	user.Description = "Reflects every event acknowledged before the request. `at` and `watermark` of an earlier answer give that " +
		"profile again, as far as its events are still kept; " +
		"affinities follow the catalogue within minutes. With If-None-Match, " +
		"the profile of an earlier answer is confirmed for up to five minutes, unless anything was acknowledged since that changes it."
	httpserver.Register(api, auth.ScopeUsersRead, user, a.userProfile)

	session := operation(http.MethodGet, sessionProfilePath, "session-profile", peopleTag, "The same for a session")
	session.Description = "What was done in the session, whether or not its user is known."
	httpserver.Register(api, auth.ScopeUsersRead, session, a.sessionProfile)
}

// ProfileParameters are the query parameters of both profiles. It is exported because huma sees
// embedded fields of exported types only.
type ProfileParameters struct {
	Limit       int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"Of recent and of session"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"256" doc:"ETag of an earlier answer: 304 if it still holds"`

	At        string `query:"at" maxLength:"40" doc:"As of then: RFC 3339 or epoch milliseconds; now when absent"`
	Watermark int64  `query:"watermark" minimum:"0" doc:"Up to this event; 0 for all"`
}

// profileOutput may be kept by the caller and asked for again with its tag; no cache between
// may keep it, since it is about a person.
type profileOutput struct {
	Status       int
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         profileapi.Profile
}

type userProfileInput struct {
	ID        string `path:"id" minLength:"1" maxLength:"256"`
	SessionID string `query:"session_id" maxLength:"256" doc:"The present session, whose own events count as well"`
	ProfileParameters
}

// userProfile answers a user's profile, with a session that has not been merged into him.
func (a *API) userProfile(ctx context.Context, in *userProfileInput) (*profileOutput, error) {
	return a.profile(ctx, in.ProfileParameters, profileapi.ProfileQuery{UserID: in.ID, SessionID: in.SessionID})
}

type sessionProfileInput struct {
	ID string `path:"id" minLength:"1" maxLength:"256"`
	ProfileParameters
}

// sessionProfile answers what one session did.
func (a *API) sessionProfile(ctx context.Context, in *sessionProfileInput) (*profileOutput, error) {
	return a.profile(ctx, in.ProfileParameters, profileapi.ProfileQuery{SessionID: in.ID})
}

// profile answers both (package profile). 304 has no body and costs one look-up; a moment in
// the past is made from events and costs as many as there are.
func (a *API) profile(ctx context.Context, in ProfileParameters, q profileapi.ProfileQuery) (*profileOutput, error) {
	if err := checkIDs(map[string]string{"id": q.UserID, "session_id": q.SessionID}); err != nil {
		return nil, err
	}
	var err error
	if q.At, err = timeParameter("at", in.At); err != nil {
		return nil, err
	}
	q.Limit, q.Watermark = in.Limit, in.Watermark
	out := &profileOutput{Status: http.StatusOK, CacheControl: "private, no-cache"}
	if out.Body, out.ETag, err = a.Profiles.Profile(ctx, auth.Shop(ctx), q, in.IfNoneMatch); err != nil {
		return nil, storeProblem(err)
	}
	if out.ETag == in.IfNoneMatch {
		out.Status = http.StatusNotModified
	}
	return out, nil
}

// checkIDs refuses ids that hold unprintable characters; empty ones are absent.
func checkIDs(ids map[string]string) error {
	for name, id := range ids {
		if id == "" {
			continue
		}
		if why := wire.InvalidID(id); why != "" {
			return apierror.Invalid("An id of the request is not usable.", apierror.FieldError{
				Parameter: name, Code: "invalid_id", Detail: why,
			})
		}
	}
	return nil
}

// timeParameter reads RFC 3339 or epoch milliseconds; "" is the zero time.
func timeParameter(name, text string) (wire.Time, error) {
	if text == "" {
		return wire.Time{}, nil
	}
	t, err := wire.ParseTime(text)
	if err != nil {
		return t, apierror.Invalid("A time of the request cannot be read.", apierror.FieldError{
			Parameter: name, Code: "invalid_time", Detail: err.Error(),
		})
	}
	return t, nil
}
