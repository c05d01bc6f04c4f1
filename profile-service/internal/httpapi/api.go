// Package httpapi is the HTTP surface of the profile-service: operations, their parameters and their answers. It judges nothing that
// another package can judge, and knows no store.
//
// A file holds the operations of one subject: registerX says what each is called, which scope
// it needs and what it may answer, and the handlers below it turn parameters into a call of the
// package that does the work and its result into JSON. Texts of operations and the tag doc of a
// field are part of the API's document, and so of the clients; comments like this one are not.
// Frame, limits, keys and idempotence come from package httpserver.
//
// Every handler finds the shop in the context, where the key put it, and answers an error as a
// problem: of a parameter here, of what was asked in the package that knows, of the store by
// storeProblem.
package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/history"
	"github.com/aisle-rec/aisle/profile-service/internal/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/interactions"
	"github.com/aisle-rec/aisle/profile-service/internal/people"
	"github.com/aisle-rec/aisle/profile-service/internal/profile"
	"github.com/aisle-rec/aisle/profile-service/internal/quality"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/undo"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// API holds what the operations need. All fields are set, and nothing is changed after
// Register.
type API struct {
	Ingest       *ingest.Ingest
	Catalogue    *catalogue.Catalogue
	People       *people.People
	Profiles     *profile.Reader
	Quality      *quality.Reporter
	History      *history.Reader
	Interactions *interactions.Stream
	Imports      *imports.Imports
	Undo         *undo.Undo              // takes out what an import stored
	Robots       store.Robots            // verdicts on visitors; the only port of the store that is used here as it is
	Weights      profileapi.EventWeights // what each type of event weighs, for those who ask
	Audit        *audit.Recorder
	Now          func() time.Time
}

// Register adds every operation. It is called once, before the server takes requests.
func (a *API) Register(api huma.API) {
	a.registerEvents(api)
	a.registerHistory(api)
	a.registerItems(api)
	a.registerItem(api)
	a.registerUsers(api)
	a.registerRobots(api)
	a.registerImports(api)
	a.registerUndo(api)
	a.registerProfiles(api)
	a.registerStates(api)
	a.registerInteractions(api)
	audit.Register(
		api, "/v1/audit/people", "audit-people", peopleTag, "Who did what with the data of persons and with imports, the newest first",
		a.Audit.Log,
	)
}

// audited records an operation in the audit log: an entry is stored before anything is done,
// and how it went after it.
func audited[I, O any](a *API, w audit.What[I], handler func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	recorded := audit.Handler(a.Audit, w, func(ctx context.Context, _ string, in *I) (*O, error) { return handler(ctx, in) })
	return func(ctx context.Context, in *I) (*O, error) { return recorded(ctx, auth.Shop(ctx), in) }
}

// operation describes an operation; id is its method and path in words, by which clients name
// their functions. 400 and 422 are answers of all; others are added by who registers it.
func operation(method, path, id, tag, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag},
		Errors: []int{http.StatusBadRequest, http.StatusUnprocessableEntity},
	}
}

// schemaOf returns a reference to the schema of a type.
func schemaOf[T any](api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// oneBody documents a body that is read by hand: one object of type T, whatever of the content
// types it comes as.
func oneBody[T any](api huma.API, contentTypes ...string) *huma.RequestBody {
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, contentType := range contentTypes {
		body.Content[contentType] = &huma.MediaType{Schema: schemaOf[T](api)}
	}
	return body
}

// registerRaw adds an operation whose handler reads the body by itself. The body is documented behind huma's back, which would else decode
// and check it once more. Bodies of items, users and events are read by hand because their own
// rules say more: every wrong field at once, by its pointer, and what is no field as a warning.
func registerRaw[I, O any](
	api huma.API, scope string, op huma.Operation, body *huma.RequestBody, handler func(context.Context, *I) (*O, error),
) {
	httpserver.Register(api, scope, op, handler)
	item := api.OpenAPI().Paths[op.Path]
	for method, registered := range map[string]*huma.Operation{
		http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch,
	} {
		if method == op.Method {
			registered.RequestBody = body
		}
	}
}
