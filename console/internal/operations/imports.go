package operations

import (
	"bufio"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// How long the wizard waits, and how much it shows.
const (
	// dryRunPatience is how long the wizard waits for a dry run before it shows how far it is.
	dryRunPatience = 20 * time.Second
	// errorsShown is how many lines of an error report a page shows.
	errorsShown = 20
)

// importsData is the list of imports with the wizard above it.
type importsData struct {
	Imports []profileapi.Import
	Form    form.Form
	Try     *profileapi.Import // a dry run of the file in the form
	Columns []columnRow
	Errors  []profileapi.ImportError
	Change  bool
}

// columnRow is one column of the file and where its values go.
type columnRow struct {
	N int
	profileapi.ImportColumn
	Options []form.Option
}

// imports shows the latest thirty imports and an empty wizard.
func imports(v *page.Visit) (any, error) {
	list, err := page.Get[profileapi.Page[profileapi.Import]](v, v.Profile, "/v1/imports", url.Values{"limit": {"30"}})
	if err != nil {
		return nil, err
	}
	values := url.Values{"kind": {"items"}, "format": {"auto"}}
	return &importsData{Imports: list.Items, Form: form.New(values, nil, importField), Change: v.Who.Can(auth.ScopeEventsWrite)}, nil
}

// sendImport judges the file of the form by a dry run, or stores it when "do" is "import". The
// file comes with every step, since the console keeps none between two requests.
func sendImport(v *page.Visit) (any, error) {
	file, header, err := v.FormFile("file")
	var problem *apierror.Problem
	switch {
	// The form was longer than maxUpload.
	case err != nil && strings.Contains(err.Error(), "too large"):
		problem = apierror.New(
			http.StatusRequestEntityTooLarge, "too_large",
			"The file is larger than 64 MB: send it with aisle import or POST /v1/imports, which take any size.",
		)
	case err != nil:
		problem = apierror.Invalid("No file came with the form.", apierror.FieldError{
			Pointer: "/file", Detail: "is missing: choose a file, or drop one on the field",
		})
	}
	d := &importsData{Change: true}
	if problem == nil {
		defer v.MultipartForm.RemoveAll()
		dry := v.Text("do") != "import"
		started, err := startImport(v, importOf(v, dry), file, header)
		if err != nil {
			problem = apierror.From(err)
		} else if !dry {
			return page.Redirect("/imports/" + page.Escape(started.ImportID) + "?done=started"), nil
		} else if problem = d.wait(v, started.ImportID); problem == nil {
			d.columns(v)
			d.Errors = importErrors(v, started.ImportID)
		}
	}
	d.Form = form.New(v.Form, problem, importField)
	list := page.Optional[profileapi.Page[profileapi.Import]](v, v.Profile, "imports", "/v1/imports", url.Values{"limit": {"30"}})
	d.Imports = list.Items
	return d, nil
}

// importOf reads how the file is to be understood. A column is named by its own field, since
// its name can be any text: "column3" has the name and "column3_to" the field that it goes to,
// "-" to leave it out, "" to leave it as understood.
func importOf(v *page.Visit, dry bool) profileapi.ImportSpec {
	s := profileapi.ImportSpec{
		Kind: v.Text("kind"), Format: v.Text("format"), DryRun: dry, Complete: v.Text("complete") != "", Timezone: v.Text("timezone"),
		DateFormat: v.Text("date_format"),
		Decimal:    v.Text("decimal"), Separator: v.Text("separator"), Encoding: v.Text("encoding"), Mapping: map[string]string{},
	}
	if eventType := v.Text("event_type"); s.Kind == "events" && eventType != "" {
		s.Set = map[string]string{"type": eventType}
	}
	for n := 0; ; n++ {
		name := "column" + words.Whole(int64(n))
		column, ok := v.Form[name]
		if !ok {
			return s
		}
		switch to := v.Text(name + "_to"); to {
		case "":
		case "-":
			s.Ignore = append(s.Ignore, column[0])
		default:
			s.Mapping[column[0]] = to
		}
	}
}

// startImport sends a file with its name, as a form of its own. The file is streamed: it is not
// in memory as a whole.
func startImport(v *page.Visit, spec profileapi.ImportSpec, file multipart.File, header *multipart.FileHeader) (profileapi.Import, error) {
	options, err := json.Marshal(spec)
	if err != nil {
		return profileapi.Import{}, err
	}
	query := url.Values{"spec": {string(options)}}
	v.Called(http.MethodPost, "/v1/imports", query)
	body, form := io.Pipe()
	defer body.Close()
	parts := multipart.NewWriter(form)
	// Ends when the file is sent, or when body is closed because the call failed.
	go func() {
		part, err := parts.CreateFormFile("file", header.Filename)
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = parts.Close()
		}
		form.CloseWithError(err)
	}()
	r := httpclient.Request{
		Method: http.MethodPost, Path: "/v1/imports", Query: query, Body: body,
		ContentType: mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": parts.Boundary()}),
	}
	resp, err := v.Profile.Send(v.Ctx, r)
	if err != nil {
		return profileapi.Import{}, err
	}
	defer resp.Body.Close()
	var out profileapi.Import
	return out, httpclient.Decode(resp, r, &out)
}

