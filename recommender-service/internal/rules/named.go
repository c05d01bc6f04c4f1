package rules

import (
	"strings"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// The beginnings of the names by which answers speak of rules.
const (
	ownName    = "rule:"
	sharedName = "shared_rule:"
)

// Named is a rule with its name in explanations.
type Named struct {
	*api.Rule
	Name string
}

// InOrder lists the rules of a scenario in the order in which they are applied: those that hold in all scenarios, then its own.
func InOrder(shared []*api.Rule, own []api.Rule) []Named {
	if len(shared)+len(own) == 0 {
		return nil
	}
	list := make([]Named, 0, len(shared)+len(own))
	for _, r := range shared {
		list = append(list, Named{r, sharedName + r.RuleID})
	}
	for n := range own {
		list = append(list, Named{&own[n], ownName + own[n].RuleID})
	}
	return list
}

// IsName reports whether a name is that of a rule, and IsShared whether it is one that holds in all scenarios.
func IsName(name string) bool { return strings.HasPrefix(name, ownName) || IsShared(name) }

// IsShared is IsName for rules that hold in all scenarios.
func IsShared(name string) bool { return strings.HasPrefix(name, sharedName) }

// SharedVersions returns the versions of the rules that hold in all scenarios, by id; nil when there are none.
func SharedVersions(list []Named) map[string]int64 {
	var versions map[string]int64
	for _, r := range list {
		if IsShared(r.Name) {
			if versions == nil {
				versions = map[string]int64{}
			}
			versions[r.RuleID] = r.Version
		}
	}
	return versions
}
