// Package httpapi is the HTTP surface of the recommender-service: operations, their parameters
// and their answers. It ranks nothing itself.
//
// Every operation goes the same way. The register methods name its path, scope and audit entry;
// huma reads the input by the tags of its struct; the handler checks what tags cannot say and
// reports every bad field at once (check.go, ids.go), calls the package that does the work, and
// maps its error to a problem (errors.go). Handlers are given the shop of the caller's key and
// can reach no other. recommendations.go is the one to read first.
package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/anomaly"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decisionlog"
	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/export"
	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/recommender-service/internal/persons"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// API holds what the operations need. All fields are set before Register, and none changes
// afterwards; handlers run at the same time.
type API struct {
	Engine      *recommend.Engine
	Catalogue   *catalogue.Catalogue
	Scenarios   *scenario.Collection
	Rules       *scenario.Rules // that hold in all scenarios
	Experiments *experiment.Assigner
	Shadows     *experiment.Shadows
	Decisions   *decisionlog.Log
	Reporter    *figures.Reporter
	Exports     *export.Manager
	// Anomalies lists up to limit anomalies of a shop, those that opened last first.
	Anomalies func(ctx context.Context, shop string, open bool, limit int) ([]store.Anomaly, error)
	Monitor   *anomaly.Monitor
	// Forget removes what is kept of a user, a session or both; "" for neither.
	Forget  func(ctx context.Context, shop, userID, sessionID string) (recommenderapi.Forgotten, error)
	Persons *persons.Persons
	// Model describes a model version, or returns the similarity-service's problem.
	Model func(ctx context.Context, shop, version string) (similarityapi.Model, error)
	Audit *audit.Recorder
	// AuditElsewhere lists the entries of the other services and of the keys file. missing names the services that did not answer.
	AuditElsewhere func(ctx context.Context, shop string, q audit.Query) (entries []audit.Entry, missing []string)
	// EventWeights returns the types of event that there are, with their weights.
	EventWeights func() profileapi.EventWeights
	// Keys lists the keys of a shop.
	Keys     func(shop string) []auth.Key
	KeepDays int // how long decisions are kept
	Now      func() time.Time
}

// Register adds every operation. Their order does not matter: examples.json has that of the
// reference.
func (a *API) Register(api huma.API) {
	a.registerRecommendations(api)
	a.registerScenarios(api)
	a.registerRules(api)
	a.registerSharedRules(api)
	a.registerExperiments(api)
	a.registerExports(api)
	a.registerFeeds(api)
	a.registerPrivacy(api)
	a.registerAudit(api)
	a.registerKeys(api)
}

// register adds an operation that is given the shop of its caller, which has the scope when the
// handler runs.
func register[I, O any](api huma.API, scope string, op huma.Operation, handler func(ctx context.Context, shop string, in *I) (*O, error)) {
	httpserver.Register(api, scope, op, func(ctx context.Context, in *I) (*O, error) { return handler(ctx, auth.Shop(ctx), in) })
}
