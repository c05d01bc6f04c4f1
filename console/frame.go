package console

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/shared/apierror"
)

// section is an entry of the navigation: {"rules", "/rules", "Rules"}. Path is below Root.
type section struct{ Name, Path, Title string }

// group is a part of the navigation; the first has no name.
type group struct {
	Name     string
	Sections []section
}

// groups are the navigation, in its order.
func groups() []group {
	return []group{
		{
			"",
			[]section{{"overview", "/", "Overview"}, {"anomalies", "/anomalies", "Anomalies"}, {"try", "/try", "Try it"}},
		},
		{
			"Merchandise",
			[]section{{"placements", "/placements", "Placements"}, {"rules", "/rules", "Rules"}, {"catalogue", "/catalogue", "Catalogue"}},
		},
		{
			"Visitors",
			[]section{
				{"visitors", "/visitors", "Visitors"}, {"health", "/health", "Data health"}, {"debugger", "/debugger", "Event debugger"},
			},
		},
		{"Learn", []section{
			{"models", "/models", "Models"}, {"jobs", "/jobs", "Jobs"}, {"schedules", "/schedules", "Schedules"},
			{"experiments", "/experiments", "Experiments"}, {"rollouts", "/rollouts", "Rollouts"},
		}},
		{
			"Operate",
			[]section{
				{"imports", "/imports", "Imports"}, {"keys", "/keys", "Keys"}, {"audit", "/audit", "Audit log"},
				{"settings", "/settings", "Settings"},
			},
		},
	}
}

// sectionName is the name of the section of a pattern: the first part of its path, "overview" for the first page.
func sectionName(pattern string) string {
	_, path, _ := strings.Cut(pattern, " /")
	name, _, _ := strings.Cut(path, "/")
	if name == "{$}" {
		return "overview"
	}
	return name
}

// sectionOf returns the section of a name; nil for none.
func sectionOf(name string) *section {
	for _, g := range groups() {
		for n := range g.Sections {
			if g.Sections[n].Name == name {
				return &g.Sections[n]
			}
		}
	}
	return nil
}

// frame is what the layout shows around a page. Person is nil where nobody is signed in.
type frame struct {
	Title, Lead string
	Section     string
	Back        *section
	Groups      []group
	Person      *page.Person
	Now         time.Time
	// As in visit; Done is what a form has just done, in words, "" for nothing.
	Calls, Notes []string
	Done         string
	Version      string
	Content      g.Node
}

// notices are what a page says after a form did something, by the code in its address,
// "?done=saved": no text of an address is shown, since anybody can make a link with one.
func notices() map[string]string {
	return map[string]string{
		"saved": "Saved. Answers follow within two seconds.", "restored": "The older version is in force again.", "deleted": "Deleted.",
		"activated": "The model is live. Answers follow within seconds.", "started": "The job has been queued.",
		"cancelled": "The job was asked to stop.",
		"cleared":   "The schedule is gone.", "stopped": "Stopped: everybody sees the control again within seconds.",
		"decided": "Decided: the arm that you chose is what everybody sees.",
		"undone":  "What the import stored has been taken out.", "erased": "The person has been erased.",
	}
}

// serve answers a page for whoever may see it. In order: who is it, bounds of time and size,
// the scope, the page's handle, and then a redirect, a file, the page or what went wrong. A
// problem of the API keeps its status; only those of the server are logged.
func (c *console) serve(p page.Page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, key, err := c.who(r)
		if err != nil {
			c.refused(w, r, apierror.From(err))
			return
		}
		limit, wait := int64(maxForm), patience
		if p.Upload {
			limit, wait = maxUpload, uploadPatience
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		v := &page.Visit{
			Request: r, Ctx: ctx, Who: who, Now: c.o.Now, Version: c.o.Version,
			Profile: c.o.Profile.client(key), Similarity: c.o.Similarity.client(key), Recommender: c.o.Recommender.client(key),
		}
		var found any
		if p.Scope != "" && !who.Can(p.Scope) {
			err = apierror.New(http.StatusForbidden, "scope_missing", "Your key lacks the scope "+p.Scope+".")
		} else {
			found, err = p.Handle(v)
		}
		f := frame{
			Title: p.Title, Lead: p.Lead, Section: sectionName(p.Pattern), Groups: groups(), Person: &who, Now: c.o.Now(),
			Done: notices()[r.URL.Query().Get("done")], Version: c.o.Version,
		}
		if p.Below {
			f.Back = sectionOf(f.Section)
		}
		status := http.StatusOK
		if err != nil {
			problem := apierror.From(err)
			if problem.Status >= http.StatusInternalServerError {
				c.o.Logger.WarnContext(ctx, "a page of the console failed", "path", r.URL.Path, "error", err)
			}
			status, f.Content = problem.Status, problemPage(problem)
		} else {
			switch found := found.(type) {
			case page.Redirect:
				http.Redirect(w, r, Root+string(found), http.StatusSeeOther)
				return
			case page.Download:
				found.Write(w)
				return
			case page.View:
				f.Content = found.View(v)
			}
			if named, ok := found.(interface{ Heading() string }); ok {
				f.Title = named.Heading()
			}
		}
		f.Calls, f.Notes = v.Calls, v.Notes
		c.render(w, status, f)
	}
}

// missing answers addresses that no page has.
func (c *console) missing(w http.ResponseWriter, r *http.Request) {
	who, _, err := c.who(r)
	if err != nil {
		c.refused(w, r, apierror.From(err))
		return
	}
	c.render(w, http.StatusNotFound, frame{
		Title: "Not found", Groups: groups(), Person: &who, Now: c.o.Now(), Version: c.o.Version,
		Content: h.P(h.Class("empty"), g.Text("There is no such page. "), view.Link("/", "The overview"), g.Text(" is here.")),
	})
}

// refused sends who is not signed in to the form, and says why nothing is shown to a caller who
// cannot sign in. After signing in the same page follows. Of a form that was posted that is the page on which it stood, and it is said
// that nothing was stored: its fields are gone.
func (c *console) refused(w http.ResponseWriter, r *http.Request, p *apierror.Problem) {
	if p.Status != http.StatusUnauthorized {
		c.render(w, p.Status, frame{Title: "Not allowed", Content: problemPage(p)})
		return
	}
	to := url.Values{"next": {r.URL.RequestURI()}}
	if r.Method != http.MethodGet {
		to = url.Values{"lost": {"yes"}}
		if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host {
			to.Set("next", from.RequestURI())
		}
	}
	http.Redirect(w, r, Root+"/sign-in?"+to.Encode(), http.StatusSeeOther)
}

// render writes a page. It is made in memory first, so that one that cannot be written is an error and not half a page.
func (c *console) render(w http.ResponseWriter, status int, f frame) {
	var b bytes.Buffer
	if err := layout(&f).Render(&b); err != nil {
		c.o.Logger.Error("a page of the console cannot be written", "title", f.Title, "error", err)
		http.Error(w, "This page cannot be shown; the log of the server says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}
