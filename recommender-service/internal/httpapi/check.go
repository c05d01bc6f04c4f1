package httpapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// checkRequest reports every bad field of a request beyond what its schema says.
func (a *API) checkRequest(shop string, kind auth.Kind, r *recommenderapi.Request, prefix string) error {
	p := &rules.Problems{}
	add := func(pointer, code, detail string) {
		p.Fields = append(p.Fields, apierror.FieldError{Pointer: prefix + pointer, Code: code, Detail: detail})
	}
	for n, name := range r.Fields {
		if !slices.Contains(catalogue.ReturnableFields(), name) && !strings.HasPrefix(name, catalogue.AttributePrefix) {
			add("/fields/"+strconv.Itoa(n), "unknown_field", "is not a field of an item: use attributes.NAME or "+strings.Join(catalogue.ReturnableFields(), ", "))
		}
	}
	if r.Filter != nil {
		rules.Check(p, prefix+"/filter", rules.Items, r.Filter)
		a.checkAttributes(p, shop, r.Filter, prefix+"/filter")
		if kind == auth.KindPublishable && names(r.Filter, "margin") {
			add("/filter", "not_allowed", "a publishable key must not filter by margin")
		}
	}
	if recommend.ParseCursor(r.Cursor) != nil {
		add("/cursor", "invalid_cursor", "is "+recommend.ErrCursor.Error()+": send the next_cursor of an answer as it was")
	}
	for n := range r.Events {
		if e := &r.Events[n]; e.ItemID == "" && len(e.Items) == 0 && e.Type != "search" {
			add("/events/"+strconv.Itoa(n)+"/item_id", "required", "an event carried in a request needs item_id or items")
		}
	}
	if m := r.Market; m != nil {
		for _, f := range [...]struct {
			name, value string
			length      int
		}{{"country", m.Country, 2}, {"currency", m.Currency, 3}} {
			if f.value != "" && len(f.value) != f.length {
				add("/market/"+f.name, "invalid_code", "has "+strconv.Itoa(len(f.value))+" letters instead of "+strconv.Itoa(f.length))
			}
		}
	}
	if len(p.Fields) > 0 {
		return apierror.Invalid("The request cannot be answered as it is.", p.Fields...)
	}
	return nil
}

// checkAttributes reports attributes that no item of the catalogue has: a filter on one would leave nothing. An empty catalogue has none yet.
func (a *API) checkAttributes(p *rules.Problems, shop string, c *recommenderapi.Condition, pointer string) {
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		rules.Attributes(pointer, c, func(pointer, name string) {
			if v.Count() > 0 && !v.HasAttribute(name) {
				p.Fields = append(p.Fields, apierror.FieldError{Pointer: pointer, Code: "absent_field", Detail: "no item of the catalogue has the attribute " + strconv.Quote(name)})
			}
		})
	})
}

// names reports whether a condition compares a field.
func names(c *recommenderapi.Condition, field string) bool {
	if c == nil {
		return false
	}
	has := func(o recommenderapi.Condition) bool { return names(&o, field) }
	return c.Field == field || slices.ContainsFunc(c.All, has) || slices.ContainsFunc(c.Any, has) || names(c.Not, field)
}
