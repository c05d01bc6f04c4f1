package main

import (
	"encoding/json"
	"fmt"
	"go/format"
	"slices"
	"strconv"
	"strings"
	"time"
)

// goSample calls the Go client. Its values are written with the types of the document, so that
// the compiler checks them: an example that does not fit its schema makes no program, and a
// member that the schema lacks is an error here.
func goSample(a *api, o *operation) (string, error) {
	args := []string{"ctx"}
	for _, f := range o.InPath {
		args = append(args, strconv.Quote(fmt.Sprint(o.Example.Path[f.Name])))
	}
	imports := []string{"context", "log", "os"}
	if len(o.InQuery) > 0 {
		fields, err := a.goFields(o.InQuery, o.params())
		if err != nil {
			return "", err
		}
		args = append(args, "aisle."+pascal(o.ID)+"Params{"+fields+"}")
	}
	switch {
	case o.Raw:
		args = append(args, "strings.NewReader("+strconv.Quote(o.Example.Written)+")")
		imports = append(imports, "strings")
	case o.Body != nil:
		body, err := a.goValue(o.Body, o.asList(), false)
		if err != nil {
			return "", err
		}
		args = append(args, body)
	}
	call := "shop." + pascal(o.ID) + "(" + strings.Join(args, ", ") + ")"
	lines := "answer, err := " + call + "\nif err != nil {\nlog.Fatal(err)\n}\n"
	switch {
	case o.Stream:
		imports = append(imports, "io")
		lines += "defer answer.Close()\nif _, err := io.Copy(os.Stdout, answer); err != nil {\nlog.Fatal(err)\n}\n"
	case o.Result == nil:
		lines = "if err := " + call + "; err != nil {\nlog.Fatal(err)\n}\n"
	default:
		imports = append(imports, "encoding/json")
		lines += "if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {\nlog.Fatal(err)\n}\n"
	}
	// Imports that a program does not use are errors in Go.
	if strings.Contains(call, "time.") {
		imports = append(imports, "time")
	}
	slices.Sort(imports)
	source := "package main\n\nimport (\n\"" + strings.Join(imports, "\"\n\"") + "\"\n\n\"github.com/aisle-rec/aisle/sdk/go\"\n)\n\n" +
		"func main() {\nctx := context.Background()\nshop := aisle.New(\"" + address + "\", aisle.WithKey(os.Getenv(\"AISLE_API_KEY\")))\n" +
		lines + "}\n"
	out, err := format.Source([]byte(source))
	if err != nil {
		return "", fmt.Errorf("the sample is no Go: %w", err)
	}
	return string(out), nil
}

// goFields writes the members of an object as the fields of a struct, in the order of the
// example.
func (a *api) goFields(fields []field, members []member) (string, error) {
	var parts []string
	for _, m := range members {
		at := slices.IndexFunc(fields, func(f field) bool { return f.Name == m.Name })
		if at < 0 {
			return "", fmt.Errorf("the example has %s, which the document does not know", m.Name)
		}
		v, err := a.goValue(fields[at].Type, m.Value, !fields[at].Required)
		if err != nil {
			return "", err
		}
		parts = append(parts, pascal(m.Name)+": "+v)
	}
	return goLines(parts), nil
}

// goLines joins the parts of a literal, one line each where they are many; gofmt does the
// indents.
func goLines(parts []string) string {
	joined := strings.Join(parts, ", ")
	if len(joined) <= width && !strings.Contains(joined, "\n") {
		return joined
	}
	return "\n" + strings.Join(parts, ",\n") + ",\n"
}

// goValue writes a value of a type. Optional ones are pointers where the client has them so, as
// goType says.
func (a *api) goValue(t *typeOf, v any, optional bool) (string, error) {
	// new makes a pointer to the value of an expression.
	point := func(text string) string {
		if optional {
			return "new(" + text + ")"
		}
		return text
	}
	switch t.Kind {
	case "bool":
		return point(fmt.Sprint(v)), nil
	case "integer":
		if optional {
			return fmt.Sprintf("new(int64(%v))", v), nil
		}
		return fmt.Sprint(v), nil
	case "number":
		if optional {
			return fmt.Sprintf("new(float64(%v))", v), nil
		}
		return fmt.Sprint(v), nil
	case "string":
		return strconv.Quote(fmt.Sprint(v)), nil
	case "time":
		return goTime(v)
	case "list", "map":
		return a.goCollection(t, v)
	case "ref":
		// An example that is no object has no members here, and the literal is empty.
		members, _ := v.([]member)
		at := slices.IndexFunc(a.Schemas, func(s schema) bool { return s.Name == t.Name })
		if at < 0 {
			return "", fmt.Errorf("the document has no schema %s", t.Name)
		}
		fields, err := a.goFields(a.Schemas[at].Fields, members)
		if optional {
			return "&aisle." + t.Name + "{" + fields + "}", err
		}
		return "aisle." + t.Name + "{" + fields + "}", err
	}
	return goAny(v), nil
}

// goCollection writes a list or a map as a literal.
func (a *api) goCollection(t *typeOf, v any) (string, error) {
	var parts []string
	add := func(before string, one any) error {
		text, err := a.goValue(t.Of, one, false)
		if t.Of.Kind == "ref" {
			text = strings.TrimPrefix(text, qualified(t.Of)) // as gofmt -s has it
		}
		parts = append(parts, before+text)
		return err
	}
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if err := add("", one); err != nil {
				return "", err
			}
		}
	case []member:
		for _, m := range v {
			if err := add(strconv.Quote(m.Name)+": ", m.Value); err != nil {
				return "", err
			}
		}
	}
	return qualified(t) + "{" + goLines(parts) + "}", nil
}

// qualified is a Go type as a program outside of the client's package writes it.
func qualified(t *typeOf) string {
	switch t.Kind {
	case "list":
		return "[]" + qualified(t.Of)
	case "map":
		return "map[string]" + qualified(t.Of)
	case "ref":
		return "aisle." + t.Name
	}
	return goType(t, false)
}

// goTime writes a time, which an example has as RFC 3339 or in epoch milliseconds.
func goTime(v any) (string, error) {
	if n, ok := v.(json.Number); ok {
		return "time.UnixMilli(" + n.String() + ")", nil
	}
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v))
	if err != nil {
		return "", err
	}
	u := at.UTC()
	return fmt.Sprintf(
		"time.Date(%d, %d, %d, %d, %d, %d, %d, time.UTC)", u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), u.Nanosecond(),
	), nil
}

// goAny writes a value whose type the document leaves open.
func goAny(v any) string {
	var parts []string
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return strconv.Quote(v)
	case []any:
		for _, one := range v {
			parts = append(parts, goAny(one))
		}
		return "[]any{" + goLines(parts) + "}"
	case []member:
		for _, m := range v {
			parts = append(parts, strconv.Quote(m.Name)+": "+goAny(m.Value))
		}
		return "map[string]any{" + goLines(parts) + "}"
	}
	return fmt.Sprint(v)
}
