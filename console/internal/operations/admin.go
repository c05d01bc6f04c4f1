package operations

import (
	"net/http"
	"net/url"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// keysData is the page of keys: beside the key of the person who looks those of the shop, where
// he may see them.
type keysData struct {
	Keys    []recommenderapi.Key
	Visible bool // the key may see the others
	// The latest twenty changes, the newest first.
	Changes []audit.Entry
}

// keys shows the keys of the shop; they are made and removed with the command line, which alone
// may write the keys file. Without the scope audit:read only the own key is shown, and no call
// is made.
func keys(v *page.Visit) (any, error) {
	d := &keysData{Visible: v.Who.Can(auth.ScopeAuditRead)}
	if !d.Visible {
		return d, nil
	}
	list, err := page.Get[profileapi.Page[recommenderapi.Key]](v, v.Recommender, "/v1/keys", nil)
	if err != nil {
		return nil, err
	}
	d.Keys = list.Items
	changes := page.Optional[audit.Page](v, v.Recommender, "changes of keys", "/v1/audit", url.Values{"action": {"key"}, "limit": {"20"}})
	d.Changes = changes.Items
	return d, nil
}

// auditData is one page of the audit log with the filter that it was made with.
type auditData struct {
	// As they were typed; the service says what is wrong with them.
	Action, Actor, Subject, From, To string
	Page                             audit.Page
	// Next is the query of the following page, filter included; "" on the last.
	Next string
}

// auditLog asks GET /v1/audit for 50 entries, the newest first. A part of the log that did not
// answer is named in Page.Missing, which the page shows.
func auditLog(v *page.Visit) (any, error) {
	d := &auditData{Action: v.Text("action"), Actor: v.Text("actor"), Subject: v.Text("subject"), From: v.Text("from"), To: v.Text("to")}
	query, next := url.Values{"limit": {"50"}}, url.Values{}
	for name, value := range map[string]string{"action": d.Action, "actor": d.Actor, "subject": d.Subject, "from": d.From, "to": d.To} {
		if value != "" {
			query.Set(name, moment(name, value))
			next.Set(name, value)
		}
	}
	if cursor := v.Text("cursor"); cursor != "" {
		query.Set("cursor", cursor)
	}
	found, err := page.Get[audit.Page](v, v.Recommender, "/v1/audit", query)
	if err != nil {
		return nil, err
	}
	d.Page = found
	if found.NextCursor != nil {
		next.Set("cursor", *found.NextCursor)
		d.Next = next.Encode()
	}
	return d, nil
}

// moment is what the API is asked with for a field of the form: a day, as browsers send it, is a moment to the API, and the last day is
// meant with all its hours. Other values stay as they are.
func moment(field, value string) string {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || field != "from" && field != "to" {
		return value
	}
	if field == "to" {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.RFC3339)
}

// settingsData is the page of settings.
type settingsData struct {
	Weights profileapi.EventWeights
	// Learnt is nil when no live model says what types of event are worth.
	Learnt *learntWeights
}

// learnt is what types of event are worth as the live model of similar items found; nil when it
// did not. It makes two calls, and a failure of either is a note on the page.
func learnt(v *page.Visit) *learntWeights {
	live := page.Optional[similarityapi.LiveModels](v, v.Similarity, "live models", "/v1/models/live", nil)
	version := live.Live[similarityapi.Similar]
	if version == "" {
		return nil
	}
	r, err := page.Get[similarityapi.Report](v, v.Similarity, "/v1/models/"+page.Escape(version)+"/report", nil)
	if apierror.Is(err, http.StatusNotFound) { // made before there were reports
		return nil
	}
	if v.Part("report of the live model", err); r.EventWeights == nil {
		return nil
	}
	return &learntWeights{ReportEventWeights: *r.EventWeights, Version: version}
}

// learntWeights are weights of types of event as the competition behind a version found them.
type learntWeights struct {
	similarityapi.ReportEventWeights
	Version string
}

// of is the learnt weight of a type with its interval, "1.8 [1.2, 2.5]", "" for none.
func (l *learntWeights) of(eventType string) string {
	for _, w := range l.Weights {
		if w.Type == eventType {
			return words.Interval(w.Learnt, w.Low, w.High)
		}
	}
	return ""
}

// settings shows what the installation is set to; it is changed where the program is started.
func settings(v *page.Visit) (any, error) {
	types := page.Optional[profileapi.EventTypes](v, v.Profile, "types of event", "/v1/events/types", nil)
	return &settingsData{Weights: types.Weights, Learnt: learnt(v)}, nil
}
