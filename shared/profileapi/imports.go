package profileapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The states of an import.
const (
	ImportQueued      = "queued"
	ImportRunning     = "running"
	ImportDone        = "done"
	ImportFailed      = "failed"
	ImportCancelled   = "cancelled"
	ImportInterrupted = "interrupted" // the process that ran it is gone; sending the file again is safe
)

// ImportFormats lists the formats that an import reads; "auto" tells them apart by content.
func ImportFormats() []string {
	return []string{
		"auto", "ndjson", "csv", "xlsx", "xml", "google_merchant_tsv", "google_merchant_xml", "shopify_csv", "shopify_orders_csv",
		"woocommerce_csv",
	}
}

// ImportSpec says what a file holds and how to read it. What is left out is told by the file itself, and named in the import's state.
type ImportSpec struct {
	Kind       string                       `json:"kind" enum:"users,items,events"`
	Format     string                       `json:"format" doc:"auto: told by the content"`
	Mapping    map[string]string            `json:"mapping,omitempty"`
	MapValues  map[string]map[string]string `json:"map_values,omitempty"`
	Set        map[string]string            `json:"set,omitempty"`
	Ignore     []string                     `json:"ignore,omitempty" doc:"Columns to leave out"`
	Separator  string                       `json:"separator,omitempty"`
	Encoding   string                       `json:"encoding,omitempty" doc:"Such as windows-1252; found by itself when absent"`
	Decimal    string                       `json:"decimal,omitempty"`
	DateFormat string                       `json:"date_format,omitempty"`
	Timezone   string                       `json:"timezone,omitempty"`
	Complete   bool                         `json:"complete,omitempty"`
	MaxGone    float64                      `json:"max_gone,omitempty" minimum:"0" maximum:"1"`
	Replace    string                       `json:"replace,omitempty" doc:"An import that is undone before this one is stored"`
	DryRun     bool                         `json:"dry_run,omitempty" doc:"Judge every row and store nothing"`
}

// Import is the state of an import.
type Import struct {
	ImportID   string     `json:"import_id"`
	Spec       ImportSpec `json:"spec"`
	State      string     `json:"state" enum:"queued,running,done,failed,cancelled,interrupted"`
	Progress   float64    `json:"progress" doc:"Share of the file that was read, 0 to 1"`
	BytesTotal int64      `json:"bytes_total"`
	Rows       int64      `json:"rows"`
	Accepted   int64      `json:"accepted"`
	Duplicates int64      `json:"duplicates"`
	Rejected   int64      `json:"rejected"`
	Warned     int64      `json:"warned" doc:"Accepted rows with at least one warning"`
	Archived   int64      `json:"archived,omitempty" doc:"Items that a complete file lacked"`

	Warnings []ImportWarning   `json:"warnings,omitempty" doc:"What was accepted but not all understood, by code and column"`
	Columns  []ImportColumn    `json:"columns,omitempty" doc:"What became of each column"`
	Preview  []json.RawMessage `json:"preview,omitempty" doc:"The first rows as they are stored"`
	Notes    []string          `json:"notes,omitempty" doc:"What was found out about the file, such as its encoding"`

	UndoneAt  wire.Time `json:"undone_at,omitempty"`
	UndoUntil wire.Time `json:"undo_until,omitempty" doc:"Until then what the import stored can be taken out again"`

	Problem   string    `json:"problem,omitempty" doc:"Why it failed"`
	CreatedAt wire.Time `json:"created_at"`
	UpdatedAt wire.Time `json:"updated_at"`
}

// ImportWarning is one kind of thing that was not all understood.
type ImportWarning struct {
	Code    string `json:"code"`
	Column  string `json:"column,omitempty"`
	Count   int64  `json:"count" doc:"Rows"`
	Example string `json:"example,omitempty"`
	Line    int64  `json:"line,omitempty" doc:"Of the example"`
	Detail  string `json:"detail" doc:"What it means and how to mend it"`
}

// ImportColumn says what became of a column.
type ImportColumn struct {
	Column string `json:"column"`
	Field  string `json:"field,omitempty" doc:"Where its values go; empty when it is left out"`
	How    string `json:"how" enum:"named,known,mapped,attribute,property,ignored,part"`
	Detail string `json:"detail,omitempty" doc:"What was found out about its values"`
}

// Ended reports whether the import will not change any more.
func (i Import) Ended() bool { return i.State != ImportQueued && i.State != ImportRunning }

// ImportError is one line of the error report of an import. A report whose records were mended can be imported itself, as ndjson.
type ImportError struct {
	Line    int64           `json:"line" doc:"In the file, from 1"`
	Column  string          `json:"column,omitempty" doc:"Of CSV and TSV; else the JSON pointer of the field"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Sample  string          `json:"sample,omitempty" doc:"The value, cut to 200 characters"`
	Record  json.RawMessage `json:"record,omitempty" doc:"The row as an object of the kind"`
}

// StartImport sends a file, which may be compressed with gzip or zstd, and returns the queued import.
func (c *Client) StartImport(ctx context.Context, spec ImportSpec, file io.Reader) (Import, error) {
	var out Import
	options, err := json.Marshal(spec)
	if err != nil {
		return out, err
	}
	values := url.Values{"spec": {string(options)}}
	resp, err := c.http.Send(ctx, httpclient.Request{
		Method: http.MethodPost, Path: "/v1/imports", Query: values, Body: file, ContentType: "application/octet-stream",
	})
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// Import returns the state of an import.
func (c *Client) Import(ctx context.Context, id string) (Import, error) {
	return httpclient.JSON[Import](ctx, c.http, http.MethodGet, "/v1/imports/"+url.PathEscape(id), nil, nil)
}

// CancelImport stops an import; what it has stored stays.
func (c *Client) CancelImport(ctx context.Context, id string) (Import, error) {
	return httpclient.JSON[Import](ctx, c.http, http.MethodPost, "/v1/imports/"+url.PathEscape(id)+"/cancel", nil, nil)
}

// ImportErrors opens the error report of an import, one ImportError per line. The caller closes it.
func (c *Client) ImportErrors(ctx context.Context, id string) (io.ReadCloser, error) {
	resp, err := c.http.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: "/v1/imports/" + url.PathEscape(id) + "/errors"})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
