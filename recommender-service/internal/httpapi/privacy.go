package httpapi

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// registerPrivacy adds what a person may ask for: to be forgotten here, to be erased
// everywhere, and to get what is held. All three are audited, by a digest of the person and not
// by the id.
func (a *API) registerPrivacy(api huma.API) {
	register(api, auth.ScopeUsersWrite, huma.Operation{
		OperationID: "forget-person", Method: http.MethodDelete, Path: "/v1/recommendations", Tags: []string{recommendationsTag},
		Summary: "Forget a person",
		Description: "Removes logged decisions, clicks and places in experiments of a user, a session or both, as " +
			"`DELETE /v1/users/{id}` does with what the profile-service holds: delete there first. Safe to repeat. " +
			"A replica that answered the person in the last ten seconds may still store that: repeat the call then.",
		Errors: []int{http.StatusUnprocessableEntity},
	}, audit.Handler(a.Audit, audit.What[forgetInput]{
		Action:  "person.forget",
		Subject: func(shop string, in *forgetInput) string { return audit.Person(shop, cmp.Or(in.UserID, in.SessionID)) },
	}, a.forgetPerson))
	register(api, auth.ScopeUsersWrite, huma.Operation{
		OperationID: "erase-person", Method: http.MethodDelete, Path: "/v1/persons/{id}", Tags: []string{personsTag},
		Summary: "Erase or anonymise a person in all services",
		Description: "Under all names that were merged into the user: `DELETE /v1/users/{id}` and, before and after it, `DELETE " +
			"/v1/recommendations`. `left` says what is still there, where and " +
			"until when. Safe to repeat, also after a failure.",
	}, audit.Handler(a.Audit, audit.What[erasePersonInput]{
		Action: "person.erase", Subject: func(shop string, in *erasePersonInput) string { return audit.Person(shop, in.ID) },
		After: func(in *erasePersonInput) any { return map[string]string{"mode": in.Mode} },
	}, a.erasePerson))
	register(api, auth.ScopeUsersRead, huma.Operation{
		OperationID: "export-person", Method: http.MethodGet, Path: "/v1/persons/{id}/export", Tags: []string{personsTag},
		Summary: "Stream what all services hold on a person",
		Description: "NDJSON: the lines of `GET /v1/users/{id}/export`, then decisions, clicks and places in experiments under all " +
			"names of the person, and a last line of kind `end` with the counts " +
			"and how long everything is kept, without which the stream was cut.",
		Responses: map[string]*huma.Response{"200": {Description: "One PersonEntry per line", Content: map[string]*huma.MediaType{
			"application/x-ndjson": {
				Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[recommenderapi.PersonEntry](), true, ""),
			},
		}}},
	}, audit.Handler(a.Audit, audit.What[personInput]{
		Action: "person.export", Subject: func(shop string, in *personInput) string { return audit.Person(shop, in.ID) },
	}, a.exportPerson))
}

// personsTag is the chapter of the reference.
const personsTag = "Persons"

type personInput struct {
	ID string `path:"id" minLength:"1" maxLength:"256" doc:"User id"`
}

type erasePersonInput struct {
	ID   string `path:"id" minLength:"1" maxLength:"256" doc:"User id"`
	Mode string `query:"mode" enum:"erase,anonymize" default:"erase"`
}

type erasedOutput struct{ Body recommenderapi.PersonErased }

// erasePerson has package persons reach all services, and answers what was removed and what is
// left.
func (a *API) erasePerson(ctx context.Context, shop string, in *erasePersonInput) (*erasedOutput, error) {
	if err := personID(in.ID); err != nil {
		return nil, err
	}
	erased, err := a.Persons.Erase(ctx, shop, in.ID, in.Mode)
	return &erasedOutput{erased}, problem(err, "person", "")
}

// personID refuses what can be nobody's id, before another service is asked.
func personID(id string) error {
	if why := wire.InvalidID(id); why != "" {
		return apierror.Invalid("The person cannot be found.", apierror.FieldError{Parameter: "id", Code: "invalid_id", Detail: why})
	}
	return nil
}

// exportPerson streams one JSON object on each line. A failure before the first line is a
// problem with a status; after it the connection is broken off, so that nobody takes a part for
// the whole.
func (a *API) exportPerson(ctx context.Context, shop string, in *personInput) (*huma.StreamResponse, error) {
	if err := personID(in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		w := bufio.NewWriterSize(c.Writer, 64<<10)
		lines, begun := json.NewEncoder(w), false
		lines.SetEscapeHTML(false)
		err := a.Persons.Export(c.Request.Context(), shop, in.ID, func(e *recommenderapi.PersonEntry) error {
			if !begun {
				c.Header("Content-Type", "application/x-ndjson")
				c.Status(http.StatusOK)
				begun = true
			}
			return lines.Encode(e)
		})
		if err != nil && !begun {
			httpserver.WriteProblem(c, apierror.From(problem(err, "person", "")))
			return
		}
		if err := errors.Join(err, w.Flush()); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}

type forgetInput struct {
	UserID    string `query:"user_id" maxLength:"256" doc:"User to forget"`
	SessionID string `query:"session_id" maxLength:"256" doc:"Session to forget, such as one that was merged into the user"`
}

type forgetOutput struct{ Body recommenderapi.Forgotten }

// forgetPerson removes what this service alone holds of a user, a session or both.
func (a *API) forgetPerson(ctx context.Context, shop string, in *forgetInput) (*forgetOutput, error) {
	p := &rules.Problems{}
	for _, q := range []struct{ parameter, id string }{{"user_id", in.UserID}, {"session_id", in.SessionID}} {
		if why := wire.InvalidID(q.id); q.id != "" && why != "" {
			p.Fields = append(p.Fields, apierror.FieldError{Parameter: q.parameter, Code: "invalid_id", Detail: why})
		}
	}
	if in.UserID == "" && in.SessionID == "" {
		p.Fields = append(p.Fields, apierror.FieldError{
			Parameter: "user_id", Code: "required", Detail: "give a user_id, a session_id or both",
		})
	}
	if err := refusal(p); err != nil {
		return nil, err
	}
	forgotten, err := a.Forget(ctx, shop, in.UserID, in.SessionID)
	return &forgetOutput{forgotten}, problem(err, "person", "")
}
