package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/cursor"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// checkRequest reports every bad field of a request beyond what its schema says: a 403 for what
// the caller's key must not ask for, else a 422 with all fields. prefix is the JSON pointer to
// the request within the body, "" or "/placements/2".
func (a *API) checkRequest(shop string, caller auth.Principal, r *recommenderapi.Request, prefix string) error {
	if r.Explain == "full" && caller.Kind == auth.KindPublishable {
		return needsSecret(prefix+"/explain", "full shows scores, weights and what the visitor did: ask for reasons")
	}
	if err := mayActFor(caller, prefix, r.UserID, r.SessionID, r.Events); err != nil {
		return err
	}
	p := &rules.Problems{}
	checked := ids{p, prefix}
	checked.visitor(r.UserID, r.SessionID, r.Events, a.EventWeights())
	a.checkPlacement(p, shop, caller.Kind, r, prefix)
	return refusal(p)
}

// mayActFor refuses visitors that the caller's key must not name: whose answer it is, and who
// did what the request carries. A publishable key names no user but that of its token, where
// the shop asks for tokens or one was sent.
func mayActFor(caller auth.Principal, prefix, userID, sessionID string, events []profileapi.Event) error {
	visitors := caller.Visitors()
	visitors.Name(prefix, userID, sessionID)
	for n := range events {
		visitors.Name(prefix+"/events/"+strconv.Itoa(n), events[n].UserID, events[n].SessionID)
	}
	return visitors.Err()
}

// checkPlacement reports what is wrong with a request beside its visitor: items, fields,
// filter, cursor and market.
func (a *API) checkPlacement(p *rules.Problems, shop string, kind auth.Kind, r *recommenderapi.Request, prefix string) {
	add := func(pointer, code, detail string) {
		p.Fields = append(p.Fields, apierror.FieldError{Pointer: prefix + pointer, Code: code, Detail: detail})
	}
	ids{p, prefix}.items(r)
	p.Fields = append(p.Fields, a.EventWeights().UnknownTypes(prefix+"/exclude_event_types", r.ExcludeEventTypes)...)
	a.checkFields(p, shop, r.Fields, prefix)
	if r.Filter != nil {
		rules.Check(p, prefix+"/filter", rules.Items, r.Filter)
		a.checkAttributes(p, shop, r.Filter, prefix+"/filter")
		// By asking with one bound after another a page could find out what the shop earns.
		if kind == auth.KindPublishable && compares(r.Filter, "margin") {
			add("/filter", "not_allowed", "a publishable key must not filter by margin")
		}
	}
	if _, err := cursor.Parse(r); err != nil {
		add("/cursor", "invalid_cursor", err.Error())
	}
	if m := r.Market; m != nil {
		// The schema has the most letters only; fewer are no code either.
		for _, f := range [...]struct {
			name, value string
			length      int
		}{{"country", m.Country, 2}, {"currency", m.Currency, 3}} {
			if f.value != "" && len(f.value) != f.length {
				add("/market/"+f.name, "invalid_code", "has "+strconv.Itoa(len(f.value))+" letters instead of "+strconv.Itoa(f.length))
			}
		}
	}
}

// needsSecret refuses what a browser's key must not ask for, with 403.
func needsSecret(pointer, detail string) error {
	return apierror.New(http.StatusForbidden, "secret_key_needed", "A publishable key must not ask for this. Send the request from a "+
		"server, with a secret key.",
		apierror.FieldError{Pointer: pointer, Code: "not_allowed", Detail: detail})
}

// checkFields reports names that are no fields of an item, and attributes that no item has: a
// misspelt one would leave a hole in every card.
func (a *API) checkFields(p *rules.Problems, shop string, fields []string, prefix string) {
	for n, name := range fields {
		at := prefix + "/fields/" + strconv.Itoa(n)
		attribute, ok := strings.CutPrefix(name, catalogue.AttributePrefix)
		switch {
		case ok && attribute != "":
			a.checkAttribute(p, shop, at, attribute)
		case !slices.Contains(catalogue.ReturnableFields(), name):
			p.Fields = append(p.Fields, apierror.FieldError{
				Pointer: at, Code: "unknown_field",
				Detail: "is not a field of an item: use attributes.NAME or " + strings.Join(catalogue.ReturnableFields(), ", "),
			})
		}
	}
}

// checkAttribute reports an attribute that no item of the catalogue has. An empty catalogue, or
// one that has not been read yet, has none, and nothing is reported then.
func (a *API) checkAttribute(p *rules.Problems, shop, pointer, name string) {
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		if v.Count() > 0 && !v.HasAttribute(name) {
			p.Fields = append(p.Fields, apierror.FieldError{
				Pointer: pointer, Code: "absent_field", Detail: "no item of the catalogue has the attribute " + strconv.Quote(name),
			})
		}
	})
}

// checkAttributes reports attributes that no item has: a filter on one would leave nothing.
func (a *API) checkAttributes(p *rules.Problems, shop string, c *recommenderapi.Condition, pointer string) {
	rules.Attributes(pointer, c, func(pointer, name string) { a.checkAttribute(p, shop, pointer, name) })
}

// compares reports whether a condition compares a field, at any depth; false for nil.
func compares(c *recommenderapi.Condition, field string) bool {
	if c == nil {
		return false
	}
	has := func(o recommenderapi.Condition) bool { return compares(&o, field) }
	return c.Field == field || slices.ContainsFunc(c.All, has) || slices.ContainsFunc(c.Any, has) || compares(c.Not, field)
}
