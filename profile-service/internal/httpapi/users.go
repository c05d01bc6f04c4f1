package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerUsers adds what concerns persons: records, names and privacy. What joins, erases or
// shows a person is in the audit log, where the person stands by a hash.
func (a *API) registerUsers(api huma.API) {
	put := operation(http.MethodPut, "/v1/users/{id}", "put-user", peopleTag, "Store a user whole")
	put.Description = "With `consent.personalization` false nothing is read or written for personalisation: the profile answers " +
		"empty, events are stored without the user, " +
		"and models do not count what was stored before. A user needs no record to have events and a profile."
	put.Errors = append(put.Errors, http.StatusPreconditionFailed)
	registerRaw(api, auth.ScopeUsersWrite, put, oneBody[profileapi.User](api, "application/json"), a.putUser)

	patch := operation(http.MethodPatch, "/v1/users/{id}", "patch-user", peopleTag, "Change parts of a user")
	patch.Description = "A JSON merge patch (RFC 7396). A user without a record gets one."
	patch.Errors = append(patch.Errors, http.StatusPreconditionFailed)
	registerRaw(
		api, auth.ScopeUsersWrite, patch, oneBody[profileapi.User](api, "application/merge-patch+json", "application/json"), a.patchUser,
	)

	get := operation(http.MethodGet, "/v1/users/{id}", "get-user", peopleTag, "Read a user")
	get.Errors = append(get.Errors, http.StatusNotFound)
	httpserver.Register(api, auth.ScopeUsersRead, get, a.getUser)

	list := operation(http.MethodGet, "/v1/users", "list-users", peopleTag, "List users")
	list.Description = "In ascending order of user_id."
	httpserver.Register(api, auth.ScopeUsersRead, list, a.listUsers)

	merge := operation(http.MethodPost, "/v1/users/{id}/merge", "merge-user", peopleTag, "Join a session or an anonymous id to a user")
	merge.Description = "Its events become the user's, and late ones follow. Repeating a merge changes nothing; one that would form a " +
		"cycle, or give an id to a second user, is refused."
	merge.Errors = append(merge.Errors, http.StatusConflict)
	httpserver.Register(
		api, auth.ScopeUsersWrite, merge,
		audited(
			a,
			audit.What[mergeInput]{
				Action: "person.merge", Subject: func(shop string, in *mergeInput) string { return audit.Person(shop, in.ID) },
			},
			a.mergeUser,
		),
	)

	remove := operation(http.MethodDelete, "/v1/users/{id}", "delete-user", peopleTag, "Erase or anonymise a person")
	remove.Description = "`erase` removes the record, the events, and every session and anonymous id merged into the user; " +
		"`anonymize` keeps the events under a random name, without sessions, " +
		"orders and properties. Safe to repeat; the receipt counts what was removed."
	httpserver.Register(api, auth.ScopeUsersWrite, remove, audited(a, audit.What[deleteUserInput]{
		Action: "person.erase", Subject: func(shop string, in *deleteUserInput) string { return audit.Person(shop, in.ID) },
		After: func(in *deleteUserInput) any { return map[string]string{"mode": in.Mode} },
	}, a.deleteUser))

	export := operation(http.MethodGet, "/v1/users/{id}/export", "export-user", peopleTag, "Stream everything that is held on a person")
	export.Description = "NDJSON: aliases, records, events, and a last line of kind `end` with the counts, without " +
		"which the stream was cut."
	export.Responses = map[string]*huma.Response{"200": {Description: "One ExportEntry per line", Content: map[string]*huma.MediaType{
		ndjsonType: {Schema: schemaOf[profileapi.ExportEntry](api)},
	}}}
	httpserver.Register(
		api, auth.ScopeUsersRead, export,
		audited(
			a,
			audit.What[idInput]{
				Action: "person.export", Subject: func(shop string, in *idInput) string { return audit.Person(shop, in.ID) },
			},
			a.exportUser,
		),
	)
}

type userOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   profileapi.User
}

// userAnswer is a record with its version as tag.
func userAnswer(status int, u profileapi.User) *userOutput {
	return &userOutput{Status: status, ETag: httpserver.ETag(u.Version), Body: u}
}

