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

// ImportFormats lists the formats that an import reads.
func ImportFormats() []string {
	return []string{"ndjson", "csv", "google_merchant_tsv", "google_merchant_xml", "shopify_csv", "woocommerce_csv"}
}

// ImportSpec says what a file holds.
type ImportSpec struct {
	Kind    string            `json:"kind" enum:"users,items,events"`
	Format  string            `json:"format" enum:"ndjson,csv,google_merchant_tsv,google_merchant_xml,shopify_csv,woocommerce_csv"`
	Mapping map[string]string `json:"mapping,omitempty" doc:"Of CSV: field to column, such as {\"item_id\":\"sku\",\"stock.quantity\":\"qty\"}; columns named like fields need none"`
	DryRun  bool              `json:"dry_run,omitempty" doc:"Judge every row and store nothing"`
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
	Problem    string     `json:"problem,omitempty" doc:"Why it failed"`
	CreatedAt  wire.Time  `json:"created_at"`
	UpdatedAt  wire.Time  `json:"updated_at"`
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
	values := url.Values{"kind": {spec.Kind}, "format": {spec.Format}}
	if len(spec.Mapping) > 0 {
		mapping, err := json.Marshal(spec.Mapping)
		if err != nil {
			return out, err
		}
		values.Set("mapping", string(mapping))
	}
	if spec.DryRun {
		values.Set("dry_run", "true")
	}
	resp, err := c.http.Send(ctx, httpclient.Request{Method: http.MethodPost, Path: "/v1/imports", Query: values, Body: file, ContentType: "application/octet-stream"})
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
