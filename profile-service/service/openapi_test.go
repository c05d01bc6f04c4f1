package service_test

import (
	"testing"
)

// TestOpenAPINamesEveryOperation holds the reference against the list of what the service promises.
func TestOpenAPINamesEveryOperation(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		_, doc := send[struct {
			OpenAPI string
			Paths   map[string]map[string]struct {
				Summary     string
				RequestBody *struct {
					Content map[string]struct{ Schema map[string]any }
				}
			}
		}](t, s, "GET", "/openapi.json", "", "")
		for path, methods := range map[string][]string{
			"/v1/events": {"get", "post"}, "/v1/events/validate": {"post"}, "/v1/stats/events": {"get"}, "/v1/interactions": {"get"},
			"/v1/changes/items": {"get"},
			"/v1/stats/items":   {"get"}, "/v1/items": {"get"}, "/v1/items/{id}": {"get", "put", "patch", "delete"},
			"/v1/items/batch": {"post"},
			"/v1/items/stock": {"post"},
			"/v1/users":       {"get"}, "/v1/users/{id}": {"get", "put", "patch", "delete"}, "/v1/users/{id}/profile": {"get"},
			"/v1/users/{id}/merge":  {"post"},
			"/v1/users/{id}/export": {"get"}, "/v1/sessions/{id}/profile": {"get"},
			"/v1/imports": {"get", "post"}, "/v1/imports/{id}": {"get"}, "/v1/imports/{id}/errors": {"get"},
			"/v1/imports/{id}/cancel": {"post"},
		} {
			for _, method := range methods {
				op, ok := doc.Paths[path][method]
				if !ok || op.Summary == "" {
					t.Errorf("%s %s is not described", method, path)
				}
				if takesBody := method == "put" || method == "patch" || method == "post" && path != "/v1/imports/{id}/cancel"; takesBody &&
					(op.RequestBody == nil || len(op.RequestBody.Content) == 0) {
					t.Errorf("%s %s does not describe its body", method, path)
				}
			}
		}
		for _, contentType := range []string{"application/json", "text/plain"} {
			if body := doc.Paths["/v1/events"]["post"].RequestBody; body == nil || body.Content[contentType].Schema["oneOf"] == nil {
				t.Errorf("POST /v1/events does not describe %s", contentType)
			}
		}
	})
}