// wait waits for the end of a dry run, or until the page has to show how far it is. The state
// that was read last is d.Try.
func (d *importsData) wait(v *page.Visit, id string) *apierror.Problem {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(dryRunPatience)
	defer late.Stop()
	for {
		state, err := httpclient.JSON[profileapi.Import](v.Ctx, v.Profile, http.MethodGet, "/v1/imports/"+page.Escape(id), nil, nil)
		if err != nil {
			return apierror.From(err)
		}
		d.Try = &state
		if state.Ended() {
			return nil
		}
		select {
		case <-v.Ctx.Done():
			return apierror.From(v.Ctx.Err())
		case <-late.C:
			return nil
		case <-tick.C:
		}
	}
}

// columns are the columns of the file with the choices for each; what was chosen in the form
// stays chosen, by the name of the column, also when another file has it at another place.
func (d *importsData) columns(v *page.Visit) {
	kind := table.Kind(d.Try.Spec.Kind)
	fields := []form.Option{{Value: "", Label: "as understood"}, {Value: "-", Label: "leave it out"}}
	for _, f := range table.Fields(kind) {
		fields = append(fields, form.Option{Value: f.Name, Label: f.Name})
	}
	for n, column := range d.Try.Columns {
		row := columnRow{N: n, ImportColumn: column, Options: fields}
		// A field that the list lacks, such as "attributes.colour", is a choice of its own.
		if to := column.Field; to != "" && column.How != "property" && column.How != "attribute" &&
			!slices.ContainsFunc(fields, func(o form.Option) bool { return o.Value == to }) {
			row.Options = append(slices.Clone(fields), form.Option{Value: to, Label: to})
		}
		d.Columns = append(d.Columns, row)
	}
	chosen := map[string]string{}
	for n := 0; ; n++ {
		name := "column" + words.Whole(int64(n))
		column, ok := v.Form[name]
		if !ok {
			break
		}
		chosen[column[0]] = v.Text(name + "_to")
	}
	for _, row := range d.Columns {
		v.Form.Set("column"+words.Whole(int64(row.N))+"_to", chosen[row.Column])
	}
}

// importErrors are the first errorsShown lines of an error report; a failure is a note on the
// page.
func importErrors(v *page.Visit, id string) []profileapi.ImportError {
	path := "/v1/imports/" + page.Escape(id) + "/errors"
	v.Called(http.MethodGet, path, nil)
	resp, err := v.Profile.Send(v.Ctx, httpclient.Request{Method: http.MethodGet, Path: path})
	if err != nil {
		v.Part("rejected rows", err)
		return nil
	}
	defer resp.Body.Close()
	var list []profileapi.ImportError
	lines := bufio.NewScanner(resp.Body)
	// A line holds the whole row that was refused.
	lines.Buffer(nil, 16<<20)
	for len(list) < errorsShown && lines.Scan() {
		var e profileapi.ImportError
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			list = append(list, e)
		}
	}
	return list
}

// importData is the page of one import.
type importData struct {
	profileapi.Import
	Errors []profileapi.ImportError
	Undo   bool // what it stored can still be taken out
	Change bool
}

// Heading implements the page's title.
func (d *importData) Heading() string { return "Import of " + d.Spec.Kind }

// importPage shows one import with its first errors, and whether it can still be undone.
func importPage(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	state, err := page.Get[profileapi.Import](v, v.Profile, "/v1/imports/"+page.Escape(id), nil)
	if err != nil {
		return nil, err
	}
	d := &importData{Import: state, Change: v.Who.Can(auth.ScopeEventsWrite)}
	d.Undo = state.Ended() && !state.Spec.DryRun && state.UndoneAt.IsZero() && v.Now().Before(state.UndoUntil.Time)
	if state.Rejected > 0 {
		d.Errors = importErrors(v, id)
	}
	return d, nil
}

// importReport hands on the whole error report as a file, as it comes.
func importReport(v *page.Visit) (any, error) {
	resp, err := v.Profile.Send(v.Ctx, httpclient.Request{
		Method: http.MethodGet, Path: "/v1/imports/" + page.Escape(v.PathValue("id")) + "/errors",
	})
	if err != nil {
		return nil, err
	}
	return page.Download{Name: "rejected-rows.ndjson", Kind: "application/x-ndjson", Body: resp.Body}, nil
}

// undoImport takes out what an import stored; it needs the same scope as importing.
func undoImport(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	_, err := page.Send[profileapi.ImportUndone](v, v.Profile, http.MethodPost, "/v1/imports/"+page.Escape(id)+"/undo", nil)
	return page.Redirect("/imports/" + page.Escape(id) + "?done=undone"), err
}

// cancelImport asks an import to stop; its page shows when it has.
func cancelImport(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	_, err := page.Send[profileapi.Import](v, v.Profile, http.MethodPost, "/v1/imports/"+page.Escape(id)+"/cancel", nil)
	return page.Redirect("/imports/" + page.Escape(id) + "?done=cancelled"), err
}

// importField is the field of the wizard that a pointer or parameter of the API is about; ""
// for the whole form.
func importField(pointer string) string {
	switch name := form.Plain(pointer); name {
	case "kind", "format", "complete", "timezone", "date_format", "decimal", "separator", "encoding", "file":
		return name
	case "set":
		return "event_type"
	}
	return ""
}
