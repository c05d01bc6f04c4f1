package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aisle-rec/aisle/recommender-service/internal/agentfeed"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// registerFeeds adds the catalogue as assistants read it; package agentfeed writes it.
func (a *API) registerFeeds(api huma.API) {
	tags := []string{"Feeds"}
	register(api, auth.ScopeCatalogueRead, huma.Operation{
		OperationID: "agent-feed", Method: http.MethodGet, Path: "/v1/feeds/agents", Tags: tags,
		Summary: "The catalogue for assistants: a product with its variants per line",
		Description: "products.jsonl of the Agentic Commerce Protocol, 2026-04-17: families with variants, prices in minor units, " +
			"availability as of now. " +
			"What is not sold in the market is left out; `/v1/feeds/agents/check` says what.",
		Errors:    []int{http.StatusServiceUnavailable},
		Responses: lines("A product per line", "application/x-ndjson"),
	}, a.agentFeed)
	register(api, auth.ScopeCatalogueRead, huma.Operation{
		OperationID: "check-agent-feed", Method: http.MethodGet, Path: "/v1/feeds/agents/check", Tags: tags,
		Summary: "What the feed for assistants holds, leaves out and lacks", Errors: []int{http.StatusServiceUnavailable},
	}, a.checkAgentFeed)
}

// feedInput is for whom a feed is written. Country and Currency are codes of two and three
// letters.
type feedInput struct {
	Country   string `query:"country" maxLength:"2" doc:"Items that are sold there, at its prices" example:"GB"`
	Language  string `query:"language" maxLength:"35"`
	Currency  string `query:"currency" maxLength:"3"`
	PriceList string `query:"price_list" maxLength:"64"`
	Seller    string `query:"seller" maxLength:"256" doc:"Name of the seller, written to every variant" example:"Example Shop"`
}

// form returns for whom a feed is written, and the catalogue. It answers 503 until the replica
// of the catalogue has been read: half a feed would have assistants drop the other products.
func (a *API) form(shop string, in *feedInput) (agentfeed.Form, *catalogue.Shop, error) {
	items := a.Catalogue.Shop(shop)
	if !items.State().Synced {
		return agentfeed.Form{}, nil, apierror.Unavailable("The catalogue is still being read.", 2*time.Second, nil)
	}
	market := recommenderapi.Market{Country: in.Country, Language: in.Language, Currency: in.Currency, PriceList: in.PriceList}
	return agentfeed.Form{Market: market, Seller: in.Seller, Now: a.Now()}, items, nil
}

// agentFeed streams the feed; nothing of it is kept.
func (a *API) agentFeed(ctx context.Context, shop string, in *feedInput) (*huma.StreamResponse, error) {
	form, items, err := a.form(shop, in)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", "application/x-ndjson")
		c.Header("Content-Disposition", `attachment; filename="products.jsonl"`)
		c.Status(http.StatusOK)
		if _, err := agentfeed.Write(ctx, c.Writer, items, form); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}

type feedFindingsOutput struct{ Body recommenderapi.FeedFindings }

// checkAgentFeed writes the same feed to nowhere and answers with what was found on the way.
func (a *API) checkAgentFeed(ctx context.Context, shop string, in *feedInput) (*feedFindingsOutput, error) {
	form, items, err := a.form(shop, in)
	if err != nil {
		return nil, err
	}
	found, err := agentfeed.Write(ctx, io.Discard, items, form)
	return &feedFindingsOutput{found}, problem(err, "feed", "")
}
