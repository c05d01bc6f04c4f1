package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// address stands in samples for that of the server; the reference page puts its own in.
const address = "http://127.0.0.1:8080"

// sample is one way to send an operation's example, in the form that reference pages read as x-codeSamples.
type sample struct {
	Lang   string `json:"lang"`
	Label  string `json:"label"`
	Source string `json:"source"`
}

// exampleOf is the example that the document has of an operation's request.
type exampleOf struct {
	Path, Query map[string]any
	Body        any    // ordered objects, lists and single values; nil for none
	Written     string // the body as the document writes it, or the text of a file
	Type        string // content type of the body
}

// samplesOf writes a program in each language for each operation, by the operations' ids, as
// JSON. Every program runs as it is, with the key of AISLE_API_KEY.
func samplesOf(a *api) ([]byte, error) {
	all := map[string][]sample{}
	for n := range a.Operations {
		o := &a.Operations[n]
		inGo, err := goSample(a, o)
		if err != nil {
			return nil, fmt.Errorf("a sample of %s: %w", o.ID, err)
		}
		all[o.ID] = []sample{
			{"Shell", "curl", curlSample(o)}, {"TypeScript", "TypeScript", typescriptSample(o)}, {"Go", "Go", inGo},
			{"Python", "Python", pythonSample(o)},
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(all)
	return out.Bytes(), err
}

// member is one of an object, whose order is kept: an example reads better as it was written.
type member struct {
	Name  string
	Value any
}

// ordered reads one JSON value into values of string, json.Number, bool, nil, []any and
// []member. Numbers stay as they were written.
func ordered(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := ordered(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		object := []member{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := ordered(d)
			if err != nil {
				return nil, err
			}
			object = append(object, member{fmt.Sprint(name), v})
		}
		_, err = d.Token()
		return object, err
	}
	return t, nil
}

// readExample takes the example of a request out of an operation. A body that is no JSON
// document is a text in the document.
func readExample(raw *rawOperation) (e exampleOf, err error) {
	e.Path, e.Query = map[string]any{}, map[string]any{}
	for _, p := range raw.Parameters {
		switch {
		case p.Example == nil:
		case p.In == "path":
			e.Path[p.Name] = p.Example
		default:
			e.Query[p.Name] = p.Example
		}
	}
	if raw.RequestBody == nil {
		return e, nil
	}
	e.Type = cmp.Or(raw.ExampleType, "application/json")
	written := raw.RequestBody.Content[e.Type].Example
	if e.Type != "application/json" {
		return e, json.Unmarshal(written, &e.Written)
	}
	e.Written = string(written)
	d := json.NewDecoder(bytes.NewReader(written))
	d.UseNumber()
	e.Body, err = ordered(d)
	return e, err
}

// asList puts a single value where a client takes a list of it: the API takes both, the clients
// lists only.
func (o *operation) asList() any {
	if _, isList := o.Example.Body.([]any); o.Body != nil && o.Body.Kind == "list" && !isList {
		return []any{o.Example.Body}
	}
	return o.Example.Body
}

// curlSample sends an example with curl. Without AISLE_API_KEY curl leaves the header out,
// since its value is empty: so it works in open mode too.
func curlSample(o *operation) string {
	target := o.Path
	for name, v := range o.Example.Path {
		target = strings.ReplaceAll(target, "{"+name+"}", url.PathEscape(fmt.Sprint(v)))
	}
	query := url.Values{}
	for name, v := range o.Example.Query {
		query.Set(name, queryText(v))
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	out := "curl -s"
	// curl sends GET by itself, and POST where there is a body.
	if o.Method != "GET" && (o.Method != "POST" || o.Example.Type == "") {
		out += " -X " + o.Method
	}
	out += " '" + address + target + "' \\\n  -H \"X-API-Key: $AISLE_API_KEY\""
	if o.Example.Type != "" {
		flag, body := "-d", o.Example.Written
		if o.Example.Type != "application/json" {
			// -d would take the line breaks out of a file.
			flag = "--data-binary"
		}
		out += " -H 'Content-Type: " + o.Example.Type + "' \\\n  " + flag + " '" + strings.ReplaceAll(body, "'", `'\''`) + "'"
	}
	return out + "\n"
}

// queryText is a parameter as it stands in an address: lists are separated by commas.
func queryText(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var parts []string
	for _, one := range list {
		parts = append(parts, fmt.Sprint(one))
	}
	return strings.Join(parts, ",")
}

// typescriptSample calls the client for Node and browsers, and prints the answer.
func typescriptSample(o *operation) string {
	var args []string
	for _, f := range o.InPath {
		args = append(args, scriptText(o.Example.Path[f.Name]))
	}
	switch {
	case o.Raw:
		args = append(args, scriptText(o.Example.Written))
	case o.Body != nil:
		args = append(args, written(o.asList(), scriptWords, ""))
	}
	if params := o.params(); len(params) > 0 {
		args = append(args, written(params, scriptWords, ""))
	}
	call := "shop." + camel(o.ID) + "(" + strings.Join(args, ", ") + ")"
	out := "import { Aisle } from '@aisle-rec/client';\n\nconst shop = new Aisle('" + address + "', { key: process.env.AISLE_API_KEY });\n"
	switch {
	case o.Stream:
		return out + "const answer = await " + call + ";\nconsole.log(await answer.text());\n"
	case o.Result == nil:
		return out + "await " + call + ";\n"
	}
	return out + "const answer = await " + call + ";\nconsole.log(JSON.stringify(answer, null, 1));\n"
}

// pythonSample calls the Python client, and prints the answer. It imports only what it uses.
func pythonSample(o *operation) string {
	var args []string
	for _, f := range o.InPath {
		args = append(args, pythonText(fmt.Sprint(o.Example.Path[f.Name])))
	}
	switch {
	case o.Raw:
		args = append(args, pythonText(o.Example.Written)+".encode()")
	case o.Body != nil:
		args = append(args, written(o.asList(), pythonWords, ""))
	}
	for _, p := range o.params() {
		name := snake(p.Name)
		if reserved(name) {
			name += "_"
		}
		args = append(args, name+"="+written(p.Value, pythonWords, ""))
	}
	call := "shop." + snake(o.ID) + "(" + strings.Join(args, ", ") + ")"
	client := "from aisle import Aisle\n\nshop = Aisle(\"" + address + "\", key=os.environ.get(\"AISLE_API_KEY\"))\n"
	imports, print := "import json\nimport os\n\n", "print(json.dumps(answer, indent=1))\n"
	if o.Stream {
		imports, print = "import os\nimport sys\n\n", "sys.stdout.buffer.write(answer.read())\n"
	}
	if o.Result == nil && !o.Stream {
		imports, print = "import os\n\n", ""
		return imports + client + call + "\n"
	}
	return imports + client + "answer = " + call + "\n" + print
}

// params are the example's parameters in the query, in the order of the document; those without
// an example are left out.
func (o *operation) params() (list []member) {
	for _, f := range o.InQuery {
		if v, ok := o.Example.Query[f.Name]; ok {
			list = append(list, member{f.Name, v})
		}
	}
	return list
}

// wording is how a language writes what JSON holds.
type wording struct {
	text     func(string) string
	name     func(string) string // of a member
	yes, no  string
	nothing  string
	inSpaces bool // objects have spaces inside of their braces
}

// scriptWords and pythonWords are the two languages that write values as JSON nearly does; Go
// has types and is written by goValue.
var (
	scriptWords = wording{scriptString, scriptName, "true", "false", "null", true}
	pythonWords = wording{pythonText, pythonText, "True", "False", "None", false}
)

// width is how long a line of a sample may get before its list or object is broken up.
const width = 100

// written writes a value in a language, on one line where it fits, else a member on each line.
// v is as ordered reads it; indent is that of the line on which it begins.
func written(v any, w wording, indent string) string {
	switch v := v.(type) {
	case nil:
		return w.nothing
	case bool:
		if v {
			return w.yes
		}
		return w.no
	case string:
		return w.text(v)
	case []any:
		parts := make([]string, len(v))
		for n, one := range v {
			parts[n] = written(one, w, indent+"  ")
		}
		return laidOut("[", parts, "]", indent)
	case []member:
		parts := make([]string, len(v))
		for n, m := range v {
			parts[n] = w.name(m.Name) + ": " + written(m.Value, w, indent+"  ")
		}
		// The space inside of a brace must not stand at the end of a line.
		if w.inSpaces && len(parts) > 0 {
			return strings.Replace(laidOut("{ ", parts, " }", indent), "{ \n", "{\n", 1)
		}
		return laidOut("{", parts, "}", indent)
	}
	return fmt.Sprint(v)
}

// laidOut joins parts on one line, or one line each, with a comma behind the last, as
// formatters of both languages do.
func laidOut(open string, parts []string, end, indent string) string {
	one := open + strings.Join(parts, ", ") + end
	if len(indent)+len(one) <= width && !strings.Contains(one, "\n") {
		return one
	}
	inner := "\n" + indent + "  "
	return strings.TrimRight(open, " ") + inner + strings.Join(parts, ","+inner) + ",\n" + indent + strings.TrimLeft(end, " ")
}

// scriptText quotes a value that is sent as a text, such as an id.
func scriptText(v any) string { return scriptString(fmt.Sprint(v)) }

// scriptString quotes text for JavaScript: as JSON does, but in single quotes where it holds nothing to escape.
func scriptString(s string) string {
	quoted := pythonText(s)
	if inner := quoted[1 : len(quoted)-1]; !strings.ContainsAny(inner, `\'"`) {
		return "'" + inner + "'"
	}
	return quoted
}

// pythonText quotes text as JSON does, which Python reads alike.
func pythonText(s string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSpace(out.String())
}

// scriptName is the name of a member: bare where JavaScript takes it so.
func scriptName(s string) string {
	plain := !slices.ContainsFunc([]rune(s), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if plain && s != "" {
		return s
	}
	return scriptString(s)
}
