package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerItem adds what concerns one item, the listing and the stock; lists of whole items are
// in items.go.
func (a *API) registerItem(api huma.API) {
	put := operation(http.MethodPut, "/v1/items/{id}", "put-item", itemsTag, "Store an item whole")
	put.Description = "Answers 201 when there was none. `If-Match` with an ETag protects from overwriting another's change, " +
		"`If-None-Match: *` from overwriting anything."
	put.Errors = append(put.Errors, http.StatusPreconditionFailed)
	registerRaw(api, auth.ScopeCatalogueWrite, put, oneBody[profileapi.Item](api, "application/json"), a.putItem)

	patch := operation(http.MethodPatch, "/v1/items/{id}", "patch-item", itemsTag, "Change parts of an item")
	patch.Description = "A JSON merge patch (RFC 7396): null removes a field, an object merges, anything else replaces."
	patch.Errors = append(patch.Errors, http.StatusNotFound, http.StatusPreconditionFailed)
	registerRaw(
		api, auth.ScopeCatalogueWrite, patch, oneBody[profileapi.Item](api, "application/merge-patch+json", "application/json"),
		a.patchItem,
	)

	get := operation(http.MethodGet, "/v1/items/{id}", "get-item", itemsTag, "Read an item")
	get.Errors = append(get.Errors, http.StatusNotFound)
	httpserver.Register(api, auth.ScopeCatalogueRead, get, a.getItem)

	remove := operation(http.MethodDelete, "/v1/items/{id}", "delete-item", itemsTag, "Delete an item")
	remove.DefaultStatus = http.StatusNoContent
	remove.Errors = append(remove.Errors, http.StatusNotFound, http.StatusPreconditionFailed)
	httpserver.Register(api, auth.ScopeCatalogueWrite, remove, a.deleteItem)

	list := operation(http.MethodGet, "/v1/items", "list-items", itemsTag, "List items")
	list.Description = "In ascending order of item_id."
	httpserver.Register(api, auth.ScopeCatalogueRead, list, a.listItems)

	stock := operation(http.MethodPost, "/v1/items/stock", "set-stock", itemsTag, "Set the stock of up to 1,000 items")
	stock.Description = "Touches nothing but `stock`; a row that cannot be used, or whose item is not known, costs only itself."
	rows := batchBody[profileapi.StockUpdate](api)
	rows.Content["application/json"].Schema.Nullable = true // as it was published once; null is refused like an empty list
	registerRaw(api, auth.ScopeCatalogueWrite, stock, rows, a.setStock)
}

// itemInput is a body for the id of the path, of items and of users. Conditions are the headers
// by which a change depends on the version that is there.
type itemInput struct {
	ID string `path:"id" minLength:"1" maxLength:"256"`
	httpserver.Conditions
	RawBody []byte
}

// body checks the id and the form of the body: 422 for an id that cannot be one, 400 for what
// is no JSON.
func (in *itemInput) body() ([]byte, error) {
	return oneJSON(in.ID, in.RawBody)
}

// oneJSON returns a body that is JSON under an id that can be one. What it says is judged
// later, by the package of the thing.
func oneJSON(id string, body []byte) ([]byte, error) {
	if err := checkIDs(map[string]string{"id": id}); err != nil {
		return nil, err
	}
	if err := httpserver.CheckJSON(body); err != nil {
		return nil, apierror.Malformed("The body cannot be read.", apierror.FieldError{Code: "invalid_json", Detail: err.Error()})
	}
	return body, nil
}

type itemOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   profileapi.SavedItem
}

// itemAnswer is an item, with what was not understood of the body that it came from; body is
// nil where the item was only read.
func itemAnswer(status int, item profileapi.Item, body []byte) *itemOutput {
	return &itemOutput{
		Status: status, ETag: httpserver.ETag(item.Version),
		Body: profileapi.SavedItem{Item: item, Warnings: catalogue.Warnings(&item, body, "")},
	}
}

// putItem stores an item whole (package catalogue). 412 when the version is not the one that
// the headers ask for.
func (a *API) putItem(ctx context.Context, in *itemInput) (*itemOutput, error) {
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	item, created, err := a.Catalogue.Put(ctx, auth.Shop(ctx), in.ID, body, in.Require())
	if err != nil {
		return nil, storeProblem(err)
	}
	if created {
		return itemAnswer(http.StatusCreated, item, body), nil
	}
	return itemAnswer(http.StatusOK, item, body), nil
}

