package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

type keysOutput struct {
	Body profileapi.Page[recommenderapi.Key]
}

// registerKeys adds the list of the shop's keys, which is part of who may do what and needs the
// scope of the audit log.
func (a *API) registerKeys(api huma.API) {
	register(api, auth.ScopeAuditRead, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: "/v1/keys", Tags: []string{"Audit"}, Summary: "The keys of the shop",
		Description: "What the keys file says of them, in its order. The keys themselves are nowhere: the file holds digests. They " +
			"are made and removed with `aisle keys`.",
	}, a.listKeys)
}

// listKeys answers from the keys file as it was read last. Digests are left out.
func (a *API) listKeys(_ context.Context, shop string, _ *struct{}) (*keysOutput, error) {
	out := &keysOutput{}
	out.Body.Items = []recommenderapi.Key{}
	for _, k := range a.Keys(shop) {
		one := recommenderapi.Key{
			KeyID: k.ID, Kind: string(k.Kind), Scopes: k.Scopes, Origins: k.Origins, Rate: k.Rate, Note: k.Note,
			CreatedAt: wire.TimeOf(k.CreatedAt),
		}
		if k.ExpiresAt != nil {
			one.ExpiresAt = wire.TimeOf(*k.ExpiresAt)
		}
		out.Body.Items = append(out.Body.Items, one)
	}
	return out, nil
}
