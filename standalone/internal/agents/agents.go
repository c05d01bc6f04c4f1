// Package agents lets assistants use a shop's recommendations through the Model Context Protocol: they look for items, ask what a placement
// shows and why, and read how placements and models do. Every tool is a call of the public API with the key of whoever asks, so keys,
// scopes and limits are those of the API, and no tool changes anything: what is asked here counts in no figure.
//
// The entries are Server, for a program on standard input and output, and Handler, for HTTP.
package agents

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Bounds of what a tool answers: an assistant reads every item, and pays for it. deadlineMS is
// longer than that of a page, since nobody waits for one to be drawn.
const (
	// usualItems and mostItems bound the lists of all tools.
	usualItems, mostItems = 10, 50
	// usualDays and mostDays bound the time of a report.
	usualDays, mostDays = 7, 366
	deadlineMS          = 2000
)

// instructions are what an assistant is told of the server before it sees the tools.
const instructions = `Recommendations of one shop. search_items and get_item know the catalogue; recommend asks what a ` +
	`placement (list_placements) shows to somebody, ` +
	`similar_items and bought_together start from an item, why explains why an item is or is not shown. Ids are the ` +
	`shop's own. Nothing here changes anything.`

// Server returns a server whose tools call an Aisle through a client. It keeps nothing between
// two calls.
func Server(client *httpclient.Client, version string) *mcp.Server {
	s := mcp.NewServer(
		&mcp.Implementation{Name: "aisle", Title: "Aisle recommendations", Version: version},
		&mcp.ServerOptions{Instructions: instructions},
	)
	t := tools{client}
	add(s, "recommend", "What a placement shows to a visitor now, with prices and reasons", t.recommend)
	add(s, "similar_items", "Items like one item, that can be bought now", t.similar)
	add(s, "bought_together", "What others bought together with an item, or with the items of a cart", t.boughtTogether)
	add(s, "search_items", "Find items of the catalogue by words of id, title, brand, category or GTIN", t.search)
	add(s, "get_item", "Everything that the catalogue says of an item", t.item)
	add(s, "why", "Why an item is shown at a placement, or which step left it out, with its rank and the contributions to its score", t.why)
	add(s, "list_placements", "The placements of the shop: their ids, titles and purposes", t.placements)
	add(s, "placement_report", "Requests, clicks, orders and revenue by currency of every placement", t.report)
	add(s, "models", "The live models: when they were made, of which algorithm, and their held-out figures", t.models)
	return s
}

// add registers a tool that changes nothing. A problem of the API is the tool's answer, for the assistant to mend its question.
func add[In, Out any](s *mcp.Server, name, description string, ask func(context.Context, In) (Out, error)) {
	closed := false
	tool := &mcp.Tool{
		Name: name, Description: description,
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed},
	}
	mcp.AddTool(s, tool, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		out, err := ask(ctx, in)
		return nil, out, err
	})
}

// tools are the tools as methods: each takes an input, whose tags are its schema, and asks the
// API.
type tools struct{ client *httpclient.Client }

// Listed is an item of a list, with what an assistant needs to name it. Price is what is paid
// now, a sale's where there is one, as the API has it.
type Listed struct {
	ItemID   string   `json:"item_id"`
	Title    string   `json:"title,omitempty"`
	Price    any      `json:"price,omitempty"`
	Currency string   `json:"currency,omitempty"`
	URL      string   `json:"url,omitempty"`
	Image    string   `json:"image_url,omitempty"`
	Score    float64  `json:"score"`
	Tier     string   `json:"tier,omitempty" jsonschema:"what the item stands for, from personal to popular"`
	Reasons  []string `json:"reasons,omitempty"`
}

// List is what a placement shows.
type List struct {
	Placement string   `json:"placement"`
	Items     []Listed `json:"items"`
	Degraded  []string `json:"degraded,omitempty" jsonschema:"parts of the service that could not help"`
	Warnings  []string `json:"warnings,omitempty" jsonschema:"what was asked with and the shop does not have"`
}

type recommendInput struct {
	Placement string         `json:"placement" jsonschema:"id of a placement such as home.for_you"`
	UserID    string         `json:"user_id,omitempty" jsonschema:"the visitor; leave out for somebody unknown"`
	SessionID string         `json:"session_id,omitempty"`
	Items     []string       `json:"context_items,omitempty" jsonschema:"items of the page"`
	Cart      []string       `json:"cart,omitempty" jsonschema:"items in the cart"`
	Q         string         `json:"q,omitempty" jsonschema:"words to look for, with placement search.for_query"`
	Category  string         `json:"category,omitempty" jsonschema:"path of the page's category, joined by ' > '"`
	Filter    map[string]any `json:"filter,omitempty" jsonschema:"only items that match, such as field price, op lt, value 20"`
	Limit     int            `json:"limit,omitempty" jsonschema:"items, 10 when absent, 50 at most"`
}

