// Package visitors has the pages about people and their events.
package visitors

import (
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Pages are about people and their events. Ids of visitors are in the query rather than
// in the path, since a page is about a user or a session.
func Pages() []page.Page {
	const write = auth.ScopeUsersWrite
	return []page.Page{
		{
			Pattern: "GET /visitors", Title: "Visitors", Handle: visitors,
			Lead: "What is known of one person, and what he agreed to.",
		},
		{Pattern: "GET /visitors/visitor", Title: "Visitor", Below: true, Handle: visitor},
		{Pattern: "GET /visitors/export", Title: "Export", Below: true, Handle: exportVisitor},
		{Pattern: "GET /visitors/erase", Title: "Erase a visitor", Below: true, Scope: write, Handle: eraseVisitor},
		{Pattern: "POST /visitors/erase", Title: "Erase a visitor", Below: true, Scope: write, Handle: eraseVisitor},
		{Pattern: "POST /visitors/consent", Title: "Visitor", Below: true, Scope: write, Handle: consentVisitor},
		{Pattern: "POST /visitors/robot", Title: "Visitor", Below: true, Scope: write, Handle: judgeVisitor},
		{
			Pattern: "GET /health", Title: "Data health", Handle: health,
			Lead: "What arrives, what was refused and why, and how late.",
		},
		{
			Pattern: "GET /debugger", Title: "Event debugger", Handle: debugger,
			Lead: "Events as they arrive, each with its verdict.",
		},
		{Pattern: "POST /debugger", Title: "Event debugger", Handle: judge},
	}
}

// visitorsData is the list of visitors: who was here lately, and known users.
type visitorsData struct {
	Latest []latestVisitor
	Users  []profileapi.User
}

// latestVisitor is somebody whom one of the latest events is about.
type latestVisitor struct {
	User, Session string
	Last          profileapi.StoredEvent
	Events        int
}

// visitors lists who was here lately, told from the latest 300 events, and the records of known
// users. Either part may be missing, with a note.
func visitors(v *page.Visit) (any, error) {
	d := &visitorsData{}
	events := page.Optional[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "latest visitors",
		"/v1/events", url.Values{"limit": {"300"}})
	at := map[string]int{}
	for _, e := range events.Items {
		key := "u" + e.UserID
		if e.UserID == "" {
			key = "s" + e.SessionID
		}
		n, known := at[key]
		if !known {
			n = len(d.Latest)
			at[key] = n
			d.Latest = append(d.Latest, latestVisitor{User: e.UserID, Session: e.SessionID, Last: e})
		}
		d.Latest[n].Events++
	}
	d.Latest = d.Latest[:min(len(d.Latest), 25)]
	users := page.Optional[profileapi.Page[profileapi.User]](v, v.Profile, "records of users", "/v1/users", url.Values{"limit": {"50"}})
	d.Users = users.Items
	return d, nil
}

// visitorData is the page of one visitor.
type visitorData struct {
	User, Session string
	Profile       profileapi.Profile
	Events        []profileapi.StoredEvent
	Change        bool // the key may change what is held, and erase it
	Robot         bool // the visitor is judged to be one
}

// Heading implements the page's title.
func (d *visitorData) Heading() string {
	if d.User == "" {
		return "Session " + d.Session
	}
	return "Visitor " + d.User
}

// visitor shows what is known of a user or, without one, of a session: the profile and the
// latest fifty events. The verdict whether it is a robot is that of the latest event.
func visitor(v *page.Visit) (any, error) {
	d := &visitorData{User: v.Text("user"), Session: v.Text("session"), Change: v.Who.Can(auth.ScopeUsersWrite)}
	if d.User == "" && d.Session == "" {
		return nil, apierror.Invalid("Enter the id of a user or of a session.")
	}
	path, query := "/v1/users/"+page.Escape(d.User)+"/profile", url.Values{"user_id": {d.User}, "limit": {"50"}}
	if d.User == "" {
		path, query = "/v1/sessions/"+page.Escape(d.Session)+"/profile", url.Values{"session_id": {d.Session}, "limit": {"50"}}
	}
	profile, err := page.Get[profileapi.Profile](v, v.Profile, path, nil)
	if err != nil {
		return nil, err
	}
	d.Profile = profile
	events := page.Optional[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "events", "/v1/events", query)
	d.Events = events.Items
	d.Robot = len(d.Events) > 0 && d.Events[0].Robot
	return d, nil
}

// judgeVisitor says whether a visitor is a robot, and goes back to the page that the form was
// on.
func judgeVisitor(v *page.Visit) (any, error) {
	user, session := v.Text("user"), v.Text("session")
	_, err := page.Change[profileapi.Robot](v, v.Profile, http.MethodPost, "/v1/robots", "", profileapi.RobotDecision{
		UserID: user, SessionID: session, Verdict: v.Text("verdict"),
	})
	if v.Text("to") == "health" {
		return page.Redirect("/health?done=saved#robots"), err
	}
	return page.Redirect("/visitors/visitor?" + url.Values{"user": {user}, "session": {session}, "done": {"saved"}}.Encode()), err
}

// exportVisitor hands on everything that is held on a person as a file, an entry on each line.
func exportVisitor(v *page.Visit) (any, error) {
	resp, err := v.Recommender.Send(v.Ctx, httpclient.Request{
		Method: http.MethodGet, Path: "/v1/persons/" + page.Escape(v.Text("user")) + "/export",
	})
	if err != nil {
		return nil, err
	}
	return page.Download{Name: "person.ndjson", Kind: "application/x-ndjson", Body: resp.Body}, nil
}

// consentVisitor stores what the visitor agreed to; an unticked box is a refusal, not a missing
// answer.
func consentVisitor(v *page.Visit) (any, error) {
	personal, analytics := v.Text("personalization") != "", v.Text("analytics") != ""
	_, err := page.Change[profileapi.User](v, v.Profile, http.MethodPatch, "/v1/users/"+page.Escape(v.Text("user")), "",
		map[string]any{"consent": profileapi.Consent{Personalization: &personal, Analytics: &analytics}})
	return page.Redirect("/visitors/visitor?user=" + url.QueryEscape(v.Text("user")) + "&done=saved"), err
}
