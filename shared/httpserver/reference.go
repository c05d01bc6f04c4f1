package httpserver

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

// OrderExtension is the extension of an operation that tells its place on the reference page, from 1.
const OrderExtension = "x-order"

// TypeExtension names the content type of an operation's example where it is not application/json.
const TypeExtension = "x-example-type"

// Authentication explains keys and the placeholders of examples, in Markdown; it is part of the description of every document.
//
//go:embed reference.md
var Authentication string

// referencePage is the page, and the script that adds to Swagger UI a search and the samples of SamplesPath where that is served.
//
//go:embed reference
var referencePage embed.FS

// SamplesPath is where the reference page looks for code samples: an object of lists of x-codeSamples by operationId.
const SamplesPath = "/reference/samples.json"

// group is a chapter of the reference: its tag and the operations below it, in the order of a person's work.
type group struct {
	Tag        string    `json:"tag"`
	Text       string    `json:"text"` // one sentence
	Operations []example `json:"operations"`
}

// example is a request of an operation that works when sent as it stands, but for placeholders "latest-NAME" and "previous-NAME".
type example struct {
	Operation string            `json:"operation"` // its operationId
	Path      map[string]string `json:"path"`
	Query     map[string]any    `json:"query"`
	Body      json.RawMessage   `json:"body"`
	Type      string            `json:"type"`    // content type of Body; a JSON string is sent as its text. application/json when empty
	Creates   bool              `json:"creates"` // it answers 201 instead of 200 when what it stores is new
}

// Reference puts the examples into the operations of an API, along with their tags and order, and the explanation of keys into its
// description. The error names every operation without an example, every example without an operation and every parameter that
// does not exist, so that the reference cannot drift from the API.
func Reference(api huma.API, examples []byte) error {
	var groups []group
	if err := json.Unmarshal(examples, &groups); err != nil {
		return fmt.Errorf("read the reference's examples: %w", err)
	}
	doc := api.OpenAPI()
	doc.Info.Description += "\n\n" + Authentication
	operations := operationsOf(doc)
	var errs []error
	place := 0
	for _, g := range groups {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: g.Tag, Description: g.Text})
		for _, e := range g.Operations {
			op, ok := operations[e.Operation]
			if !ok {
				errs = append(errs, fmt.Errorf("example %q belongs to no operation, or is its second", e.Operation))
				continue
			}
			delete(operations, e.Operation)
			place++
			op.Tags = []string{g.Tag}
			op.Extensions = map[string]any{OrderExtension: place}
			errs = append(errs, e.show(op))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(operations)) {
		errs = append(errs, fmt.Errorf("operation %q has no example", id))
	}
	return errors.Join(errs...)
}

// operationsOf returns the documented operations by id.
func operationsOf(doc *huma.OpenAPI) map[string]*huma.Operation {
	operations := map[string]*huma.Operation{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			if op != nil {
				operations[op.OperationID] = op
			}
		}
	}
	return operations
}

// show puts an example into its operation. Parameters that it does not name lose theirs: the page would send them as well.
func (e example) show(op *huma.Operation) error {
	var errs []error
	named := map[string]any{}
	for name, v := range e.Path {
		named["path "+name] = v
	}
	for name, v := range e.Query {
		named["query "+name] = v
	}
	for n, p := range op.Parameters {
		at := p.In + " " + p.Name
		own := *p // parameters of embedded structs may be shared between operations
		own.Example = named[at]
		if p.Schema != nil {
			schema := *p.Schema
			schema.Examples = nil
			own.Schema = &schema
		}
		op.Parameters[n] = &own
		if p.Required && own.Example == nil {
			errs = append(errs, fmt.Errorf("example %q lacks %s", e.Operation, at))
		}
		delete(named, at)
	}
	for _, at := range slices.Sorted(maps.Keys(named)) {
		errs = append(errs, fmt.Errorf("example %q names %s, which does not exist", e.Operation, at))
	}
	if ok := op.Responses["200"]; e.Creates && ok != nil {
		created := *ok
		created.Description = http.StatusText(http.StatusCreated)
		op.Responses["201"] = &created
	}
	return errors.Join(append(errs, e.showBody(op))...)
}

// showBody puts an example's body into its operation, under its content type. Bodies and media
// types are copied, since operations may share them.
func (e example) showBody(op *huma.Operation) error {
	if (op.RequestBody == nil) != (e.Body == nil) {
		return fmt.Errorf("example %q has a body and the operation none, or the other way round", e.Operation)
	}
	if e.Body == nil {
		return nil
	}
	contentType := e.Type
	if contentType == "" {
		contentType = "application/json"
	} else {
		op.Extensions[TypeExtension] = contentType
	}
	media := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	if documented := op.RequestBody.Content[contentType]; documented != nil {
		own := *documented // operations may share a body
		media = &own
	}
	media.Example = e.Body
	body := *op.RequestBody
	body.Content = maps.Clone(body.Content)
	body.Content[contentType] = media
	op.RequestBody = &body
	return nil
}

// ReferencePage serves the page at /reference and its files below it: Swagger UI with tags as the document lists them, operations in
// their order, and the placeholders of the examples filled in from the answers seen so far. No script stands in the page; styles in it
// stay allowed, since Swagger UI sets them.
func ReferencePage() http.Handler {
	own, err := fs.Sub(referencePage, "reference")
	if err != nil {
		panic(err) // it is part of the program
	}
	files := http.NewServeMux()
	files.Handle("/reference/", http.StripPrefix("/reference/", statigz.FileServer(static.FS)))
	for path, name := range map[string]string{
		"/reference": "page.html", "/reference/{$}": "page.html", "/reference/page.js": "page.js", "/reference/page.css": "page.css",
	} {
		files.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, own, name) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Protect(w.Header())
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "+
			"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		files.ServeHTTP(w, r)
	})
}
