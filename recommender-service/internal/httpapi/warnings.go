package httpapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// mostWarnings is how much an answer warns of: a long list of wrong ids is told by its beginning.
const mostWarnings = 10

// places are the JSON pointers to a request and to those of its parts that may be said once for a whole page.
type places struct{ request, cart, events, market string }

// alone are the places of a request that is the whole body.
func alone() places { return places{"", "/cart", "/events", "/market"} }

// warnOf adds to an answer what its request has of no effect, and why its list is empty.
func (a *API) warnOf(shop string, at places, s *recommenderapi.Scenario, r *recommenderapi.Request, answer *recommenderapi.Answer) {
	list := a.warned(shop, at, s, r)
	for _, w := range answer.Warnings { // of the engine, which does not know where the request stands
		w.Pointer = at.request + w.Pointer
		list = append(list, w)
	}
	if len(answer.Items)+len(answer.Rows) == 0 {
		list = append(list, a.unsold(shop, at.market, r)...)
		list = append(list, a.unmet(shop, at.request+"/filter", r, list)...)
	}
	answer.Warnings = list
}

// warned names what a request has of no effect: category, items and values of its filter that the shop does not have, and what the scenario
// goes by and was not sent. The answer is the best that can be said all the same, since a shop asks with its own pages, which may be ahead
// of its catalogue; but it is the list of the whole shop, or none, and looks like a bad recommendation.
func (a *API) warned(shop string, at places, s *recommenderapi.Scenario, r *recommenderapi.Request) []apierror.FieldError {
	list := unled(at.request, s, r)
	if r.Category == "" && r.Filter == nil && len(r.ContextItems)+len(r.Cart)+len(r.Events) == 0 {
		return list // nothing is named: the catalogue need not be asked
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		absent := a.absent(shop, v)
		absent.Most = mostWarnings - len(list)
		if r.Category != "" {
			absent.Category(at.request+"/category", r.Category)
		}
		absent.Condition(at.request+"/filter", r.Filter)
		absent.Items(at.request+"/context_items", r.ContextItems)
		absent.Items(at.cart, r.Cart)
		for n := range r.Events {
			event := at.events + "/" + strconv.Itoa(n)
			if id := r.Events[n].ItemID; id != "" {
				absent.Item(event+"/item_id", id)
			}
			for k := range r.Events[n].Items {
				absent.Item(event+"/items/"+strconv.Itoa(k)+"/item_id", r.Events[n].Items[k].ItemID)
			}
		}
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

// unsold says for an empty answer that nothing of the shop is sold in the market of the request; nil otherwise. at is the JSON pointer to
// the market.
func (a *API) unsold(shop, at string, r *recommenderapi.Request) (list []apierror.FieldError) {
	if r.Market == nil {
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

// filtered is how many items are looked at to say that none meets a filter: it takes about a millisecond, and a page may ask for an empty
// list often.
const filtered = 10_000

// unmet says for an empty answer that no item meets the filter of the request; nil otherwise, and where a part of the filter is warned of
// already, which says why. at is the JSON pointer to the filter.
func (a *API) unmet(shop, at string, r *recommenderapi.Request, warned []apierror.FieldError) (list []apierror.FieldError) {
	if r.Filter == nil || slices.ContainsFunc(warned, func(w apierror.FieldError) bool { return strings.HasPrefix(w.Pointer, at) }) {
		return nil
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		meets, looked := rules.Compile(r.Filter, v, rules.Nobody, a.Now()), 0
		for i := 0; i < v.Len() && looked < filtered; i++ {
			if it := v.Row(int32(i)); it != nil {
				if looked++; meets(it) {
					return
				}
			}
		}
		if looked > 0 {
			list = append(list, apierror.FieldError{Pointer: at, Code: "no_match", Detail: fmt.Sprintf(
				"none of the %d items that were looked at meets it", looked,
			)})
		}
	})
	return list
}
