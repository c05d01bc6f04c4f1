package recommend

import (
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
)

// audience gives rules the fields of the page's first item, the visitor and the request; false for one that has no value. It must not be
// called after the run has ended. Weekday is 0 for Sunday, hours are those of UTC.
func (r *run) audience() rules.Audiences {
	return func(field string) (any, bool) {
		if name, ok := strings.CutPrefix(field, "seed."); ok {
			return r.seedField(name)
		}
		if name, ok := strings.CutPrefix(field, "user."+catalogue.AttributePrefix); ok {
			v, ok := r.visitor.Attributes[name]
			return v, ok
		}
		switch field {
		case "user.segments":
			return r.visitor.Segments, len(r.visitor.Segments) > 0
		case "user.known":
			return r.visitor.Known, true
		case "user.id":
			return r.visitor.UserID, r.visitor.UserID != "" && r.visitor.Personal
		case "user.locale":
			return r.visitor.Locale, r.visitor.Locale != ""
		case "request.scenario":
			return r.scenario.ScenarioID, true
		case "request.category":
			return r.req.Category, r.req.Category != ""
		case "request.cart":
			return r.cart, len(r.cart) > 0
		case "request.weekday":
			return float64(r.now.UTC().Weekday()), true
		case "request.hour":
			return float64(r.now.UTC().Hour()), true
		}
		return r.marketField(strings.TrimPrefix(field, "request."))
	}
}

// marketField returns a field of the market that the request names; "" is no value.
func (r *run) marketField(name string) (any, bool) {
	m := r.req.Market
	if m == nil {
		return nil, false
	}
	v := map[string]string{"country": m.Country, "language": m.Language, "currency": m.Currency, "price_list": m.PriceList}[name]
	return v, v != ""
}

// seedField returns a field of the page's first item.
func (r *run) seedField(name string) (any, bool) {
	if r.seed == nil {
		return nil, false
	}
	return rules.SeedValue(name, r.seed, r.seedProduct, r.now)
}

// findSeed looks up the page's first item for conditions on it.
func (r *run) findSeed() {
	if len(r.req.ContextItems) == 0 {
		return
	}
	r.read(func(v *catalogue.View) {
		if i := v.Find(r.req.ContextItems[0]); i >= 0 {
			r.seed, r.seedProduct = v.Item(i), v.Row(v.Head(i))
		}
	})
}
