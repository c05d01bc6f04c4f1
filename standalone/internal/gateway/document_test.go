package gateway

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestInOrder(t *testing.T) {
	t.Parallel()
	doc := func(tags ...string) map[string]any {
		t.Helper()
		var list []string
		for _, tag := range tags {
			list = append(list, `{"name":"`+tag+`"}`)
		}
		doc, err := readDocument([]byte(`{"tags":[` + strings.Join(list, ",") + `],"paths":{
			"/a":{"get":{"operationId":"second","tags":["Catalogue"],"x-order":1}},
			"/b":{"get":{"operationId":"first","tags":["Events"],"x-order":7},
				"post":{"operationId":"third","tags":["Catalogue"],"x-order":2}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	backwards := slices.Clone(chapters)
	slices.Reverse(backwards)
	ordered := doc(backwards...)
	if err := inOrder(ordered); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, path := range child(ordered, "paths") {
		for _, op := range path.(map[string]operation) {
			got[string(op["operationId"])] = string(op["x-order"])
		}
	}
	if want := map[string]string{`"first"`: "1", `"second"`: "2", `"third"`: "3"}; !maps.Equal(got, want) {
		t.Errorf("places %v, want %v", got, want)
	}
	if first := ordered["tags"].([]any)[0].(map[string]any)["name"]; first != chapters[0] {
		t.Errorf("the first tag is %v, want %s", first, chapters[0])
	}
	if err := inOrder(doc("Other")); err == nil {
		t.Error("a tag without a chapter was accepted")
	}
}

func TestTheContentTypeOfTheExampleComesFirst(t *testing.T) {
	t.Parallel()
	op := operation{
		"x-example-type": json.RawMessage(`"text/csv"`),
		"requestBody":    json.RawMessage(`{"content":{"a/b":{},"text/csv":{"example":"x"}},"required":true}`),
	}
	if err := exampleFirst(op); err != nil {
		t.Fatal(err)
	}
	if got, want := string(op["requestBody"]), `{"content":{"text/csv":{"example":"x"},"a/b":{}},"required":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
