package gateway

import "testing"

func TestRoutes(t *testing.T) {
	t.Parallel()
	r, err := routesOf(Documents{
		"people": []byte(`{"paths":{"/v1/users/{id}":{},"/v1/users":{},"/v1/audit/people":{}}}`),
		"ranks": []byte(`{"paths":{"/v1/audit":{},"/v1/rules/{id}/of/{other}":{},"/v1/users/{id}/text":{},` +
			`"/v1/users/{id}/like/{other}":{}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1/users": "people", "/v1/users/a": "people", "/v1/users/a%2Fb/profile": "people", "/v1/audit": "ranks",
		"/v1/audit/people": "people",
		"/v1/users/a/text": "ranks", "/v1/users/a%2Ftext": "people", "/v1/users/a/like/b": "ranks", "/v1/users//text": "people",
		"/v1/users/a/text/more": "people", "/v1/users/text": "people",
		"/v1/audit/other": "ranks", "/v1/rules/a": "ranks", "/v1/usersandmore": "", "/v1": "", "/": "", "": "", "v1/users": "",
	} {
		if got, ok := r.owner(path); got != want || ok != (want != "") {
			t.Errorf("%q belongs to %q, want %q", path, got, want)
		}
	}
	for what, d := range map[string]Documents{
		"a beginning of nobody": {"a": []byte(`{"paths":{"/v1/x/{id}":{}}}`), "b": []byte(`{"paths":{"/v1/x/{id}/of":{}}}`)},
		"one path of two":       {"a": []byte(`{"paths":{"/v1/x":{}}}`), "b": []byte(`{"paths":{"/v1/x":{}}}`)},
		"all below another's":   {"a": []byte(`{"paths":{"/v1/x/{id}":{}}}`), "b": []byte(`{"paths":{"/v1/x":{}}}`)},
		"a path of both": {
			"a": []byte(`{"paths":{"/v1/x":{},"/v1/x/{i}/t":{}}}`), "b": []byte(`{"paths":{"/v1/x/{j}/t":{}}}`),
		},
		"one path of two by a name": {
			"a": []byte(`{"paths":{"/v1/x":{}}}`), "b": []byte(`{"paths":{"/v1/x/{i}/t":{}}}`), "c": []byte(`{"paths":{"/v1/x/{j}/t":{}}}`),
		},
	} {
		if _, err := routesOf(d); err == nil {
			t.Errorf("%s: two owners were taken", what)
		}
	}
}
