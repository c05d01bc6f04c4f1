package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/stages"
)

const (
	itemsTag = "Catalogue"
	maxBatch = 1000
	// maxItemsBody is in bytes, for maxBatch items with long descriptions.
	maxItemsBody = 16 << 20 // 1,000 items with long descriptions
)

// registerItems adds what concerns the catalogue as a whole: batches, the feed of changes and
// the report on its quality.
func (a *API) registerItems(api huma.API) {
	batch := operation(http.MethodPost, "/v1/items/batch", "put-items", itemsTag, "Store up to 1,000 items whole")
	batch.Description = "Each item replaces the one with its id. A bad item costs only itself; an item that stays " +
		"the same is acknowledged and changes nothing."
	batch.MaxBodyBytes = maxItemsBody
	registerRaw(api, auth.ScopeCatalogueWrite, batch, batchBody[profileapi.Item](api), a.putItems)

	changes := operation(http.MethodGet, "/v1/changes/items", "item-changes", itemsTag, "Follow the changes of the catalogue")
	changes.Description = "Changes in the order in which they were committed, each item once, at its latest " +
		"change. A replica that applies them in order has the catalogue as it was at the last."
	httpserver.Register(api, auth.ScopeCatalogueRead, changes, a.itemChanges)

	report := operation(http.MethodGet, "/v1/stats/items", "catalogue-quality", itemsTag, "What keeps items from being recommended well")
	report.Description = "Looks at every active item, and at the latest 100,000 events for what nobody sees: some ten seconds for " +
		"a million items."
	httpserver.Register(api, auth.ScopeCatalogueRead, report, a.catalogueQuality)
}

type catalogueQualityOutput struct {
	Body profileapi.CatalogueQuality
}

// catalogueQuality answers the report of package quality, which reads every item of the shop.
func (a *API) catalogueQuality(ctx context.Context, _ *struct{}) (*catalogueQualityOutput, error) {
	report, err := a.Quality.Report(ctx, auth.Shop(ctx))
	if err != nil {
		return nil, storeProblem(err)
	}
	return &catalogueQualityOutput{report}, nil
}

// batchBody documents a list body that is read member by member.
func batchBody[T any](api huma.API) *huma.RequestBody {
	one := schemaOf[T](api)
	least, limit := 1, maxBatch
	media := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeArray, Items: one, MinItems: &least, MaxItems: &limit}}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": media}}
}

// rawInput is a list whose members are judged one by one.
type rawInput struct{ RawBody []byte }

// members splits a list body: 400 for what is no list, 422 for an empty one or one with more
// than maxBatch members.
func (in *rawInput) members() ([]json.RawMessage, error) {
	if err := httpserver.CheckJSON(in.RawBody); err != nil {
		return nil, apierror.Malformed("The body cannot be read.", apierror.FieldError{Code: "invalid_json", Detail: err.Error()})
	}
	var members []json.RawMessage
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(in.RawBody, &members); errors.As(err, &wrong) {
		return nil, apierror.Malformed("The body is not a JSON list.", apierror.FieldError{
			Code: "invalid_json", Detail: "expected a list, found a JSON " + wrong.Value,
		})
	} else if err != nil {
		return nil, apierror.Malformed("The body cannot be read.", apierror.FieldError{Code: "invalid_json", Detail: err.Error()})
	}
	if len(members) == 0 || len(members) > maxBatch {
		return nil, apierror.Invalid(fmt.Sprintf("The list has %d members; 1 to %d are possible.", len(members), maxBatch))
	}
	return members, nil
}

// putItems stores those of up to 1,000 items that are in order, in one transaction. Of two with
// the same id the later one counts, and the answer says so: feeds have such rows, and a refusal
// would cost the item.
func (a *API) putItems(ctx context.Context, in *rawInput) (*eventsOutput, error) {
	members, err := in.members()
	if err != nil {
		return nil, err
	}
	answer := profileapi.EventsAnswer{Results: make([]profileapi.Result, len(members))}
	valid := make([]profileapi.Item, 0, len(members))
	first := map[string]int{} // the place of each id
	for i, member := range members {
		at := fmt.Sprintf("/%d", i)
		item, bad := catalogue.Decode(member, at)
		answer.Results[i] = verdict(i, item.ItemID, bad)
		answer.Results[i].Warnings = catalogue.Warnings(&item, member, at)
		if len(bad) > 0 {
			continue
		}
		valid = append(valid, item)
		if before, again := first[item.ItemID]; again {
			answer.Results[i].Warnings = append(answer.Results[i].Warnings, profileapi.FieldError{Pointer: at +
				"/item_id", Code: "repeated_id",
				Detail: fmt.Sprintf("Member %d has the same item_id: this one replaces it.", before)})
		}
		first[item.ItemID] = i
		if len(answer.Results[i].Warnings) > 0 {
			answer.Warned++
		}
	}
	answer.Accepted, answer.Rejected = len(valid), len(members)-len(valid)
	if len(valid) == 0 {
		return nil, rejectedAll("None of the items was accepted.", answer)
	}
	if _, err := a.Catalogue.PutAll(ctx, auth.Shop(ctx), valid); err != nil {
		return nil, storeProblem(err)
	}
	return &eventsOutput{Status: http.StatusOK, Body: answer}, nil
}

// verdict is what became of member i of a body, before anything is stored.
func verdict(i int, id string, bad []profileapi.FieldError) profileapi.Result {
	r := profileapi.Result{Index: i, ID: id, Status: profileapi.StatusAccepted, Errors: bad}
	if len(bad) > 0 {
		r.Status = profileapi.StatusRejected
	}
	return r
}

// changesInput is how a replica follows the catalogue: with wait_ms the request is held until
// there is a change.
type changesInput struct {
	After  string `query:"after" maxLength:"256" doc:"Cursor of the last change applied; empty for the start"`
	Limit  int    `query:"limit" default:"1000" minimum:"1" maximum:"5000"`
	WaitMs int    `query:"wait_ms" default:"0" minimum:"0" maximum:"60000" doc:"How long to wait for the first change"`
}

type changesOutput struct{ Body profileapi.ItemChanges }

// itemChanges answers the changes behind a cursor. The time that it waited on purpose is left
// out of the figures of how long requests take.
func (a *API) itemChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	wait := time.Duration(in.WaitMs) * time.Millisecond
	began := time.Now()
	page, err := a.Catalogue.Changes(ctx, auth.Shop(ctx), in.After, in.Limit, wait)
	stages.Of(ctx).Waited(min(wait, time.Since(began)))
	if err != nil {
		return nil, storeProblem(err)
	}
	return &changesOutput{Body: page}, nil
}
