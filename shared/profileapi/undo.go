package profileapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// ImportUndone is what an undo of an import did. A repeat does nothing.
type ImportUndone struct {
	Import Import `json:"import" doc:"Its state; undone_at says when"`
	Events int64  `json:"events" doc:"Removed"`
	Items  int64  `json:"items" doc:"Given back what they were, or deleted when the import made them"`
	Users  int64  `json:"users" doc:"The same"`
	Kept   int64  `json:"kept" doc:"Items and users that somebody has changed since: they stay"`
}

// UndoImport takes out what an import stored. It can be repeated: an undo that was interrupted goes on.
func (c *Client) UndoImport(ctx context.Context, id string) (ImportUndone, error) {
	return httpclient.JSON[ImportUndone](ctx, c.http, http.MethodPost, "/v1/imports/"+url.PathEscape(id)+"/undo", nil, nil)
}
