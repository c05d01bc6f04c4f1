package httpserver

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
)

// TestFieldsAreJudgedInWords posts what the schema of the operation refuses: each answer names the field, its problem and a code.
func TestFieldsAreJudgedInWords(t *testing.T) {
	t.Parallel()
	h := server(t, io.Discard, auth.Options{}, RateLimits{})
	for _, c := range []struct{ query, body, where, code, detail string }{
		{"", `{}`, "/name", "required", "is missing"},
		{"", `{"name":""}`, "/name", "required", "is empty: give it a value or leave it out"},
		{"", `{"name":5}`, "/name", "wrong_type", "has to be a string"},
		{"", `{"name":"too long"}`, "/name", "too_long", "has more than 5 characters"},
		{"", `{"name":"a","parts":{}}`, "/parts", "wrong_type", "has to be a list"},
		{"", `{"name":"a","parts":[{}]}`, "/parts/0/size", "required", "is missing"},
		{"", `{"name":"a","parts":[{"size":0}]}`, "/parts/0/size", "out_of_range", "has to be 1 or more"},
		{"", `{"name":"a","parts":[{"size":"1"}]}`, "/parts/0/size", "wrong_type", "has to be a whole number"},
		{"", `{"name":"a","parts":[{"size":1,"sise":2}]}`, "/parts/0/sise", "unknown_field", "is not known here: size is near it"},
		{"", `[]`, "", "wrong_type", "the body has to be an object"},
		{"?limit=11", `{"name":"a"}`, "limit", "out_of_range", "has to be 10 or less"},
		{"?limt=2", `{"name":"a"}`, "limt", "unknown_field", "is not known here: limit is near it"},
		{"?limit=x", `{"name":"a"}`, "limit", "wrong_type", "has to be a whole number"},
	} {
		w := call(h, "POST", "/v1/things/a"+c.query, c.body)
		var p apierror.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) != 1 {
			t.Errorf("%s %s: %v %s", c.query, c.body, err, w.Body)
			continue
		}
		if e := p.Errors[0]; e.Pointer+e.Parameter != c.where || e.Code != c.code || e.Detail != c.detail {
			t.Errorf("%s %s: %s", c.query, c.body, w.Body)
		}
	}
}
