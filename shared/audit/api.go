package audit

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Input are the parameters of an operation that lists entries.
type Input struct {
	Action  string    `query:"action" maxLength:"64" doc:"This action, such as scenario.put, or all that begin with it: scenario"`
	Actor   string    `query:"actor" maxLength:"256" doc:"Id of a key, or what else acted"`
	Subject string    `query:"subject" maxLength:"256" doc:"Id of what was acted on"`
	UserID  string    `query:"user_id" maxLength:"256" doc:"Entries about a person, whom the log names by a digest"`
	From    wire.Time `query:"from" doc:"The earliest moment"`
	To      wire.Time `query:"to" doc:"The moment before which"`
	Limit   int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor  string    `query:"cursor" maxLength:"64" doc:"next_cursor of the page before"`
}

// Query returns what the parameters select.
func (in *Input) Query(shop string) Query {
	q := Query{
		Below: in.Cursor, Action: in.Action, Actor: in.Actor, Subject: in.Subject, From: in.From.Time, To: in.To.Time, Limit: in.Limit,
	}
	if in.UserID != "" {
		q.Subject = Person(shop, in.UserID)
	}
	return q
}

// Page is a part of the log, newest first.
type Page struct {
	Items      []Entry  `json:"items"`
	NextCursor *string  `json:"next_cursor"`
	Missing    []string `json:"missing,omitempty" doc:"Services that did not answer, whose entries are not here"`
}

// NewPage returns a page of entries that were asked for up to a limit.
func NewPage(entries []Entry, limit int) Page {
	p := Page{Items: entries}
	if p.Items == nil {
		p.Items = []Entry{}
	}
	if n := len(entries); n == limit {
		p.NextCursor = &entries[n-1].ID
	}
	return p
}

type output struct{ Body Page }

// Register adds the operation that lists the entries of one service. The recommender-service puts those of all together.
func Register(api huma.API, path, id, tag, summary string, log Log) {
	httpserver.Register(api, auth.ScopeAuditRead, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{tag}, Summary: summary,
	},
		func(ctx context.Context, in *Input) (*output, error) {
			shop := auth.Shop(ctx)
			list, err := log.List(ctx, shop, in.Query(shop))
			return &output{NewPage(list, in.Limit)}, err
		})
}

// Fetch lists the entries of another service.
func Fetch(ctx context.Context, c *httpclient.Client, path string, q Query) (Page, error) {
	values := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	for name, value := range map[string]string{"cursor": q.Below, "action": q.Action, "actor": q.Actor, "subject": q.Subject} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			values.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return httpclient.JSON[Page](ctx, c, http.MethodGet, path, values, nil)
}
