package httpapi

import (
	"maps"
	"slices"
)

// Elsewhere are names that other recommenders and analytics tools have for fields of ours, without marks and in lower case; of several the
// first that belongs where the name was sent is meant. Gorse, Recombee, Algolia Recommend, Google's GA4 and Retail, Segment and Amazon
// Personalize are covered.
func Elsewhere() map[string][]string {
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

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
