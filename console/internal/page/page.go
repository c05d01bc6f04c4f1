// Package page is what the pages of the console have in common: Page says where one is and what it needs, Visit is one request of
// a person with clients that act with his key, and Reader reads the fields of a form. A page is a function from a visit to a
// View: what it found, which knows how it is shown.
package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// Root is the path of the console.
const Root = "/console"

// EventsRead is how many of the latest events about an item or visitor are counted, the largest page that the API gives.
const EventsRead = 1000

// Page is one page, or one thing that a form does. Its handle returns a View, a Redirect or a Download.
type Page struct {
	Pattern string // of http.ServeMux, below Root; its first part is the entry of the navigation
	Title   string
	Lead    string // what the page is for, under its title
	Below   bool   // it leads back to the page of its entry
	Scope   string // of what the page changes; "" when it only reads, or asks a service that checks the scope itself
	Upload  bool   // a file comes with it
	Handle  func(*Visit) (any, error)
}

// View is what a page found, and how that is shown below the title. One with a Heading method has a title of its own.
type View interface {
	View(v *Visit) g.Node
}

// Visit is one request of a person, with clients that act with his key. Ctx ends with the
// request, or when the page's patience does; handlers use it for every call.
type Visit struct {
	*http.Request
	Ctx                              context.Context
	Who                              Person
	Profile, Similarity, Recommender *httpclient.Client
	Now                              func() time.Time
	Version                          string   // of the program
	Calls                            []string // that the page was made of, for people who want the same from the API
	Notes                            []string // what could not be shown
}

// Redirect is the answer of a form that did something: the page to go on with.
type Redirect string

// Download is a file that a page hands on as it comes from a service.
type Download struct {
	Name, Kind string
	Body       io.ReadCloser
}

// Write copies the file to the browser and closes it.
func (d Download) Write(w http.ResponseWriter) {
	defer d.Body.Close()
	w.Header().Set("Content-Type", d.Kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	if _, err := io.Copy(w, d.Body); err != nil {
		panic(http.ErrAbortHandler) // the browser then knows that the file is not whole
	}
}

// Get reads a part of a page from a service and notes the call. path is the API's, with ids
// escaped. The value is zero when it fails, so that a page can go on without it.
func Get[T any](v *Visit, c *httpclient.Client, path string, query url.Values) (T, error) {
	v.Called(http.MethodGet, path, query)
	return httpclient.JSON[T](v.Ctx, c, http.MethodGet, path, query, nil)
}

// Optional is Get for a part that the page is shown without when it fails: the value is zero then, and a note says which part, and why.
func Optional[T any](v *Visit, c *httpclient.Client, name, path string, query url.Values) T {
	out, err := Get[T](v, c, path, query)
	v.Part(name, err)
	return out
}

// Send sends a question or a change to a service and notes the call; in is the body, nil for
// none.
func Send[T any](v *Visit, c *httpclient.Client, method, path string, in any) (T, error) {
	v.Called(method, path, nil)
	return httpclient.JSON[T](v.Ctx, c, method, path, nil, in)
}

// Change sends a change that holds only while the thing has the version that the person saw;
// version 0 asks that there is none yet, "" asks for nothing. A thing that was changed
// meanwhile is a problem with status 412.
func Change[T any](v *Visit, c *httpclient.Client, method, path, version string, in any) (out T, err error) {
	v.Called(method, path, nil)
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
	resp, err := c.Send(v.Ctx, r)
	if err != nil {
		return out, outdated(err, version)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return out, nil
	}
	return out, httpclient.Decode(resp, r, &out)
}

// outdated says without the words of the protocol that a thing is there already, or is another one by now. Other errors stay.
func outdated(err error, version string) error {
	var p *apierror.Problem
	if !errors.As(err, &p) || p.Status != http.StatusPreconditionFailed {
		return err
	}
	said := *p
	if said.Detail = "Somebody has changed it since you opened this page. Open it again and repeat the change."; version == "0" {
		said.Detail = "There is one of this name already. Choose another name, or open that one and change it."
	}
	return &said
}

// Called notes a call for the list at the foot of the page.
func (v *Visit) Called(method, path string, query url.Values) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	v.Calls = append(v.Calls, method+" "+path)
}

// Part lets a page be shown without one of its parts: it says which, and why. It does nothing
// without an error.
func (v *Visit) Part(name string, err error) {
	if err != nil {
		v.Notes = append(v.Notes, name+": "+apierror.From(err).Error())
	}
}

// Text is a field of the form or address without the blanks around it.
func (v *Visit) Text(name string) string { return strings.TrimSpace(v.FormValue(name)) }

// Words are the texts of a field that lists them, apart by commas, blanks or lines.
func (v *Visit) Words(name string) []string {
	return strings.FieldsFunc(v.FormValue(name), func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// Escape makes an id a part of a path: ids are the shop's and may hold slashes.
func Escape(id string) string { return url.PathEscape(id) }
