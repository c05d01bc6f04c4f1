package demoshop

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// tracePatience bounds how long the side panel waits for Aisle.
const tracePatience = 5 * time.Second

// step is one part of the way from what a visitor did to the list that he sees, and how long it
// took. Problem is why it has nothing, "" for none.
type step struct {
	Took    time.Duration
	Problem string
}

// traceData is the side panel: the same question that the page asked, asked again with
// everything explained. Its parts are in the order of the way: events, visitor, candidates,
// rules, list.
type traceData struct {
	Scenario string
	Events   struct {
		step
		Latest []traceEvent
	}
	Visitor struct {
		step
		profileapi.Profile
	}
	Candidates struct {
		step
		Total   int
		Sources []traceSource
	}
	Rules struct {
		Active []recommenderapi.ListedRule
		Boosts []string
	}
	List struct {
		step
		recommenderapi.Answer
		Items []traceItem
	}
}

// traceEvent is one of the visitor's latest events.
type traceEvent struct {
	profileapi.StoredEvent
	Title string
	Lag   time.Duration // from happening to acknowledgement
	Ago   time.Duration
}

// traceSource is what one source of candidates gave to the list that is shown: how many
// contributions, and their sum.
type traceSource struct {
	Name  string
	Count int
	Sum   float64
}

// traceItem is an item of the list with its first reason in words.
type traceItem struct {
	recommenderapi.RecommendedItem
	Title string
	Why   string
}

// trace answers the side panel with a piece of HTML. It asks as a test: looking must not change
// what is looked at. A step that fails says so in its place.
func (s *Shop) trace(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), tracePatience)
	defer cancel()
	d := &traceData{Scenario: r.FormValue("scenario")}
	question := recommenderapi.Request{
		Scenario: d.Scenario, UserID: r.FormValue("user"), SessionID: r.FormValue("session"), Category: r.FormValue("category"),
		ContextItems: list(r.FormValue("items")),
		Cart:         list(r.FormValue("cart")), Limit: 8, Explain: "full", Test: true,
	}
	if question.UserID == "" && question.SessionID == "" {
		http.Error(w, "The tracker has not named the visitor yet.", http.StatusBadRequest)
		return
	}
	s.traceVisitor(ctx, d, question.UserID, question.SessionID)
	s.traceList(ctx, d, question)
	s.write(w, http.StatusOK, d.html())
}

// timed runs one step and notes how long it took and what was wrong.
func timed(of *step, f func() error) {
	began := time.Now()
	if err := f(); err != nil {
		of.Problem = apierror.From(err).Detail
	}
	of.Took = time.Since(began)
}

// traceVisitor fills in the last four events of the session, and the profile that came of them.
func (s *Shop) traceVisitor(ctx context.Context, d *traceData, user, session string) {
	timed(&d.Events.step, func() error {
		events, err := s.aisle.Profile.Events(ctx, profileapi.EventsQuery{SessionID: session, Limit: 30})
		for _, e := range events.Items {
			if e.Type == "view_item_list" || len(d.Events.Latest) == 4 {
				continue
			}
			one := traceEvent{StoredEvent: e, Lag: e.ReceivedAt.Sub(e.OccurredAt.Time), Ago: time.Since(e.ReceivedAt.Time)}
			one.Title = s.title(e.ItemID)
			d.Events.Latest = append(d.Events.Latest, one)
		}
		return err
	})
	timed(&d.Visitor.step, func() (err error) {
		d.Visitor.Profile, err = s.aisle.Profile.Profile(ctx, profileapi.ProfileQuery{UserID: user, SessionID: session, Limit: 10})
		return err
	})
}

// traceList fills in the list, and from its explanations what each source gave and which boosts
// acted. How many candidates there were comes from explaining the first item.
func (s *Shop) traceList(ctx context.Context, d *traceData, question recommenderapi.Request) {
	timed(&d.List.step, func() (err error) {
		d.List.Answer, err = s.aisle.Recommender.Recommend(ctx, question)
		return err
	})
	sources, boosts := map[string]*traceSource{}, map[string]int{}
	for _, i := range d.List.Answer.Items {
		one := traceItem{RecommendedItem: i, Title: s.title(i.ItemID)}
		if len(i.Reasons) > 0 {
			one.Why = strings.ReplaceAll(i.Reasons[0].Code, "_", " ")
			if title := s.title(i.Reasons[0].ItemID); title != "" {
				one.Why += ": " + words(title)
			}
		}
		d.List.Items = append(d.List.Items, one)
		if i.Explanation == nil {
			continue
		}
		for _, part := range i.Explanation.Contributions {
			if sources[part.Source] == nil {
				sources[part.Source] = &traceSource{Name: strings.ReplaceAll(part.Source, "_", " ")}
			}
			sources[part.Source].Count++
			sources[part.Source].Sum += part.Value
		}
		for _, b := range i.Explanation.Boosts {
			boosts[fmt.Sprintf("%s × %.2f", b.Source, b.Factor)]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(boosts)) {
		d.Rules.Boosts = append(d.Rules.Boosts, fmt.Sprintf("%s on %d of the list", name, boosts[name]))
	}
	for _, source := range sources {
		d.Candidates.Sources = append(d.Candidates.Sources, *source)
	}
	slices.SortFunc(
		d.Candidates.Sources, func(a, b traceSource) int { return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Name, b.Name)) },
	)
	timed(&d.Candidates.step, func() error {
		if len(d.List.Items) == 0 {
			return nil
		}
		why, err := s.aisle.Recommender.Explain(ctx, recommenderapi.ExplainRequest{Request: question, ItemID: d.List.Items[0].ItemID})
		d.Candidates.Total = why.Total
		return err
	})
	rules, err := s.aisle.Recommender.Rules(ctx, "", 50)
	if err != nil {
		d.List.Problem = cmp.Or(d.List.Problem, apierror.From(err).Detail)
	}
	for _, rule := range rules.Items {
		if rule.Active && (rule.ScenarioID == "" || rule.ScenarioID == d.Scenario) {
			d.Rules.Active = append(d.Rules.Active, rule)
		}
	}
}

// title is the title of a product; "" for one that is not sold.
func (s *Shop) title(id string) string {
	if item := s.goods.Load().byID[id]; item != nil {
		return item.Title
	}
	return ""
}

// list are texts with commas between.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// milliseconds writes a time as people read it.
func milliseconds(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", max(ms, 0))
	case ms < 2000:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 120_000:
		return fmt.Sprintf("%.0f s", ms/1000)
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