// patchItem changes parts of an item that exists; what the patch leaves out stays.
func (a *API) patchItem(ctx context.Context, in *itemInput) (*itemOutput, error) {
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	item, err := a.Catalogue.Patch(ctx, auth.Shop(ctx), in.ID, body, in.Require())
	if err != nil {
		return nil, storeProblem(err)
	}
	return itemAnswer(http.StatusOK, item, body), nil
}

// idInput is the id of the path: of an item, a user or an import.
type idInput struct {
	ID string `path:"id" minLength:"1" maxLength:"256"`
}

func (a *API) getItem(ctx context.Context, in *idInput) (*itemOutput, error) {
	item, err := a.Catalogue.Item(ctx, auth.Shop(ctx), in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	return itemAnswer(http.StatusOK, item, nil), nil
}

type deleteInput struct {
	ID string `path:"id" minLength:"1" maxLength:"256"`
	httpserver.Conditions
}

// deleteItem leaves a tombstone, from which replicas see that the item is gone.
func (a *API) deleteItem(ctx context.Context, in *deleteInput) (*struct{}, error) {
	return nil, storeProblem(a.Catalogue.Delete(ctx, auth.Shop(ctx), in.ID, in.Require()))
}

type listItemsInput struct {
	PageParameters
	Status   string   `query:"status" enum:"active,hidden,archived"`
	Brand    string   `query:"brand" maxLength:"256"`
	ParentID string   `query:"parent_id" maxLength:"256" doc:"Variants of this item"`
	Category []string `query:"category,explode" maxItems:"16" doc:"Levels of the path from the broadest on; finds everything below"`
	Query    string   `query:"q" maxLength:"256" doc:"Parts of id, alias, title, brand, category or GTIN; looks at every item"`
}

type itemsOutput struct {
	Body profileapi.Page[profileapi.Item]
}

// listItems answers a page. One item more than the page has is asked for, which says whether
// there is a next one.
func (a *API) listItems(ctx context.Context, in *listItemsInput) (*itemsOutput, error) {
	after, err := in.after(cursor.Items)
	if err != nil {
		return nil, err
	}
	items, err := a.Catalogue.List(ctx, auth.Shop(ctx), catalogue.Filter{
		After: after, Status: in.Status, Brand: in.Brand, ParentID: in.ParentID,
		Category: strings.Join(in.Category, store.CategorySeparator),
		Words:    strings.Fields(strings.ToLower(in.Query)), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, storeProblem(err)
	}
	return &itemsOutput{Body: page(items, in.Limit, cursor.Items, func(i *profileapi.Item) string { return i.ItemID })}, nil
}

const noneStocked = "None of the rows was accepted."

// setStock changes the stock of many items in one transaction. A row that cannot be used, or whose item does not exist, costs only
// itself; of two with the same id the later one counts; 422 when no row was of use.
func (a *API) setStock(ctx context.Context, in *rawInput) (*eventsOutput, error) {
	members, err := in.members()
	if err != nil {
		return nil, err
	}
	answer := profileapi.EventsAnswer{Results: make([]profileapi.Result, len(members))}
	var rows []profileapi.StockUpdate
	var places []int // of the rows in the body
	for i, member := range members {
		at := fmt.Sprintf("/%d", i)
		row, bad := catalogue.DecodeStock(member, at)
		answer.Results[i] = verdict(i, row.ItemID, bad)
		if len(bad) == 0 {
			rows, places = append(rows, row), append(places, i)
			answer.Results[i].Warnings = catalogue.StockWarnings(member, at)
		}
	}
	if len(rows) == 0 {
		return nil, rejectedAll(noneStocked, answer)
	}
	found, err := a.Catalogue.SetStock(ctx, auth.Shop(ctx), rows)
	if err != nil {
		return nil, storeProblem(err)
	}
	for n, known := range found {
		if r := &answer.Results[places[n]]; !known {
			r.Status, r.Warnings = profileapi.StatusRejected, nil
			r.Errors = []profileapi.FieldError{
				{Pointer: fmt.Sprintf("/%d/item_id", places[n]), Code: "item_not_found", Detail: "There is no such item. Store it first."},
			}
		}
	}
	for n := range answer.Results {
		switch r := &answer.Results[n]; {
		case r.Status == profileapi.StatusRejected:
			answer.Rejected++
		case len(r.Warnings) > 0:
			answer.Warned++
			fallthrough
		default:
			answer.Accepted++
		}
	}
	if answer.Accepted == 0 {
		return nil, rejectedAll(noneStocked, answer)
	}
	return &eventsOutput{Status: http.StatusOK, Body: answer}, nil
}
