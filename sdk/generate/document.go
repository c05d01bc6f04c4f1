package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// api is what the clients need of an OpenAPI document, without references to follow. Everything
// in it has a fixed order, so that the same document makes the same files.
type api struct {
	Version    string
	Schemas    []schema    // by name
	Operations []operation // by name
}

// schema is a named object. Schemas that are no objects have no fields.
type schema struct {
	Name   string
	Doc    string
	Fields []field
}

// field is a property of an object, or a parameter. Properties are in order of name, parameters
// in that of the document.
type field struct {
	Name     string // as the API spells it
	Doc      string
	Required bool
	Type     *typeOf
}

// typeOf is the type of a value, of the few kinds that all three languages write well. Of is
// the member's type of a list or map; a map's keys are strings.
type typeOf struct {
	Kind string // any, bool, integer, number, string, time, list, map, ref
	Of   *typeOf
	Name string   // of a ref
	Enum []string // of a string
	// The API also takes one member without the list. The clients take lists only, and samples
	// put the one into a list.
	Union bool // a ref that may also stand for a list of it
}

// operation is one call, which becomes one method of each client. ID is the operationId,
// "put-items", of which each language makes a name of its own.
type operation struct {
	ID, Method, Path, Summary, Doc string
	InPath, InQuery                []field
	Header                         bool    // takes If-Match
	Body                           *typeOf // nil for none
	BodyRequired                   bool
	Raw                            bool    // the body is a file
	Result                         *typeOf // nil for none
	Stream                         bool    // the answer is no JSON document
	Paged                          bool    // has a cursor to the next page
	Repeatable                     bool    // doing it twice is doing it once
	Example                        exampleOf
}

// document is the part of OpenAPI 3.1 that Aisle's own document uses. It is no reader of
// OpenAPI in general: other bodies, styles of parameters and references are errors or any.
type document struct {
	Info       struct{ Version string }
	Paths      map[string]map[string]rawOperation
	Components struct{ Schemas map[string]rawSchema }
}

// rawOperation is an operation as the document writes it; ExampleType says which of the body's
// content types the example is of.
type rawOperation struct {
	OperationID          string `json:"operationId"`
	Summary, Description string
	ExampleType          string `json:"x-example-type"`
	Parameters           []struct {
		Name, In, Description string
		Required              bool
		Schema                rawSchema
		Example               any
	}
	RequestBody *struct {
		Required bool
		Content  map[string]struct {
			Schema  rawSchema
			Example json.RawMessage
		}
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema rawSchema }
	}
}

// rawSchema is a schema as the document writes it. Type is a string, or a list of strings with
// "null".
type rawSchema struct {
	Ref                  string `json:"$ref"`
	Description          string
	Type                 any
	Format               string
	Enum                 []any
	Items                *rawSchema
	OneOf                []rawSchema
	Properties           map[string]rawSchema
	Required             []string
	AdditionalProperties json.RawMessage
	ReadOnly             bool
}

// read takes what the clients need out of a document. Examples keep the order of their members,
// which encoding/json alone would lose.
func read(data []byte) (*api, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	a := &api{Version: d.Info.Version}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		raw := d.Components.Schemas[name]
		a.Schemas = append(a.Schemas, schema{Name: name, Doc: raw.Description, Fields: fieldsOf(&raw)})
	}
	for path, methods := range d.Paths {
		for method, raw := range methods {
			o, err := operationOf(strings.ToUpper(method), path, &raw, d.Components.Schemas)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			a.Operations = append(a.Operations, o)
		}
	}
	slices.SortFunc(a.Operations, func(x, y operation) int { return cmp.Compare(x.ID, y.ID) })
	return a, nil
}

// fieldsOf lists the properties of an object, but for "$schema", which is huma's.
func fieldsOf(s *rawSchema) []field {
	var list []field
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if name == "$schema" {
			continue
		}
		p := s.Properties[name]
		list = append(list, field{Name: name, Doc: p.Description, Required: slices.Contains(s.Required, name), Type: typeFrom(&p)})
	}
	return list
}

