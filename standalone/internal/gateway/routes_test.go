package gateway

import "testing"

func TestRoutes(t *testing.T) {
	t.Parallel()
	r, err := routesOf(Documents{
		"people": []byte(`{"paths":{"/v1/users/{id}":{},"/v1/users":{},"/v1/audit/people":{}}}`),
		"ranks":  []byte(`{"paths":{"/v1/audit":{},"/v1/rules/{id}/of/{other}":{}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1/users": "people", "/v1/users/a": "people", "/v1/users/a%2Fb/profile": "people", "/v1/audit": "ranks",
		"/v1/audit/people": "people",
		"/v1/audit/other":  "ranks", "/v1/rules/a": "ranks", "/v1/usersandmore": "", "/v1": "", "/": "", "": "", "v1/users": "",
	} {
		if got, ok := r.owner(path); got != want || ok != (want != "") {
			t.Errorf("%q belongs to %q, want %q", path, got, want)
		}
	}
	if _, err := routesOf(Documents{"a": []byte(`{"paths":{"/v1/x/{id}":{}}}`), "b": []byte(`{"paths":{"/v1/x":{}}}`)}); err == nil {
		t.Error("two owners of one path were taken")
	}
}
