package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const importsTag = "Imports"

// registerImports adds the operations of package imports. Starting one needs two scopes: that
// of the operation, which is the same for all kinds, and that of what the file holds, which is
// known only from the options.
func (a *API) registerImports(api huma.API) {
	start := operation(http.MethodPost, "/v1/imports", "start-import", importsTag, "Import a file")
	start.Description = "The file is the body, or the part `file` of a multipart form: CSV with any separator, NDJSON, XML feeds " +
		"or xlsx, plain, gzipped or zstd-compressed. Format, encoding, separator, " +
		"columns, numbers and times are found out by themselves and named in the state, with `warnings` for what was not all " +
		"understood. Rows are judged like the bodies of the API; a bad row " +
		"costs only itself and appears in the report at `/v1/imports/{id}/errors`. Sending a file again stores nothing twice. Options " +
		"can be query parameters or all together JSON in `spec`; " +
		"a parameter counts before it. Needs the write scope of the kind too: `catalogue:write`, `users:write` or `events:write`."
	start.DefaultStatus = http.StatusAccepted
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	form := &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"},
		Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary"}},
	}}
	start.Errors = append(start.Errors, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
	registerRaw(
		api, auth.ScopeEventsWrite, start,
		&huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": binary, "multipart/form-data": form},
		},
		a.startImport,
	)

	get := operation(http.MethodGet, "/v1/imports/{id}", "get-import", importsTag, "State of an import")
	get.Errors = append(get.Errors, http.StatusNotFound)
	httpserver.Register(api, auth.ScopeEventsRead, get, a.getImport)

	list := operation(http.MethodGet, "/v1/imports", "list-imports", importsTag, "List imports")
	list.Description = "The latest first."
	httpserver.Register(api, auth.ScopeEventsRead, list, a.listImports)

	cancel := operation(http.MethodPost, "/v1/imports/{id}/cancel", "cancel-import", importsTag, "Stop an import")
	cancel.Description = "What it has stored stays."
	cancel.Errors = append(cancel.Errors, http.StatusNotFound)
	httpserver.Register(api, auth.ScopeEventsWrite, cancel, a.cancelImport)

	report := operation(http.MethodGet, "/v1/imports/{id}/errors", "import-errors", importsTag, "Error report of an import")
	report.Description = "NDJSON, one entry per bad field. Mend the records and import the report itself as ndjson."
	report.Errors = append(report.Errors, http.StatusNotFound)
	report.Responses = map[string]*huma.Response{"200": {
		Description: "One ImportError per line",
		Content:     map[string]*huma.MediaType{ndjsonType: {Schema: schemaOf[profileapi.ImportError](api)}},
	}}
	httpserver.Register(api, auth.ScopeEventsRead, report, a.importErrors)
}

// format is one of the formats that an import reads. It has a type of its own so that the
// document lists them from the same place as the check.
type format string

// Schema implements huma.SchemaProvider.
func (format) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, f := range profileapi.ImportFormats() {
		s.Enum = append(s.Enum, f)
	}
	return s
}

// startImportInput are the options of an import as parameters: the body is the file. The more
// complex ones, such as map_values, can be given in Spec only.
type startImportInput struct {
	Kind       string  `query:"kind" enum:"users,items,events" doc:"What the rows are; required here or in spec"`
	Format     format  `query:"format" doc:"auto when absent: told by the content"`
	DryRun     bool    `query:"dry_run" doc:"Judge every row and store nothing"`
	Complete   bool    `query:"complete" doc:"Of items: the file is the whole catalogue, what it lacks is archived at its end"`
	MaxGone    float64 `query:"max_gone" minimum:"0" maximum:"1" doc:"Largest share that complete may archive; 0.2 when absent"`
	Timezone   string  `query:"timezone" maxLength:"64" doc:"Of times without one, such as Europe/Berlin; UTC when absent"`
	DateFormat string  `query:"date_format" maxLength:"64" doc:"Such as DD.MM.YYYY HH:mm:ss; found per column when absent"`
	Decimal    string  `query:"decimal" maxLength:"8" doc:"Decimal mark of numbers, . or , (or point, comma); found per column when absent"`
	Separator  string  `query:"separator" maxLength:"9" doc:"Of columns: one character, or tab; found by itself when absent"`
	Encoding   string  `query:"encoding" maxLength:"32" doc:"Such as windows-1252; found by itself when absent"`
	Replace    string  `query:"replace" maxLength:"64" doc:"An import that is undone before this one is stored"`
	Mapping    string  `query:"mapping" maxLength:"8192" doc:"JSON object of column to field"`
	Spec       string  `query:"spec" maxLength:"65536" doc:"All options as JSON: an ImportSpec"`

	// request has the body, which is a stream of up to gigabytes and must not be read into
	// memory, as huma would.
	request *http.Request
}

// Resolve keeps the request, whose body is read as a stream: it may take as long as it takes
// but not stall. It implements huma.Resolver.
func (in *startImportInput) Resolve(ctx huma.Context) []error {
	c := humagin.Unwrap(ctx)
	c.Request.Body = httpserver.StreamedBody(c.Writer, c.Request)
	in.request = c.Request
	return nil
}

// startImportOutput is answered with 202: the file is stored, its rows are not.
type startImportOutput struct {
	Location string `header:"Location"`
	Body     profileapi.Import
}