// recommend asks any placement; a filter is a condition of the API as free JSON.
func (t tools) recommend(ctx context.Context, in recommendInput) (List, error) {
	var filter *recommenderapi.Condition
	if in.Filter != nil {
		data, err := json.Marshal(in.Filter)
		if err == nil {
			err = json.Unmarshal(data, &filter)
		}
		if err != nil {
			return List{}, fmt.Errorf("filter is not a condition: %w", err)
		}
	}
	return t.list(ctx, recommenderapi.Request{
		Scenario: in.Placement, UserID: in.UserID, SessionID: in.SessionID, ContextItems: in.Items, Cart: in.Cart, Category: in.Category,
		Q:      in.Q,
		Filter: filter, Limit: in.Limit,
	})
}

type itemInput struct {
	ItemID string `json:"item_id"`
	Limit  int    `json:"limit,omitempty" jsonschema:"items, 10 when absent, 50 at most"`
}

// similar asks the delivered placement for it, so that rules and stock hold, rather than the
// model.
func (t tools) similar(ctx context.Context, in itemInput) (List, error) {
	return t.list(ctx, recommenderapi.Request{Scenario: "product_detail.similar", ContextItems: []string{in.ItemID}, Limit: in.Limit})
}

type cartInput struct {
	ItemIDs []string `json:"item_ids" jsonschema:"one item, or the items of a cart"`
	Limit   int      `json:"limit,omitempty" jsonschema:"items, 10 when absent, 50 at most"`
}

// boughtTogether asks the delivered placement for it, with the items as those of a page.
func (t tools) boughtTogether(ctx context.Context, in cartInput) (List, error) {
	return t.list(ctx, recommenderapi.Request{Scenario: "product_detail.bought_together", ContextItems: in.ItemIDs, Limit: in.Limit})
}

// list asks for a list that counts in no figure. The items of a placement with rows come one
// row after the other.
func (t tools) list(ctx context.Context, r recommenderapi.Request) (List, error) {
	r.Test, r.Explain, r.DeadlineMS, r.Limit = true, "reasons", deadlineMS, bounded(r.Limit, usualItems, mostItems)
	r.Fields = []string{"title", "price", "sale_price", "currency", "url", "image_url"}
	answer, err := httpclient.JSON[recommenderapi.Answer](ctx, t.client, http.MethodPost, "/v1/recommendations", nil, r)
	if err != nil {
		return List{}, err
	}
	out := List{Placement: answer.Scenario, Items: make([]Listed, len(answer.Items)), Degraded: answer.Degraded}
	for _, w := range answer.Warnings {
		out.Warnings = append(out.Warnings, strings.TrimPrefix(w.Pointer, "/")+": "+w.Detail)
	}
	for n := range answer.Items {
		out.Items[n] = listed(&answer.Items[n])
	}
	for _, row := range answer.Rows {
		for n := range row.Items {
			out.Items = append(out.Items, listed(&row.Items[n]))
		}
	}
	return out, nil
}

// listed makes an item of the API's; a reason is its code with what it is about,
// "because_you_viewed 22423".
func listed(i *recommenderapi.RecommendedItem) Listed {
	text := func(name string) string { s, _ := i.Fields.Get(name).(string); return s }
	l := Listed{
		ItemID: i.ItemID, Title: text("title"), Price: i.Fields.Get("price"), Currency: text("currency"), URL: text("url"),
		Image: text("image_url"),
		Score: i.Score, Tier: i.Tier,
	}
	if sale := i.Fields.Get("sale_price"); sale != nil {
		l.Price = sale
	}
	for _, r := range i.Reasons {
		reason := r.Code
		if of := r.ItemID + r.Value; of != "" {
			reason += " " + of
		}
		l.Reasons = append(l.Reasons, reason)
	}
	return l
}

type searchInput struct {
	Words string `json:"words" jsonschema:"all of them have to occur"`
	Limit int    `json:"limit,omitempty" jsonschema:"items, 10 when absent, 50 at most"`
}

// search looks into the catalogue itself, hidden and sold out items included.
func (t tools) search(ctx context.Context, in searchInput) (object, error) {
	q := url.Values{"q": {in.Words}, "limit": {strconv.Itoa(bounded(in.Limit, usualItems, mostItems))}}
	return t.get(ctx, "/v1/items", q)
}