// putUser stores a record whole (package people), with the consent in it. 412 when the version
// is not the one that the headers ask for.
func (a *API) putUser(ctx context.Context, in *itemInput) (*userOutput, error) {
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	user, created, err := a.People.Put(ctx, auth.Shop(ctx), in.ID, body, in.Require())
	if err != nil {
		return nil, storeProblem(err)
	}
	if created {
		return userAnswer(http.StatusCreated, user), nil
	}
	return userAnswer(http.StatusOK, user), nil
}

// patchUser changes parts of a record, which is made when there is none: a page that only
// learns a user's consent need not ask first.
func (a *API) patchUser(ctx context.Context, in *itemInput) (*userOutput, error) {
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	user, err := a.People.Patch(ctx, auth.Shop(ctx), in.ID, body, in.Require())
	if err != nil {
		return nil, storeProblem(err)
	}
	return userAnswer(http.StatusOK, user), nil
}

// getUser answers a record; 404 for a user who has only events.
func (a *API) getUser(ctx context.Context, in *idInput) (*userOutput, error) {
	user, err := a.People.User(ctx, auth.Shop(ctx), in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	return userAnswer(http.StatusOK, user), nil
}

type usersOutput struct {
	Body profileapi.Page[profileapi.User]
}

// listUsers answers a page of records, in the order of ids.
func (a *API) listUsers(ctx context.Context, in *PageParameters) (*usersOutput, error) {
	after, err := in.after(cursor.Users)
	if err != nil {
		return nil, err
	}
	users, err := a.People.List(ctx, auth.Shop(ctx), after, in.Limit+1)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &usersOutput{Body: page(users, in.Limit, cursor.Users, func(u *profileapi.User) string { return u.UserID })}, nil
}

type mergeInput struct {
	ID   string `path:"id" minLength:"1" maxLength:"256"`
	Body profileapi.Merge
}

type mergeOutput struct{ Body profileapi.Merged }

// mergeUser makes a session, an anonymous id or both other names of a user. 409 for an id that
// is another user's already.
func (a *API) mergeUser(ctx context.Context, in *mergeInput) (*mergeOutput, error) {
	if err := checkIDs(map[string]string{"id": in.ID, "session_id": in.Body.SessionID, "anonymous_id": in.Body.AnonymousID}); err != nil {
		return nil, err
	}
	if in.Body.SessionID == "" && in.Body.AnonymousID == "" {
		return nil, apierror.Invalid("There is nothing to merge.", apierror.FieldError{
			Pointer: "/session_id", Code: "required", Detail: "Give a session_id, an anonymous_id or both.",
		})
	}
	merged, err := a.People.Merge(ctx, auth.Shop(ctx), in.ID, in.Body)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &mergeOutput{Body: merged}, nil
}

type deleteUserInput struct {
	ID   string `path:"id" minLength:"1" maxLength:"256"`
	Mode string `query:"mode" default:"erase" enum:"erase,anonymize"`
}

type receiptOutput struct{ Body profileapi.ErasureReceipt }

// deleteUser erases or anonymises a person, with what imports have left of him, and answers the
// receipt when it is done. The id of an unknown user is answered with a receipt, too.
func (a *API) deleteUser(ctx context.Context, in *deleteUserInput) (*receiptOutput, error) {
	if err := checkIDs(map[string]string{"id": in.ID}); err != nil {
		return nil, err
	}
	receipt, err := a.People.Delete(ctx, auth.Shop(ctx), in.ID, in.Mode)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &receiptOutput{Body: receipt}, nil
}

// exportUser streams what is held on a person. An error after the first byte breaks the
// connection, so that half an export is not taken for all.
func (a *API) exportUser(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
	shop := auth.Shop(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", ndjsonType)
		c.Status(http.StatusOK)
		w := bufio.NewWriterSize(c.Writer, 64<<10)
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		err := a.People.Export(c.Request.Context(), shop, in.ID, func(e profileapi.ExportEntry) error { return encoder.Encode(e) })
		if err := errors.Join(err, w.Flush()); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}