// spec joins the parameters with the JSON of the parameter spec; a parameter counts before it.
// A name in spec that is no option is refused: a misspelt one would be ignored for a whole
// file.
func (in *startImportInput) spec() (profileapi.ImportSpec, error) {
	var spec profileapi.ImportSpec
	decode := func(parameter, text string, into any) error {
		if text == "" {
			return nil
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			return apierror.Invalid("The options cannot be read.", apierror.FieldError{
				Parameter: parameter, Code: "invalid_json", Detail: parameter + " cannot be read as JSON: " + err.Error() + ".",
			})
		}
		return nil
	}
	if err := decode("spec", in.Spec, &spec); err != nil {
		return spec, err
	}
	if err := decode("mapping", in.Mapping, &spec.Mapping); err != nil {
		return spec, err
	}
	for _, p := range []struct {
		given string
		to    *string
	}{
		{in.Kind, &spec.Kind}, {string(in.Format), &spec.Format}, {in.Timezone, &spec.Timezone},
		{in.DateFormat, &spec.DateFormat}, {in.Decimal, &spec.Decimal}, {in.Separator, &spec.Separator},
		{in.Encoding, &spec.Encoding}, {in.Replace, &spec.Replace},
	} {
		if p.given != "" {
			*p.to = p.given
		}
	}
	switch spec.Decimal {
	case "comma":
		spec.Decimal = ","
	case "point":
		spec.Decimal = "."
	}
	spec.DryRun, spec.Complete = spec.DryRun || in.DryRun, spec.Complete || in.Complete
	if in.MaxGone > 0 {
		spec.MaxGone = in.MaxGone
	}
	return spec, nil
}

// startImport checks the options and the right to write that kind before it reads the file, and
// answers when the file is spooled. See imports.Imports.Start for the errors.
func (a *API) startImport(ctx context.Context, in *startImportInput) (*startImportOutput, error) {
	spec, err := in.spec()
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"users", "items", "events"}, spec.Kind) {
		return nil, apierror.Invalid("The import has no kind.", apierror.FieldError{
			Parameter: "kind", Code: "required", Detail: "Say what the rows are: kind=users, items or events.",
		})
	}
	if err := mayWrite(ctx, spec.Kind); err != nil {
		return nil, err
	}
	file, err := fileOf(in.request)
	if err != nil {
		return nil, err
	}
	state, err := a.Imports.Start(ctx, auth.Shop(ctx), spec, file)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &startImportOutput{Location: "/v1/imports/" + state.ImportID, Body: state}, nil
}

// mayWrite checks that a caller may write what a kind of import holds; 403 when not. A
// publishable key may append events one by one, and no files: they would be taken for what the
// shop says.
func mayWrite(ctx context.Context, kind string) error {
	scope := map[string]string{"users": auth.ScopeUsersWrite, "items": auth.ScopeCatalogueWrite, "events": auth.ScopeEventsWrite}[kind]
	if p := auth.FromContext(ctx); !p.Can(scope) || p.Kind == auth.KindPublishable {
		return apierror.New(http.StatusForbidden, "scope_missing", "The key lacks the scope "+scope+", or is a publishable one.")
	}
	return nil
}

// fileOf returns the body, or the part "file" of a form. Parts before it are passed over;
// nothing is read beyond what the caller reads.
func fileOf(r *http.Request) (io.Reader, error) {
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || contentType != "multipart/form-data" {
		return r.Body, nil
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, apierror.Malformed("The form cannot be read: " + err.Error() + ".")
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, apierror.Malformed("The form has no part \"file\".")
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
}

type importOutput struct{ Body profileapi.Import }

// getImport answers the state of an import as it was last saved, by whichever replica runs it.
func (a *API) getImport(ctx context.Context, in *idInput) (*importOutput, error) {
	state, err := a.Imports.Import(ctx, auth.Shop(ctx), in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &importOutput{Body: state}, nil
}

type importsOutput struct {
	Body profileapi.Page[profileapi.Import]
}

// listImports answers a page of imports, the latest first: their ids rise with time.
func (a *API) listImports(ctx context.Context, in *PageParameters) (*importsOutput, error) {
	before, err := in.after(cursor.Imports)
	if err != nil {
		return nil, err
	}
	states, err := a.Imports.List(ctx, auth.Shop(ctx), before, in.Limit+1)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &importsOutput{Body: page(states, in.Limit, cursor.Imports, func(i *profileapi.Import) string { return i.ImportID })}, nil
}

// cancelImport asks an import to stop. Its answer is the state of before; the import stops
// within some seconds where another replica runs it.
func (a *API) cancelImport(ctx context.Context, in *idInput) (*importOutput, error) {
	state, err := a.Imports.Import(ctx, auth.Shop(ctx), in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	if err := mayWrite(ctx, state.Spec.Kind); err != nil {
		return nil, err
	}
	state, err = a.Imports.Cancel(ctx, auth.Shop(ctx), in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &importOutput{Body: state}, nil
}

// importErrors streams the report, however long. Whether there is such an import is found out
// first, while 404 can still be answered.
func (a *API) importErrors(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
	shop := auth.Shop(ctx)
	if _, err := a.Imports.Import(ctx, shop, in.ID); err != nil {
		return nil, storeProblem(err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", ndjsonType)
		c.Status(http.StatusOK)
		w := bufio.NewWriterSize(c.Writer, 64<<10)
		err := a.Imports.Errors(c.Request.Context(), shop, in.ID, func(entry []byte) error {
			_, err := w.Write(append(entry, '\n'))
			return err
		})
		if err := errors.Join(err, w.Flush()); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}
