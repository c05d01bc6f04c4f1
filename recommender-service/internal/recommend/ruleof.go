package recommend

import api "github.com/aisle-rec/aisle/shared/recommenderapi"

// The beginnings of the names by which answers speak of rules.
const (
	ownRule    = "rule:"
	sharedRule = "shared_rule:"
)

// ruleOf is a rule with its name in explanations.
type ruleOf struct {
	*api.Rule
	name string
}

// rulesOf lists the rules of a placement in the order in which they are applied.
func rulesOf(p Placement) []ruleOf {
	if len(p.Shared)+len(p.Scenario.Rules) == 0 {
		return nil
	}
	list := make([]ruleOf, 0, len(p.Shared)+len(p.Scenario.Rules))
	for _, r := range p.Shared {
		list = append(list, ruleOf{r, sharedRule + r.RuleID})
	}
	for n := range p.Scenario.Rules {
		r := &p.Scenario.Rules[n]
		list = append(list, ruleOf{r, ownRule + r.RuleID})
	}
	return list
}

// sharedVersions returns the versions of the rules that hold in all scenarios, by id; nil when there are none.
func (r *run) sharedVersions() map[string]int64 {
	var versions map[string]int64
	for _, rule := range r.rules {
		if rule.name == sharedRule+rule.RuleID {
			if versions == nil {
				versions = map[string]int64{}
			}
			versions[rule.RuleID] = rule.Version
		}
	}
	return versions
}
