package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// answersFile has an example of each operation's answer, which the document shows.
const answersFile = "../internal/gateway/answers.json"

var updateAnswers = flag.Bool("update-answers", false, "write what TestReference was answered to "+answersFile)

// answered is an example of an answer.
type answered struct {
	Status  string          `json:"status"`
	Type    string          `json:"type"`
	Example json.RawMessage `json:"example"`
}

// answerExamples are those of the file and those of this run, and the document whose schemas both have to meet.
type answerExamples struct {
	document    any
	schemas     *jsonschema.Compiler
	stored, now map[string]answered
}

func newAnswers(t *testing.T, ctx context.Context, r *reference) *answerExamples {
	t.Helper()
	_, text := r.send(t, ctx, http.MethodGet, "/openapi.json", "", nil)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	a := &answerExamples{document: document, schemas: jsonschema.NewCompiler(), now: map[string]answered{}}
	if err := a.schemas.AddResource("aisle:document", document); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(answersFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &a.stored); err != nil {
		t.Fatal(err)
	}
	return a
}

// content returns the content types of an operation's answer.
func content(op documented, status string) map[string]any {
	response, _ := op.Responses[status].(map[string]any)
	types, _ := response["content"].(map[string]any)
	return types
}

// take checks an answer against its schema and keeps it, with the first entries of its lists.
func (a *answerExamples) take(t *testing.T, op documented, status int, body []byte) {
	t.Helper()
	types := content(op, fmt.Sprint(status))
	if types["application/json"] != nil {
		if !a.meets(t, op, fmt.Sprint(status), body) {
			return
		}
		var value any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%s: %v", op.ID, err)
		}
		short, err := json.Marshal(shortened(value))
		if err != nil {
			t.Fatal(err)
		}
		a.now[op.ID] = answered{fmt.Sprint(status), "application/json", short}
		return
	}
	for name := range types {
		switch {
		case name == "application/x-ndjson" && len(body) > 0:
			a.now[op.ID] = answered{fmt.Sprint(status), name, ofLines(t, types[name], body)}
		case name == "text/event-stream":
			event, _, _ := bytes.Cut(body, []byte("\n\n"))
			_, data, ok := bytes.Cut(event, []byte("\ndata: "))
			if !ok || !json.Valid(data) {
				t.Errorf("%s: the first event is %q", op.ID, event)
				continue
			}
			a.now[op.ID] = answered{fmt.Sprint(status), name, data}
		}
	}
}

// ofLines is an example of an answer of lines: the first, where the document has the schema of one, else the first two as text.
func ofLines(t *testing.T, media any, body []byte) json.RawMessage {
	t.Helper()
	lines := bytes.SplitAfterN(body, []byte("\n"), 3)
	content, _ := media.(map[string]any)
	schema, _ := content["schema"].(map[string]any)
	if schema["type"] != "string" && json.Valid(lines[0]) {
		return bytes.TrimSpace(lines[0])
	}
	text, err := json.Marshal(string(bytes.Join(lines[:min(len(lines), 2)], nil)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// meets reports whether JSON is as the document says, and complains when it is not.
func (a *answerExamples) meets(t *testing.T, op documented, status string, body []byte) bool {
	t.Helper()
	at := strings.NewReplacer("~", "~0", "/", "~1").Replace(op.path)
	schema, err := a.schemas.Compile(
		"aisle:document#/paths/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(at) + "/" +
			strings.ToLower(op.method) + "/responses/" + status +
			"/content/application~1json/schema",
	)
	if err != nil {
		t.Errorf("%s: the schema of %s: %v", op.ID, status, err)
		return false
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s: the answer is not as the document says: %v\n%.600s", op.ID, err, body)
	}
	return err == nil
}

// shortened leaves two entries of each list.
func shortened(value any) any {
	switch v := value.(type) {
	case []any:
		v = v[:min(len(v), 2)]
		for n := range v {
			v[n] = shortened(v[n])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = shortened(v[name])
		}
	}
	return value
}

// compare wants a stored example for every answer, as the document says; or stores those of this run.
func (a *answerExamples) compare(t *testing.T, operations []documented) {
	t.Helper()
	if *updateAnswers {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(a.now); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(answersFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, op := range operations {
		stored, ok := a.stored[op.ID]
		if _, answers := a.now[op.ID]; answers && !ok {
			t.Errorf("%s has no example of its answer: go test ./standalone/e2e -run TestReference -update-answers", op.ID)
			continue
		}
		if ok && stored.Type == "application/json" {
			a.meets(t, op, stored.Status, stored.Example)
			media, _ := content(op, stored.Status)[stored.Type].(map[string]any)
			if media["example"] == nil {
				t.Errorf("%s: the document does not show the example of %s", op.ID, stored.Status)
			}
		}
	}
}
