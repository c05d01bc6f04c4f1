package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// page is one page, or one thing that a form does. Its handle returns the data of the template,
// a redirect or a download; data with a heading method has a title of its own.
type page struct {
	pattern  string // of http.ServeMux
	template string
	title    string
	lead     string // what the page is for, under its title
	section  string // entry of the navigation
	back     string // section that a page below it leads back to
	scope    string // of what the page changes; "" when it only reads
	upload   bool   // a file comes with it
	handle   func(*visit) (any, error)
}

// visit is one request of a person, with clients that act with his key. ctx ends with the
// request, or when the page's patience does; handlers use it for every call.
type visit struct {
	*http.Request
	ctx                              context.Context
	who                              person
	profile, similarity, recommender *httpclient.Client
	calls                            []string // that the page was made of, for people who want the same from the API
	notes                            []string // what could not be shown
}

// redirect is the answer of a form that did something: the page to go on with.
type redirect string

// download is a file that a page hands on as it comes from a service.
type download struct {
	name, kind string
	body       io.ReadCloser
}

// write copies the file to the browser and closes it.
func (d download) write(w http.ResponseWriter) {
	defer d.body.Close()
	w.Header().Set("Content-Type", d.kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	if _, err := io.Copy(w, d.body); err != nil {
		panic(http.ErrAbortHandler) // the browser then knows that the file is not whole
	}
}

// section is an entry of the navigation: {"rules", "/rules", "Rules"}. Path is below Root.
type section struct{ Name, Path, Title string }

// group is a part of the navigation; the first has no name.
type group struct {
	Name     string
	Sections []section
}

// groups are the navigation, in its order.
func groups() []group {
	return []group{
		{
			"",
			[]section{{"overview", "/", "Overview"}, {"anomalies", "/anomalies", "Anomalies"}, {"try", "/try", "Try it"}},
		},
		{
			"Merchandise",
			[]section{{"placements", "/placements", "Placements"}, {"rules", "/rules", "Rules"}, {"catalogue", "/catalogue", "Catalogue"}},
		},
		{
			"Visitors",
			[]section{
				{"visitors", "/visitors", "Visitors"}, {"health", "/health", "Data health"}, {"debugger", "/debugger", "Event debugger"},
			},
		},
		{"Learn", []section{
			{"models", "/models", "Models"}, {"jobs", "/jobs", "Jobs"}, {"schedules", "/schedules", "Schedules"},
			{"experiments", "/experiments", "Experiments"}, {"rollouts", "/rollouts", "Rollouts"},
		}},
		{
			"Operate",
			[]section{
				{"imports", "/imports", "Imports"}, {"keys", "/keys", "Keys"}, {"audit", "/audit", "Audit log"},
				{"settings", "/settings", "Settings"},
			},
		},
	}
}

// sectionOf returns the section of a name; nil for none.
func sectionOf(name string) *section {
	for _, g := range groups() {
		for n := range g.Sections {
			if g.Sections[n].Name == name {
				return &g.Sections[n]
			}
		}
	}
	return nil
}

// frame is what the layout shows around a page. Person is nil where nobody is signed in.
type frame struct {
	Title, Lead string
	Section     string
	Back        *section
	Groups      []group
	Person      *person
	Now         time.Time
	// As in visit; Done is what a form has just done, in words, "" for nothing.
	Calls, Notes []string
	Done         string
	Version      string
	Data         any
}

// notices are what a page says after a form did something, by the code in its address,
// "?done=saved": no text of an address is shown, since anybody can make a link with one.
func notices() map[string]string {
	return map[string]string{
		"saved": "Saved. Answers follow within two seconds.", "restored": "The older version is in force again.", "deleted": "Deleted.",
		"activated": "The model is live. Answers follow within seconds.", "started": "The job has been queued.",
		"cancelled": "The job was asked to stop.",
		"cleared":   "The schedule is gone.", "stopped": "Stopped: everybody sees the control again within seconds.",
		"decided": "Decided: the arm that you chose is what everybody sees.",
		"undone":  "What the import stored has been taken out.", "erased": "The person has been erased.",
	}
}

// serve answers a page for whoever may see it. In order: who is it, bounds of time and size,
// the scope, the page's handle, and then a redirect, a file, the page or what went wrong. A
// problem of the API keeps its status; only those of the server are logged.
func (c *console) serve(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := c.who(r)
		if err != nil {
			c.refused(w, r, apierror.From(err))
			return
		}
		limit, wait := int64(maxForm), patience
		if p.upload {
			limit, wait = maxUpload, uploadPatience
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		v := &visit{
			Request: r, ctx: ctx, who: who,
			profile: c.o.Profile.client(who.key), similarity: c.o.Similarity.client(who.key), recommender: c.o.Recommender.client(who.key),
		}
		var data any
		if p.scope != "" && !who.Can(p.scope) {
			err = apierror.New(http.StatusForbidden, "scope_missing", "Your key lacks the scope "+p.scope+".")
		} else {
			data, err = p.handle(v)
		}
		if to, ok := data.(redirect); ok && err == nil {
			http.Redirect(w, r, Root+string(to), http.StatusSeeOther)
			return
		}
		if file, ok := data.(download); ok && err == nil {
			file.write(w)
			return
		}
		f := frame{
			Title: p.title, Lead: p.lead, Section: p.section, Back: sectionOf(p.back), Groups: groups(), Person: &who, Now: c.o.Now(),
			Calls: v.calls, Notes: v.notes,
			Done: notices()[r.URL.Query().Get("done")], Version: c.o.Version, Data: data,
		}
		if named, ok := data.(interface{ heading() string }); ok && err == nil {
			f.Title = named.heading()
		}
		status, name := http.StatusOK, p.template
		if err != nil {
			problem := apierror.From(err)
			if problem.Status >= http.StatusInternalServerError {
				c.o.Logger.WarnContext(ctx, "a page of the console failed", "path", r.URL.Path, "error", err)
			}
			status, name, f.Data = problem.Status, "problem", problem
		}
		if p.template == "missing" {
			status = http.StatusNotFound
		}
		c.render(w, status, name, f)
	}
}

// refused sends who is not signed in to the form, and says why nothing is shown to a caller who
// cannot sign in. After signing in the same page follows, but not a form that was posted: its
// fields are gone.
func (c *console) refused(w http.ResponseWriter, r *http.Request, p *apierror.Problem) {
	if p.Status != http.StatusUnauthorized {
		c.render(w, p.Status, "problem", frame{Title: "Not allowed", Data: p})
		return
	}
	to := Root + "/sign-in"
	if r.Method == http.MethodGet {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// render writes a page. It is made in memory first, so that a template that fails half-way is
// an error and not half a page.
func (c *console) render(w http.ResponseWriter, status int, name string, f frame) {
	var b bytes.Buffer
	if err := c.templates[name].ExecuteTemplate(&b, "layout", f); err != nil {
		c.o.Logger.Error("a page of the console cannot be written", "template", name, "error", err)
		http.Error(w, "This page cannot be shown; the log of the server says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

// missing is the handle of every other address.
func missing(*visit) (any, error) { return nil, nil }

// get reads a part of a page from a service and notes the call. path is the API's, with ids
// escaped. The value is zero when it fails, so that a page can go on without it.
func get[T any](v *visit, c *httpclient.Client, path string, query url.Values) (T, error) {
	v.called(http.MethodGet, path, query)
	return httpclient.JSON[T](v.ctx, c, http.MethodGet, path, query, nil)
}

// send sends a question or a change to a service and notes the call; in is the body, nil for
// none.
func send[T any](v *visit, c *httpclient.Client, method, path string, in any) (T, error) {
	v.called(method, path, nil)
	return httpclient.JSON[T](v.ctx, c, method, path, nil, in)
}

// change sends a change that holds only while the thing has the version that the person saw;
// version 0 asks that there is none yet, "" asks for nothing. A thing that was changed
// meanwhile is a problem with status 412.
func change[T any](v *visit, c *httpclient.Client, method, path, version string, in any) (out T, err error) {
	v.called(method, path, nil)
	r := httpclient.Request{Method: method, Path: path, ContentType: "application/json", Header: http.Header{}}
	switch version {
	case "":
	case "0":
		r.Header.Set("If-None-Match", "*")
	default:
		r.Header.Set("If-Match", strconv.Quote(version))
	}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return out, err
		}
		r.Body = bytes.NewReader(data)
	}
	resp, err := c.Send(v.ctx, r)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return out, nil
	}
	return out, httpclient.Decode(resp, r, &out)
}

// called notes a call for the list at the foot of the page.
func (v *visit) called(method, path string, query url.Values) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	v.calls = append(v.calls, method+" "+path)
}

// part lets a page be shown without one of its parts: it says which, and why. It does nothing
// without an error.
func (v *visit) part(name string, err error) {
	if err != nil {
		v.notes = append(v.notes, name+": "+apierror.From(err).Error())
	}
}

// text is a field of the form or address without the blanks around it.
func (v *visit) text(name string) string { return strings.TrimSpace(v.FormValue(name)) }

// words are the texts of a field that lists them, apart by commas, blanks or lines.
func (v *visit) words(name string) []string {
	return strings.FieldsFunc(v.FormValue(name), func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// escape makes an id a part of a path: ids are the shop's and may hold slashes.
func escape(id string) string { return url.PathEscape(id) }
