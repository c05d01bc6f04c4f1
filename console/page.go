package console

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// page is one page, or one thing that a form does.
type page struct {
	pattern  string // of http.ServeMux
	template string
	title    string
	section  string // entry of the navigation
	scope    string // of what the page changes; "" when it only reads
	upload   bool   // a file comes with it
	handle   func(*visit) (any, error)
}

// visit is one request of a person, with clients that act with his key.
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

// section is an entry of the navigation.
type section struct{ Name, Path, Title string }

func sections() []section {
	return []section{
		{"overview", "/", "Overview"}, {"try", "/try", "Try it"}, {"rules", "/rules", "Rules"}, {"models", "/models", "Models and jobs"},
	}
}

// frame is what the layout shows.
type frame struct {
	Title, Section string
	Sections       []section
	Person         *person
	Calls, Notes   []string
	Done           string
	Version        string
	Data           any
}

// notices are what a page says after a form did something, by the code in its address: no text of an address is shown.
func notices() map[string]string {
	return map[string]string{
		"saved": "Saved. Answers follow within two seconds.", "restored": "The older version is in force again.", "deleted": "Deleted.",
		"activated": "The model is live. Answers follow within seconds.", "started": "The job has been queued.", "cancelled": "The job was asked to stop.",
		"undone": "What the import stored has been taken out.", "erased": "The person has been erased.",
	}
}

// serve answers a page for whoever may see it.
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
		f := frame{Title: p.title, Section: p.section, Sections: sections(), Person: &who, Calls: v.calls, Notes: v.notes, Done: notices()[r.URL.Query().Get("done")],
			Version: c.o.Version, Data: data}
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

// refused sends who is not signed in to the form, and says why nothing is shown to a caller who cannot sign in.
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

func missing(*visit) (any, error) { return nil, nil }

// get reads a part of a page from a service and notes the call.
func get[T any](v *visit, c *httpclient.Client, path string, query url.Values) (T, error) {
	v.called(http.MethodGet, path, query)
	return httpclient.JSON[T](v.ctx, c, http.MethodGet, path, query, nil)
}

// send sends a question or a change to a service and notes the call.
func send[T any](v *visit, c *httpclient.Client, method, path string, in any) (T, error) {
	v.called(method, path, nil)
	return httpclient.JSON[T](v.ctx, c, method, path, nil, in)
}

func (v *visit) called(method, path string, query url.Values) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	v.calls = append(v.calls, method+" "+path)
}

// part lets a page be shown without one of its parts: it says which, and why.
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

// escape makes an id a part of a path.
func escape(id string) string { return url.PathEscape(id) }
