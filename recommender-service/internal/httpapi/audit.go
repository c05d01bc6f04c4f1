package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/config"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
)

type auditOutput struct{ Body audit.Page }

// registerAudit adds the log of all services and, beside it, the part that this service keeps,
// which other parts of Aisle put together from.
func (a *API) registerAudit(api huma.API) {
	tags := []string{"Audit"}
	register(api, auth.ScopeAuditRead, huma.Operation{
		OperationID: "audit-log", Method: http.MethodGet, Path: "/v1/audit", Tags: tags,
		Summary: "Who did what to configuration, models, keys and the data of persons, the newest first",
		Description: "Entries of all services, kept for a year. An entry is stored before anything is done; its `outcome` says how " +
			"that went. `missing` names services that did not answer.",
	}, a.auditLog)
	audit.Register(
		api, "/v1/audit/configuration", "audit-configuration", "Audit", "The part of the audit log that the recommender-service keeps",
		a.Audit.Log,
	)
}

// auditLog merges a page of each service's part by time. A service that does not answer is
// named in Missing and the page goes without it; only the own store's failure is an error.
func (a *API) auditLog(ctx context.Context, shop string, in *audit.Input) (*auditOutput, error) {
	q := in.Query(shop)
	own, err := a.Audit.Log.List(ctx, shop, q)
	if err != nil {
		return nil, problem(err, "audit log", "")
	}
	others, missing := a.AuditElsewhere(ctx, shop, q)
	page := audit.NewPage(audit.Merge(q.Limit, own, others), q.Limit)
	page.Missing = missing
	return &auditOutput{page}, nil
}

// current is what a configured thing is now, for the audit entry of a change; nil for none.
func current[T any](c *config.Collection[T], shop, id string) any {
	e, ok := c.Find(shop, id)
	if !ok {
		return nil
	}
	return e.Value
}
