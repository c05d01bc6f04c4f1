package httpapi

import (
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// mostWarnings is how much an answer warns of: a long list of wrong ids is told by its beginning.
const mostWarnings = 10

// warned names what a request has of no effect: category, items and values of its filter that the shop does not have, and what the scenario
// goes by and was not sent. The answer is the best that can be said all the same, since a shop asks with its own pages, which may be ahead
// of its catalogue; but it is the list of the whole shop, or none, and looks like a bad recommendation. prefix is the JSON pointer to the
// request, and cart that to its cart.
func (a *API) warned(shop, prefix, cart string, s *recommenderapi.Scenario, r *recommenderapi.Request) []apierror.FieldError {
	list := unled(prefix, s, r)
	if r.Category == "" && r.Filter == nil && len(r.ContextItems)+len(r.Cart) == 0 {
		return list // nothing is named: the catalogue need not be asked
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		absent := a.absent(shop, v)
		absent.Most = mostWarnings - len(list)
		if r.Category != "" {
			absent.Category(prefix+"/category", r.Category)
		}
		absent.Condition(prefix+"/filter", r.Filter)
		absent.Items(prefix+"/context_items", r.ContextItems)
		absent.Items(cart, r.Cart)
		list = append(list, absent.Problems.Fields...)
	})
	return list
}

// unled is the warning that a scenario which goes by the page alone was told nothing of it; nil when one of its sources has something to go
// by, or needs nothing, or is about the visitor, of whom nothing need be known.
func unled(prefix string, s *recommenderapi.Scenario, r *recommenderapi.Request) []apierror.FieldError {
	if len(s.Rows) > 0 || len(s.Sources) == 0 {
		return nil
	}
	var lacking []string
	for n := range s.Sources {
		field, given := "", false
		switch s.Sources[n].Kind {
		case recommenderapi.SourceContextSimilar, recommenderapi.SourceContextTogether, recommenderapi.SourceContextNext:
			field, given = "context_items", len(r.ContextItems) > 0
		case recommenderapi.SourceCategory:
			field, given = "category", r.Category != ""
		case recommenderapi.SourceQuery:
			field, given = "q", r.Q != ""
		default:
			return nil
		}
		if given {
			return nil
		}
		if !slices.Contains(lacking, field) {
			lacking = append(lacking, field)
		}
	}
	list := make([]apierror.FieldError, len(lacking))
	for n, field := range lacking {
		list[n] = apierror.FieldError{
			Pointer: prefix + "/" + field, Code: "nothing_to_go_by", Detail: fmt.Sprintf(
				"is not sent, and %s goes by the page alone: the list is that of the scenario's fallback. Send %s.", s.ScenarioID, field,
			),
		}
	}
	return list
}

// lookedAt is how many items are looked at to say that nothing is sold in a market.
const lookedAt = 2000

// unsold says of an empty answer that nothing of the shop is sold in the market of the request; nil otherwise. at is the JSON pointer to
// the market.
func (a *API) unsold(shop, at string, r *recommenderapi.Request, answer *recommenderapi.Answer) (list []apierror.FieldError) {
	if r.Market == nil || len(answer.Items)+len(answer.Rows) > 0 {
		return nil
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		if looked, sold := v.Sold(r.Market, lookedAt); looked > 0 && !sold {
			list = append(list, apierror.FieldError{Pointer: at, Code: "absent_market", Detail: fmt.Sprintf(
				"none of the %d items that were looked at is sold there: their countries, currency and prices decide it", looked,
			)})
		}
	})
	return list
}
