package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// routes are the names of services by the beginning of a path up to its first parameter: "/v1/users", "/v1/audit/people".
type routes map[string]string

// routesOf reads the paths of documents. Two services with the same beginning are an error: nobody could say whose a path below it is.
func routesOf(d Documents) (routes, error) {
	found := routes{}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		var document struct {
			Paths map[string]json.RawMessage `json:"paths"`
		}
		if err := json.Unmarshal(d[name], &document); err != nil {
			return nil, fmt.Errorf("read the paths of the %s: %w", name, err)
		}
		for path := range document.Paths {
			beginning, _, _ := strings.Cut(path, "/{")
			if other, taken := found[beginning]; taken && other != name {
				return nil, fmt.Errorf("the %s and the %s both have paths that begin with %s: move one", other, name, beginning)
			}
			found[beginning] = name
		}
	}
	return found, nil
}

// owner returns the service that has the longest beginning of a path; path is as it came, since an id may hold an encoded slash.
func (r routes) owner(path string) (string, bool) {
	for path != "" {
		if name, ok := r[path]; ok {
			return name, true
		}
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
	}
	return "", false
}
