package httpserver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/httpserver"
)

type thingInput struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" example:"7"`
	Note  string `query:"note" example:"of the field"`
	Body  struct {
		Name string `json:"name"`
	}
}

// twoOperations has "put-thing" with a path, parameters and a body, and "ping" with none.
func twoOperations(t *testing.T) *httpserver.Server {
	t.Helper()
	s := httpserver.New(httpserver.Options{Service: "things", Description: "Things."})
	httpserver.Register(s.API, "", huma.Operation{
		OperationID: "put-thing", Method: http.MethodPut, Path: "/v1/things/{id}", Tags: []string{"old"},
	},
		func(context.Context, *thingInput) (*struct{ Body string }, error) { return nil, nil })
	httpserver.Register(s.API, "", huma.Operation{OperationID: "ping", Method: http.MethodGet, Path: "/v1/ping"},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	return s
}

const (
	pingExample  = `{"operation": "ping"}`
	thingExample = `{"operation": "put-thing", "creates": true, "path": {"id": "a"}, "query": {"limit": 3}, "body": {"name": "x"}}`
)

func group(examples ...string) []byte {
	return []byte(`[{"tag": "Things", "text": "All things.", "operations": [` + strings.Join(examples, ",") + `]}]`)
}

func TestReference(t *testing.T) {
	t.Parallel()
	s := twoOperations(t)
	if err := httpserver.Reference(s.API, group(thingExample, pingExample)); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var doc struct {
		Info  struct{ Description string }
		Tags  []struct{ Name, Description string }
		Paths map[string]map[string]struct {
			Order      int `json:"x-order"`
			Tags       []string
			Parameters []struct {
				Name    string
				Example any
				Schema  struct{ Examples []any }
			}
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.Info.Description, "Things.") || !strings.Contains(doc.Info.Description, "X-API-Key") {
		t.Errorf("the description is %q", doc.Info.Description)
	}
	if len(doc.Tags) != 1 || doc.Tags[0].Name != "Things" || doc.Tags[0].Description != "All things." {
		t.Errorf("tags %+v", doc.Tags)
	}
	thing, ping := doc.Paths["/v1/things/{id}"]["put"], doc.Paths["/v1/ping"]["get"]
	if thing.Order != 1 || ping.Order != 2 || thing.Tags[0] != "Things" {
		t.Errorf("places %d and %d, tags %v", thing.Order, ping.Order, thing.Tags)
	}
	for _, p := range thing.Parameters {
		want := map[string]any{"id": "a", "limit": 3.0}[p.Name]
		if p.Example != want || p.Schema.Examples != nil {
			t.Errorf("%s: example %v and of the schema %v, want only %v", p.Name, p.Example, p.Schema.Examples, want)
		}
	}
	if got := string(thing.RequestBody.Content["application/json"].Example); got != `{"name":"x"}` {
		t.Errorf("body %s", got)
	}
	if thing.Responses["201"] == nil || ping.Responses["201"] != nil {
		t.Error("201 is not documented, or where nothing is made")
	}
}

func TestReferenceNamesWhatDrifted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		examples []byte
		want     string
	}{
		"an operation without an example": {group(pingExample), `operation "put-thing" has no example`},
		"an example without an operation": {
			group(thingExample, pingExample, `{"operation": "gone"}`), `example "gone" belongs to no operation`,
		},
		"a second example": {
			group(thingExample, pingExample, pingExample), `example "ping" belongs to no operation, or is its second`,
		},
		"a parameter that is not there":     {group(thingExample, `{"operation": "ping", "query": {"x": 1}}`), `"ping" names query x`},
		"a required parameter left out":     {group(pingExample, `{"operation": "put-thing", "body": {}}`), `"put-thing" lacks path id`},
		"a body where none is taken":        {group(thingExample, `{"operation": "ping", "body": {}}`), `"ping" has a body`},
		"no body where one is taken":        {group(pingExample, `{"operation": "put-thing", "path": {"id": "a"}}`), `the other way round`},
		"a file that cannot be read at all": {[]byte(`{`), "read the reference's examples"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := httpserver.Reference(twoOperations(t).API, c.examples); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReferencePage(t *testing.T) {
	t.Parallel()
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		twoOperations(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	page := get("/reference")
	files := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(files) < 4 {
		t.Fatalf("the page names %d files:\n%s", len(files), page.Body)
	}
	for _, file := range files {
		if w := get(file[1]); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, %d bytes", file[1], w.Code, w.Body.Len())
		}
	}
	if script := get("/reference/page.js").Body.String(); !strings.Contains(script, `"`+httpserver.OrderExtension+`"`) ||
		!strings.Contains(script, httpserver.SamplesPath) {
		t.Error("the script does not order operations as the document numbers them, or asks for samples elsewhere")
	}
	policy := page.Header().Get("Content-Security-Policy")
	if strings.Contains(page.Body.String(), "<script>") || !strings.Contains(policy, "script-src 'self';") ||
		page.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("the page's scripts are not just its own: %s", policy)
	}
}