type idInput struct {
	ItemID string `json:"item_id"`
}

func (t tools) item(ctx context.Context, in idInput) (object, error) {
	return t.get(ctx, "/v1/items/"+url.PathEscape(in.ItemID), nil)
}

type whyInput struct {
	Placement string   `json:"placement" jsonschema:"id of a placement such as home.for_you"`
	ItemID    string   `json:"item_id" jsonschema:"the item that is asked about"`
	UserID    string   `json:"user_id,omitempty" jsonschema:"the visitor; leave out for somebody unknown"`
	SessionID string   `json:"session_id,omitempty"`
	Items     []string `json:"context_items,omitempty" jsonschema:"items of the page"`
	Cart      []string `json:"cart,omitempty" jsonschema:"items in the cart"`
}

func (t tools) why(ctx context.Context, in whyInput) (object, error) {
	r := recommenderapi.Request{
		Scenario: in.Placement, UserID: in.UserID, SessionID: in.SessionID, ContextItems: in.Items, Cart: in.Cart, Test: true,
		DeadlineMS: deadlineMS,
	}
	return t.call(ctx, http.MethodPost, "/v1/recommendations/explain", nil, recommenderapi.ExplainRequest{Request: r, ItemID: in.ItemID})
}

// nothing is the input of a tool that takes none.
type nothing struct{}

// Placement is what a placement is for.
type Placement struct {
	ID      string `json:"placement"`
	Title   string `json:"title"`
	Purpose string `json:"purpose,omitempty"`
}

// Placements are those of a shop.
type Placements struct {
	Placements []Placement `json:"placements"`
}

func (t tools) placements(ctx context.Context, _ nothing) (Placements, error) {
	all, err := recommenderapi.NewClient(t.client).Scenarios(ctx)
	out := Placements{Placements: make([]Placement, len(all))}
	for n := range all {
		out.Placements[n] = Placement{all[n].ScenarioID, all[n].Title, all[n].Description}
	}
	return out, err
}

type reportInput struct {
	Days int `json:"days,omitempty" jsonschema:"days up to now, 7 when absent, 366 at most"`
}

// report gives the figures of the last days as the API has them.
func (t tools) report(ctx context.Context, in reportInput) (object, error) {
	to := time.Now().Add(time.Second) // times go in whole seconds
	from := to.AddDate(0, 0, -bounded(in.Days, usualDays, mostDays))
	return t.get(ctx, "/v1/metrics/scenarios", url.Values{"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}})
}

// ModelState is a live model and what was measured of it.
type ModelState struct {
	Relation  string             `json:"relation"`
	Version   string             `json:"version"`
	Algorithm string             `json:"algorithm"`
	CreatedAt string             `json:"created_at"`
	Items     int                `json:"items"`
	Metrics   map[string]float64 `json:"held_out_figures"`
}

// ModelStates are the live models.
type ModelStates struct {
	Models []ModelState `json:"models"`
}

// models reads one model after the other, of the relations that have a live one.
func (t tools) models(ctx context.Context, _ nothing) (ModelStates, error) {
	client := similarityapi.NewClient(t.client)
	live, err := client.Live(ctx)
	if err != nil {
		return ModelStates{}, err
	}
	out := ModelStates{Models: []ModelState{}}
	for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
		version := live.Live[relation]
		if version == "" {
			continue
		}
		m, err := client.Model(ctx, version)
		if err != nil {
			return ModelStates{}, fmt.Errorf("model %s: %w", version, err)
		}
		state := ModelState{
			Relation: relation, Version: version, Algorithm: m.Algorithm, CreatedAt: m.CreatedAt.UTC().Format(time.RFC3339), Items: m.Items,
			Metrics: map[string]float64{},
		}
		for name, metric := range m.Metrics {
			state.Metrics[name] = metric.Value
		}
		out.Models = append(out.Models, state)
	}
	return out, nil
}

// object is an answer of the API as it is.
type object map[string]any

func (t tools) get(ctx context.Context, path string, q url.Values) (object, error) {
	return t.call(ctx, http.MethodGet, path, q, nil)
}

func (t tools) call(ctx context.Context, method, path string, q url.Values, in any) (object, error) {
	raw, err := httpclient.JSON[json.RawMessage](ctx, t.client, method, path, q, in)
	if err != nil {
		return nil, err
	}
	out := object{}
	return out, json.Unmarshal(raw, &out)
}

// bounded is a number as it was asked for, within bounds: usual for none, most for more. An
// assistant's guess is no error.
func bounded(given, usual, most int) int {
	if given <= 0 {
		return usual
	}
	return min(given, most)
}
