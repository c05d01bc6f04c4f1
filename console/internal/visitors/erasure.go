package visitors

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// erasureData is the page that erases a visitor. Receipt is nil until it is done.
type erasureData struct {
	User    string
	Receipt *recommenderapi.PersonErased
	Counts  *recommenderapi.PersonEntry // the end of an export: what is held
	Problem *apierror.Problem
}

// Heading implements the page's title.
func (d *erasureData) Heading() string { return "Visitor " + d.User }

// eraseVisitor says what would be erased, and erases when the id was repeated: there is no way
// back. The receipt is shown once.
func eraseVisitor(v *page.Visit) (any, error) {
	user := v.Text("user")
	d := &erasureData{User: user}
	if v.Text("do") == "erase" {
		if v.Text("repeat") != user {
			d.Problem = apierror.Invalid("Nothing was erased.", apierror.FieldError{
				Pointer: "/repeat", Detail: "is not the id of the visitor: repeat it exactly",
			})
		} else {
			receipt, err := httpclient.JSON[recommenderapi.PersonErased](
				v.Ctx, v.Recommender, http.MethodDelete, "/v1/persons/"+page.Escape(user),
				url.Values{"mode": {v.Text("mode")}}, nil,
			)
			if err != nil {
				return nil, err
			}
			d.Receipt = &receipt
			return d, nil
		}
	}
	held, err := held(v, user)
	if err != nil {
		return nil, err
	}
	d.Counts = held
	return d, nil
}

// held reads an export to its end, which counts what is held. An export without its end was cut
// off, and its counts would be too low: it is an error.
func held(v *page.Visit, user string) (*recommenderapi.PersonEntry, error) {
	path := "/v1/persons/" + page.Escape(user) + "/export"
	v.Called(http.MethodGet, path, nil)
	resp, err := v.Recommender.Send(v.Ctx, httpclient.Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var end recommenderapi.PersonEntry
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var kind struct {
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(lines.Bytes(), &kind); err != nil {
			return nil, err
		}
		if kind.Kind == "end" {
			if err := json.Unmarshal(lines.Bytes(), &end); err != nil {
				return nil, err
			}
			return &end, lines.Err()
		}
	}
	return nil, apierror.Unavailable("What is held on the visitor could not be read to its end. Try again.", 0,
		lines.Err())
}

// View implements page.View.
func (d *erasureData) View(*page.Visit) g.Node {
	if d.Receipt != nil {
		return receiptCard(d.Receipt)
	}
	return view.Card("What will happen", view.Problem(d.Problem), d.held(), d.form())
}

func receiptCard(r *recommenderapi.PersonErased) g.Node {
	rows, more := r.Profile.Rows, r.Recommendations
	var left g.Node
	if len(r.Left) > 0 {
		left = g.Group{h.H3(g.Text("Still there, and until when")), h.Ul(g.Map(r.Left, stillHeld))}
	}
	return view.Card("Done",
		h.P(h.Class("done"), h.Role("status"),
			g.Text("The visitor is gone from all services. The receipt names nobody: keep it as the proof.")),
		view.Facts(view.TextFact("Receipt", r.Profile.ReceiptID), view.TextFact("When", words.When(r.Profile.At.Time)),
			view.TextFact("Events", words.Number(rows.Events)),
			view.TextFact("Records and other names", words.Number(rows.Users)+" and "+words.Number(rows.Aliases)),
			view.TextFact("Decisions and clicks", words.Number(more.Decisions)+" and "+words.Number(more.Clicks)),
			view.TextFact("Models", r.Profile.Models)),
		left)
}

func stillHeld(held profileapi.Held) g.Node {
	until := held.Ends
	if !held.Until.IsZero() {
		until = "until " + words.When(held.Until.Time)
	}
	return h.Li(g.Text(held.Where + ": " + held.What + ", " + until))
}

// held says what is held of the visitor, as far as it was counted.
func (d *erasureData) held() g.Node {
	if d.Counts == nil {
		return nil
	}
	fact := func(name string, n int) g.Node { return view.TextFact(name, words.Number(n)) }
	var facts g.Group
	if c := d.Counts.Counts; c != nil {
		facts = append(facts, fact("Events", c.Events), fact("Records", c.Users), fact("Other names", c.Aliases),
			fact("Rows of import reports", c.ImportErrors))
	}
	if c := d.Counts.More; c != nil {
		facts = append(facts, fact("Decisions", c.Decisions), fact("Clicks", c.Clicks),
			fact("Arms of experiments", c.ExperimentArms))
	}
	return g.Group{h.P(g.Text("Of "), h.Strong(g.Text(d.User)), g.Text(" is held:")), view.Facts(facts)}
}

func (d *erasureData) form() g.Node {
	user := url.QueryEscape(d.User)
	return view.Post("/visitors/erase", view.Hidden("user", d.User),
		view.Field("mode", "How", h.Select(h.ID("mode"), h.Name("mode"),
			h.Option(h.Value("erase"), g.Text("Erase: events and record are removed")),
			h.Option(h.Value("anonymize"),
				g.Text("Anonymise: events stay under a random name, so that models lose nothing")))),
		view.Field("repeat", "Repeat the id of the visitor",
			h.Input(h.ID("repeat"), h.Name("repeat"), h.AutoComplete("off"), h.Required(),
				h.Aria("describedby", "repeat-hint")),
			h.P(h.Class("hint"), h.ID("repeat-hint"), g.Text("This cannot be undone. "),
				view.Link("/visitors/export?user="+user, "Export everything first"), g.Text(" if he asked for it."))),
		view.Actions(h.Button(h.Class("danger"), h.Name("do"), h.Value("erase"), g.Text("Erase "+d.User+" for good")),
			view.Button(pathOf(d.User, ""), "Cancel")))
}
