package gateway

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// routes say which service has a path: by its beginning up to the first parameter, "/v1/users" or "/v1/audit/people", unless the whole
// path is another service's, "/v1/items/*/text".
type routes struct {
	beginnings map[string]string
	whole      map[string]string // parameters are stars
}

// routesOf reads the paths of documents. Where several services have paths with one beginning, it is that of the service which has the
// beginning itself as a path; the others' paths are told apart as a whole. Without such a service nobody could say whose a path below it
// is: an error.
func routesOf(d Documents) (routes, error) {
	found := routes{map[string]string{}, map[string]string{}}
	claims := map[string][]string{} // beginning → services
	paths := map[string][]string{}  // service → paths
	for _, name := range slices.Sorted(maps.Keys(d)) {
		var document struct {
			Paths map[string]json.RawMessage `json:"paths"`
		}
		if err := json.Unmarshal(d[name], &document); err != nil {
			return routes{}, fmt.Errorf("read the paths of the %s: %w", name, err)
		}
		paths[name] = slices.Sorted(maps.Keys(document.Paths))
		for _, path := range paths[name] {
			beginning, _, parameters := strings.Cut(path, "/{")
			if !slices.Contains(claims[beginning], name) {
				claims[beginning] = append(claims[beginning], name)
			}
			if !parameters {
				if other, taken := found.beginnings[path]; taken {
					return routes{}, fmt.Errorf("the %s and the %s both have the path %s: move one", other, name, path)
				}
				found.beginnings[path] = name
			}
		}
	}
	return found, found.share(claims, paths)
}

// share gives every beginning to its one service and the paths of others below it to them.
func (r routes) share(claims, paths map[string][]string) error {
	for _, beginning := range slices.Sorted(maps.Keys(claims)) {
		names := claims[beginning]
		if _, taken := r.beginnings[beginning]; !taken {
			if len(names) > 1 {
				return fmt.Errorf("the %s have paths that begin with %s, which is nobody's: move one",
					strings.Join(names, " and the "), beginning)
			}
			r.beginnings[beginning] = names[0]
		}
	}
	owners := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		for _, path := range paths[name] {
			beginning, _, _ := strings.Cut(path, "/{")
			whole := parameter.ReplaceAllString(path, "*")
			if other, taken := owners[whole]; taken && other != name || r.beginnings[beginning] != name && whole == beginning+"/*" {
				return fmt.Errorf("the path %s of the %s is also the %s's: move one", path, name, cmp.Or(other, r.beginnings[beginning]))
			}
			if owners[whole] = name; r.beginnings[beginning] != name {
				r.whole[whole] = name
			}
		}
	}
	return nil
}

// parameter finds a parameter of a path, "{id}".
var parameter = regexp.MustCompile(`\{[^}]*\}`)

// owner returns the service that has a path; path is as it came, since an id may hold an encoded slash.
func (r routes) owner(path string) (string, bool) {
	if len(r.whole) > 0 {
		if name, ok := r.shared(path); ok {
			return name, true
		}
	}
	for path != "" {
		if name, ok := r.beginnings[path]; ok {
			return name, true
		}
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
	}
	return "", false
}

// shared returns the service that has a path as a whole, below another's beginning.
func (r routes) shared(path string) (string, bool) {
	segments := strings.Split(path, "/")
	for whole, name := range r.whole { // a handful, and at most one fits
		parts := strings.Split(whole, "/")
		if len(parts) != len(segments) {
			continue
		}
		fits := true
		for n, part := range parts {
			fits = fits && (part == segments[n] || part == "*" && segments[n] != "")
		}
		if fits {
			return name, true
		}
	}
	return "", false
}
