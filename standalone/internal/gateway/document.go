package gateway

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/aisle-rec/aisle/shared/httpserver"
)

// Documents are OpenAPI documents of services, by the services' names.
type Documents map[string][]byte

// merged joins the documents into one: their paths are disjoint, and equal schemas may share a
// name. It fails where two differ under one name, and where the chapters of the reference do
// not fit the tags. The result is the same bytes for the same documents.
func (d Documents) merged() ([]byte, error) {
	var merged map[string]any
	for _, name := range slices.Sorted(maps.Keys(d)) {
		doc, err := readDocument(d[name])
		if err != nil {
			return nil, fmt.Errorf("read the OpenAPI document of %s: %w", name, err)
		}
		if merged == nil {
			merged = doc
			continue
		}
		tags, _ := merged["tags"].([]any)
		more, _ := doc["tags"].([]any)
		merged["tags"] = append(tags, more...)
		if err := mergeInto(child(merged, "paths"), child(doc, "paths"), name+" path"); err != nil {
			return nil, err
		}
		if err := mergeInto(child(merged, "components", "schemas"), child(doc, "components", "schemas"), name+" schema"); err != nil {
			return nil, err
		}
	}
	const description = "Users, catalogue and events; similarities; recommendations: the three services behind one address. Guides: " +
		"/docs/.\n\n"
	merged["info"] = map[string]any{
		"title": "Aisle", "version": child(merged, "info")["version"], "description": description + httpserver.Authentication,
		"license": map[string]string{"name": "Apache 2.0", "identifier": "Apache-2.0"},
	}
	merged["servers"] = []any{map[string]string{"url": "/", "description": "where this document came from"}}
	if err := errors.Join(inOrder(merged), withAnswers(merged)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := json.NewEncoder(&out).Encode(merged)
	return out.Bytes(), err
}

// chapters are the tags of the three services in the order of a shop's work.
var chapters = []string{
	"Events", "Catalogue", "Imports", "People", "Persons", "Recommendations", "Scenarios", "Rules", "Experiments", "Exports", "Feeds",
	"Jobs", "Models", "Similarities", "Texts", "Schedules", "Metrics", "Audit",
}

// inOrder sorts the tags of a document as chapters do and numbers its operations through: those of a service are numbered from 1.
func inOrder(doc map[string]any) error {
	tags, _ := doc["tags"].([]any)
	chapter := func(tag any) int { return slices.Index(chapters, tag.(map[string]any)["name"].(string)) }
	slices.SortStableFunc(tags, func(a, b any) int { return chapter(a) - chapter(b) })
	if len(tags) != len(chapters) || chapter(tags[0]) < 0 {
		return fmt.Errorf("the services' tags are not those of the reference's chapters %v: name each in both", chapters)
	}
	type numbered struct {
		operation      operation
		chapter, place int
	}
	var all []numbered
	for _, path := range child(doc, "paths") {
		for _, op := range path.(map[string]operation) {
			var in []string
			var place int
			if err := errors.Join(json.Unmarshal(op["tags"], &in), json.Unmarshal(op[httpserver.OrderExtension], &place)); err != nil {
				return fmt.Errorf("read the chapter and the place of operation %s: %w", op["operationId"], err)
			}
			all = append(all, numbered{op, slices.Index(chapters, in[0]), place})
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Or(a.chapter-b.chapter, a.place-b.place) })
	for n, o := range all {
		o.operation[httpserver.OrderExtension] = json.RawMessage(strconv.Itoa(n + 1))
	}
	return nil
}

// operation is one of a document; its parts stay as they are written, so that examples keep the order of their fields.
type operation = map[string]json.RawMessage

// readDocument reads a service's document: operations as their parts, everything else as plain
// JSON values.
func readDocument(data []byte) (map[string]any, error) {
	var doc map[string]any
	var parts struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	if err := errors.Join(json.Unmarshal(data, &doc), json.Unmarshal(data, &parts)); err != nil {
		return nil, err
	}
	paths := child(doc, "paths")
	for path, operations := range parts.Paths {
		for _, op := range operations {
			if err := exampleFirst(op); err != nil {
				return nil, fmt.Errorf("the body of %s: %w", path, err)
			}
		}
		paths[path] = operations
	}
	return doc, nil
}

// exampleFirst puts the content type of an operation's example before the body's others: the page begins with the first.
func exampleFirst(op operation) error {
	if op[httpserver.TypeExtension] == nil {
		return nil
	}
	var first string
	var body, content map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(op[httpserver.TypeExtension], &first), json.Unmarshal(op["requestBody"], &body)); err != nil {
		return err
	}
	if err := json.Unmarshal(body["content"], &content); err != nil {
		return err
	}
	example := content[first]
	delete(content, first)
	others, err := json.Marshal(content)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "{%q:%s", first, example)
	if len(content) > 0 {
		out.WriteByte(',')
	}
	out.Write(others[1:])
	body["content"] = out.Bytes()
	op["requestBody"], err = json.Marshal(body)
	return err
}

// child returns a nested object, made when absent.
func child(m map[string]any, names ...string) map[string]any {
	for _, name := range names {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	return m
}

// mergeInto adds members to an object; one of the same name must be equal. what is for the
// error.
func mergeInto(to, from map[string]any, what string) error {
	for name, v := range from {
		if have, ok := to[name]; ok && !reflect.DeepEqual(have, v) {
			return fmt.Errorf("%s %q differs from another service's of the same name: rename one", what, name)
		}
		to[name] = v
	}
	return nil
}
