// Package httpapi is the HTTP surface of the profile-service: operations, their parameters and their answers. It judges nothing that
// another package can judge, and knows no store.
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

// API holds what the operations need.
type API struct {
	Ingest       *ingest.Ingest
	Catalogue    *catalogue.Catalogue
	People       *people.People
	Profiles     *profile.Reader
	Quality      *quality.Reporter
	History      *history.Reader
	Interactions *interactions.Stream
	Imports      *imports.Imports
	Undo         *undo.Undo
	Robots       store.Robots
	Weights      profileapi.EventWeights
	Audit        *audit.Recorder
	Now          func() time.Time
}

// Register adds every operation.
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

// audited records an operation.
func audited[I, O any](a *API, w audit.What[I], handler func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	recorded := audit.Handler(a.Audit, w, func(ctx context.Context, _ string, in *I) (*O, error) { return handler(ctx, in) })
	return func(ctx context.Context, in *I) (*O, error) { return recorded(ctx, auth.Shop(ctx), in) }
}

// operation describes an operation; id is its method and path in words.
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

// oneBody documents a body that is read by hand.
func oneBody[T any](api huma.API, contentTypes ...string) *huma.RequestBody {
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, contentType := range contentTypes {
		body.Content[contentType] = &huma.MediaType{Schema: schemaOf[T](api)}
	}
	return body
}

// registerRaw adds an operation whose handler reads the body by itself. The body is documented behind huma's back, which would else decode
// and check it once more.
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