// typeFrom reads a type; what the clients cannot name better is any. A type that may also be
// null is the type: whether a value may be missing is the field's affair.
func typeFrom(s *rawSchema) *typeOf {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return &typeOf{Kind: "ref", Name: name}
	}
	for _, one := range s.OneOf { // times may also be numbers, and some bodies one thing or a list of them: the first is the usual form
		if one.Format == "date-time" {
			return &typeOf{Kind: "time"}
		}
	}
	if len(s.OneOf) > 1 && s.OneOf[1].Items != nil && s.OneOf[1].Items.Ref == s.OneOf[0].Ref && s.OneOf[0].Ref != "" {
		t := typeFrom(&s.OneOf[1])
		t.Union = true
		return t
	}
	switch kindOf(s.Type) {
	case "boolean":
		return &typeOf{Kind: "bool"}
	case "integer":
		return &typeOf{Kind: "integer"}
	case "number":
		return &typeOf{Kind: "number"}
	case "string":
		if s.Format == "date-time" {
			return &typeOf{Kind: "time"}
		}
		t := &typeOf{Kind: "string"}
		for _, v := range s.Enum {
			t.Enum = append(t.Enum, fmt.Sprint(v))
		}
		return t
	case "array":
		if s.Items != nil {
			return &typeOf{Kind: "list", Of: typeFrom(s.Items)}
		}
	case "object":
		var of rawSchema
		if json.Unmarshal(s.AdditionalProperties, &of) == nil && (of.Type != nil || of.Ref != "") {
			return &typeOf{Kind: "map", Of: typeFrom(&of)}
		}
		return &typeOf{Kind: "map", Of: &typeOf{Kind: "any"}}
	}
	return &typeOf{Kind: "any"}
}

// kindOf is the one type of a schema that may also be null.
func kindOf(t any) string {
	switch t := t.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if one != "null" {
				return fmt.Sprint(one)
			}
		}
	}
	return ""
}

// operationOf reads one operation: parameters by their place, of the headers only If-Match, a
// body of JSON or a file, and the one answer with a 2xx status. An answer with several content
// types, or another than JSON, is a stream.
func operationOf(method, path string, raw *rawOperation, schemas map[string]rawSchema) (operation, error) {
	o := operation{ID: raw.OperationID, Method: method, Path: path, Summary: raw.Summary, Doc: raw.Description}
	var err error
	if o.Example, err = readExample(raw); err != nil {
		return o, fmt.Errorf("the example: %w", err)
	}
	for _, p := range raw.Parameters {
		f := field{Name: p.Name, Doc: p.Description, Required: p.Required, Type: typeFrom(&p.Schema)}
		switch {
		case p.In == "path":
			o.InPath = append(o.InPath, f)
		case p.In == "query":
			o.InQuery = append(o.InQuery, f)
		case p.Name == "If-Match":
			o.Header = true
		}
	}
	// In the order in which they stand in the path: so do the arguments of a method.
	slices.SortFunc(o.InPath, func(a, b field) int {
		return cmp.Compare(strings.Index(path, "{"+a.Name+"}"), strings.Index(path, "{"+b.Name+"}"))
	})
	if b := raw.RequestBody; b != nil {
		o.BodyRequired = b.Required
		// A merge patch is a JSON document too, where there is no other.
		content, isJSON := b.Content["application/json"]
		if patch, ok := b.Content["application/merge-patch+json"]; ok && !isJSON {
			content, isJSON = patch, true
		}
		_, file := b.Content["application/octet-stream"]
		switch {
		case file:
			o.Raw = true
		case isJSON:
			o.Body = typeFrom(&content.Schema)
		default:
			return o, fmt.Errorf("the body is of none of the kinds that the clients know")
		}
	}
	for status, r := range raw.Responses {
		if status[0] != '2' {
			continue
		}
		content, isJSON := r.Content["application/json"]
		if isJSON && len(r.Content) == 1 {
			o.Result = typeFrom(&content.Schema)
		} else if len(r.Content) > 0 {
			o.Stream = true
		}
	}
	// A call that may answer with a file or with JSON hands on what came: the caller knows what
	// he asked for.
	if o.Stream {
		o.Result = nil
	}
	o.Paged = o.Result != nil && hasCursor(&o, schemas[o.Result.Name])
	// DELETE and PUT are repeatable by what they mean (RFC 9110, section 9.2.2).
	o.Repeatable = method == http.MethodGet || method == http.MethodPut || method == http.MethodDelete || reading(o.ID)
	return o, nil
}

// hasCursor reports whether pages of an operation can be walked: it takes the cursor that its
// answer gives, as a text.
func hasCursor(o *operation, result rawSchema) bool {
	_, ok := result.Properties["next_cursor"]
	return ok && o.Method == http.MethodGet &&
		slices.ContainsFunc(o.InQuery, func(f field) bool { return f.Name == "cursor" && f.Type.Kind == "string" })
}

// reading tells the POST operations that change nothing, or that know a repeat by the ids
// within, so that a client may try again. A new POST operation is not repeated until it stands
// here.
func reading(id string) bool {
	return slices.Contains([]string{
		"post-events", "validate-events", "recommend", "recommend-page", "explain", "rank", "look-up-similarities", "next-items",
		"preview-scenario", "replay", "put-items", "set-stock",
	}, id)
}
