package scenario

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/config"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Kind names scenarios in the store; it is part of stored rows and never changes.
const Kind = "scenario"

// Collection holds the scenarios of all shops.
type Collection = config.Collection[api.Scenario]

// NewCollection returns a collection with the built-in scenarios. What the store knows beside
// the document, such as the version, is written into each scenario as it is read.
func NewCollection(d config.Documents, logger *slog.Logger, now func() time.Time) *Collection {
	builtin := map[string]api.Scenario{}
	for _, s := range builtinScenarios() {
		builtin[s.ScenarioID] = s
	}
	return config.New(d, Kind, func(s *api.Scenario, m config.Meta) {
		s.ScenarioID, s.Version, s.Builtin = m.ID, m.Version, m.Builtin
		s.UpdatedAt = wire.Time{}
		if m.UpdatedMs > 0 {
			s.UpdatedAt = wire.TimeOf(time.UnixMilli(m.UpdatedMs))
		}
	}, builtin, logger, now)
}

// RulesKind names the rules that hold in all scenarios in the store.
const RulesKind = "rule"

// Rules holds the rules that hold in all scenarios, of all shops.
type Rules = config.Collection[api.Rule]

// NewRules returns an empty collection of rules.
func NewRules(d config.Documents, logger *slog.Logger, now func() time.Time) *Rules {
	return config.New(d, RulesKind, func(r *api.Rule, m config.Meta) { r.RuleID, r.Version = m.ID, m.Version }, nil, logger, now)
}

// defaultLimit is how many items a scenario shows when neither it nor the request says.
const defaultLimit = 20

// Complete fills in what has a default: the limit, and the ids of rules, made from their action
// and place, "boost-2", with the next number where that is taken.
func Complete(s *api.Scenario) {
	if s.Limit == 0 {
		s.Limit = defaultLimit
	}
	for n := range s.Rules {
		if s.Rules[n].RuleID != "" {
			continue
		}
		taken := func(id string) bool {
			return slices.ContainsFunc(s.Rules, func(r api.Rule) bool { return r.RuleID == id })
		}
		for k := n + 1; s.Rules[n].RuleID == ""; k++ {
			if id := s.Rules[n].Action + "-" + strconv.Itoa(k); !taken(id) {
				s.Rules[n].RuleID = id
			}
		}
	}
}

// Check reports everything that is wrong with a scenario, with JSON pointers from prefix; types
// are the types of event that there are. Whether scenarios that rows name exist is not looked
// at. s should have been completed.
func Check(s *api.Scenario, prefix string, types profileapi.EventWeights) []apierror.FieldError {
	p := &rules.Problems{Fields: types.UnknownTypes(prefix+"/exclude_event_types", s.ExcludeEventTypes)}
	if s.Filter != nil {
		rules.Check(p, prefix+"/filter", rules.Items, s.Filter)
	}
	rules.CheckRules(p, prefix+"/rules", s.Rules)
	add := func(pointer, code, detail string) {
		p.Fields = append(p.Fields, apierror.FieldError{Pointer: prefix + pointer, Code: code, Detail: detail})
	}
	if len(s.Sources) == 0 && len(s.Rows) == 0 && len(s.Fallback) == 0 {
		add("/sources", "required", "a scenario needs a source, a fallback or rows")
	}
	seen := map[string]bool{}
	for n, source := range s.Sources {
		if seen[source.Kind] {
			add("/sources/"+strconv.Itoa(n)+"/kind", "duplicate", "the kind is already in the list: give it one weight")
		}
		seen[source.Kind] = true
		at := "/sources/" + strconv.Itoa(n)
		p.Fields = append(p.Fields, types.UnknownTypes(prefix+at+"/event_types", source.EventTypes)...)
		if (source.HalfLifeHours != 0 || len(source.EventTypes) > 0) && !slices.Contains(counted(), source.Kind) {
			add(
				at+"/kind", "contradiction",
				"is not a list of what is popular, which alone has half_life_hours and event_types: use "+strings.Join(counted(), ", "),
			)
		}
		if source.HalfLifeHours != 0 && source.HalfLifeHours < similarityapi.ShortestHalfLife {
			add(at+"/half_life_hours", "too_small", fmt.Sprintf("is shorter than %g hours", similarityapi.ShortestHalfLife))
		}
	}
	for n, kind := range s.Fallback {
		if !slices.Contains(api.SourceKinds(), kind) {
			add("/fallback/"+strconv.Itoa(n), "unknown_source", "is not a kind of source")
		}
	}
	for n := range s.Rules {
		if r := &s.Rules[n]; r.Action == rules.Pin && s.Limit > 0 && r.Position > s.Limit {
			add("/rules/"+strconv.Itoa(n)+"/position", "contradiction", "lies behind the scenario's limit of "+strconv.Itoa(s.Limit))
		}
	}
	for n := range s.Rows {
		if r := &s.Rows[n]; r.Kind == "scenario" && r.Scenario == "" {
			add("/rows/"+strconv.Itoa(n)+"/scenario", "required", "a row of kind scenario names one")
		}
	}
	return p.Fields
}

// counted lists the kinds of source that are lists of what is popular.
func counted() []string {
	return []string{api.SourceAffinityCategory, api.SourceCategory, api.SourceTrending, api.SourceBestSellers, api.SourcePopular}
}

// Matching counts for each rule the items of the catalogue that it is about, under one view:
// O(rules · catalogue).
func Matching(s *api.Scenario, shop *catalogue.Shop, now time.Time) []api.RuleMatch {
	list := make([]api.RuleMatch, len(s.Rules))
	shop.Read(func(v *catalogue.View) {
		for n := range s.Rules {
			list[n] = api.RuleMatch{RuleID: s.Rules[n].RuleID, Items: rules.Matching(&s.Rules[n], v, rules.Nobody, now)}
		}
	})
	return list
}
