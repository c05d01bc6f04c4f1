package httpapi

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/names"
)

// elsewhere are names that other recommenders and analytics tools have for fields of ours, without marks and in lower case; of several the
// first that belongs where the name was sent is meant. Gorse, Recombee, Algolia Recommend, Google's GA4 and Retail, Segment and Amazon
// Personalize are covered.
func elsewhere() map[string][]string {
	item := []string{"item_id", "context_items", "item_ids"}
	person, visit := []string{"user_id", "user_ids"}, []string{"session_id"}
	leave := []string{"exclude_items"}
	return map[string][]string{
		"n": {"limit"}, "count": {"limit"}, "numresults": {"limit"}, "maxrecommendations": {"limit"}, "pagesize": {"limit"},
		"size": {"limit"}, "top": {"limit"}, "topn": {"limit"},
		"k": {"limit"}, "num": {"limit"}, "maxresults": {"limit"}, "hitsperpage": {"limit"},
		"user": person, "targetuserid": person, "userid": person, "usertoken": person, "customerid": person, "uid": person,
		"visitorid": visit, "anonymousid": visit,
		"clientid": visit, "deviceid": visit, "gasessionid": visit, "session": visit, "guestid": visit,
		"item": item, "itemid": item, "productid": item, "product": item, "sku": item, "objectid": item, "targetitemid": item,
		"contextitem": item, "contextitemid": item,
		"contextitems": item[1:], "seeditems": item[1:], "items": {"item_ids", "context_items"}, "itemids": {"item_ids", "context_items"},
		"inputlist":  {"item_ids"},
		"productids": {"context_items", "item_ids"}, "products": {"context_items", "item_ids"},
		"model": {"scenario"}, "placement": {"scenario"}, "recommenderarn": {"scenario"}, "campaignarn": {"scenario"},
		"recommender": {"scenario"}, "strategy": {"scenario"},
		"recommendationtype": {"scenario"}, "scenarioid": {"scenario"}, "servingconfig": {"scenario"},
		"basket": {"cart"}, "cartitems": {"cart"}, "exclude": leave, "excludeids": leave, "excludeditems": leave, "blacklist": leave,
		"readitems": leave,
		"filters":   {"filter"}, "filterarn": {"filter"}, "facetfilters": {"filter"}, "includedproperties": {"fields"},
		"returnproperties": {"fields"}, "attributestoretrieve": {"fields"},
		"responsefields": {"fields"}, "metadatacolumns": {"fields"}, "rotationrate": {"rotation"}, "fallbackparameters": {"fallback"},
		"offset": {"cursor"}, "page": {"cursor"},
		"recommid": {"cursor"}, "nextcursor": {"cursor"}, "timeout": {"deadline_ms"}, "dryrun": {"test"}, "validateonly": {"test"},
		"debug": {"explain"}, "categoryid": {"category"}, "categorypath": {"category"},
		"pagecategories": {"category"}, "lang": {"language"}, "locale": {"language"}, "currencycode": {"currency"},
		"pricelist":  {"price_list"},
		"conditions": {"where"}, "condition": {"where"}, "and": {"all"}, "or": {"any"}, "operator": {"op"}, "attribute": {"field"},
		"key": {"field"}, "values": {"value"},
		"multiplier": {"factor"}, "boost": {"factor"}, "slot": {"position"}, "start": {"from"}, "end": {"until"}, "startdate": {"from"},
		"enddate": {"until"}, "id": {"rule_id", "scenario_id"},
		"name": {"title"}, "type": {"kind", "action"}, "source": {"kind"}, "event": {"type"}, "eventname": {"type"}, "eventtype": {"type"},
		"timestamp": {"occurred_at"}, "time": {"occurred_at"},
		"transactionid": {"order_id"}, "orderid": {"order_id"}, "qty": {"quantity"}, "variants": {"arms"}, "split": {"share"},
		"percentage": {"share", "traffic"},
	}
}

// What huma says of a name that nothing takes; Mend finds problems by these texts, since they
// have no code.
const (
	unexpectedProperty = "unexpected property"
	unknownParameter   = "unknown query parameter"
)

// Mend names, for every field or parameter of a request that nothing takes, the one that was
// probably meant, and gives it the code unknown_field. It is the only place that does so. It
// changes p; other errors stay as they are.
func Mend(op *huma.Operation, schemas huma.Registry, p *apierror.Problem) {
	for n := range p.Errors {
		e := &p.Errors[n]
		var known []string
		name := e.Parameter
		switch e.Detail {
		case unexpectedProperty:
			known, name = bodyNames(op, schemas, e.Pointer)
		case unknownParameter:
			for _, q := range op.Parameters {
				if q.In == "query" {
					known = append(known, q.Name)
				}
			}
		default:
			continue
		}
		slices.Sort(known)
		e.Code, e.Detail = "unknown_field", mend(name, known)
	}
}

// bodyNames returns the names that are known beside the one at a pointer, and that name. It
// walks the schema of the body along the pointer, into lists and referenced schemas; known is
// empty where the schema does not say what there may be.
func bodyNames(op *huma.Operation, schemas huma.Registry, pointer string) (known []string, name string) {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	name = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[len(parts)-1])
	if op.RequestBody == nil {
		return nil, name
	}
	var s *huma.Schema
	for _, media := range op.RequestBody.Content {
		s = media.Schema
	}
	resolve := func(s *huma.Schema) *huma.Schema {
		if s != nil && s.Ref != "" {
			return schemas.SchemaFromRef(s.Ref)
		}
		return s
	}
	s = resolve(s)
	for _, part := range parts[:len(parts)-1] {
		if s == nil {
			return nil, name
		}
		if _, err := strconv.Atoi(part); err == nil && s.Items != nil {
			s = resolve(s.Items)
			continue
		}
		s = resolve(s.Properties[part])
	}
	if s == nil {
		return nil, name
	}
	for field, property := range s.Properties {
		// A member that only the service sets is no advice for what to send.
		if !property.ReadOnly {
			known = append(known, field)
		}
	}
	return known, name
}

// mend says what to send in place of a name: what it is called here, if it is a usual name
// elsewhere, else the nearest name, else all that there are.
func mend(name string, known []string) string {
	for _, target := range elsewhere()[names.Plain(name)] {
		if slices.Contains(known, target) {
			return "is called " + target + " here"
		}
	}
	if near := names.Nearest(name, known); near != "" {
		return "is not known here: " + near + " is near it"
	}
	if len(known) == 0 {
		return "is not known here"
	}
	return "is not known here: use " + strings.Join(known, ", ")
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
