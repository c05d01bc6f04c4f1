// Package page is what the pages of the console have in common: Page says where one is and what it needs, Visit is one request of
// a person with clients that act with his key, and Reader reads the fields of a form. A page is a function from a visit to the data of
// its template.
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

// Root is the path of the console.
const Root = "/console"

// eventsRead is how many of the latest events about an item or visitor are counted, the largest page that the API gives.
const eventsRead = 1000

// page is one page, or one thing that a form does. Its handle returns the data of the template,
// a redirect or a download; data with a Heading method has a title of its own.
type page struct {
	pattern  string // of http.ServeMux, below Root; its first part is the entry of the navigation
	template string
	title    string
	lead     string // what the page is for, under its title
	below    bool   // it leads back to the page of its entry
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
	now                              func() time.Time
	version                          string   // of the program
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
