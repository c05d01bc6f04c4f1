package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestReadYourWrites lets many visitors write and ask at the same time. Whatever was acknowledged must show in the very next answer: there
// is no wait anywhere between a write and the request that must reflect it. Meanwhile each visitor asks from a second tab without pause, so
// that an answer under way while the write is stored can leave something old behind in a cache.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		p := startStandalone(t, t.TempDir()).programs[0]
		readYourWrites(t, []*program{p}, p)
	})
	t.Run("two profile-services on Postgres, written through either and read through one", func(t *testing.T) {
		t.Parallel()
		settings := append(append(threeSettings(""), ownDatabases(t)...),
			"AISLE_REDIS_URL="+testenv.Redis(t), "AISLE_BLOB_URL=file://"+t.TempDir())
		first := start(t, settings, "profile-service")
		second := start(t, settings, "profile-service")
		similarity := start(t, append(settings, "AISLE_PROFILE_URL=http://"+first.address), "similarity-service")
		recommender := start(
			t, append(settings, "AISLE_PROFILE_URL=http://"+second.address, "AISLE_SIMILARITY_URL=http://"+similarity.address),
			"recommender-service",
		)
		readYourWrites(t, []*program{first, first, second}, recommender)
	})
}

const (
	writingVisitors = 20
	writtenItems    = 60

	vipItem   = "pinned/vip"
	largeItem = "pinned/large"
)

// written returns an item of the catalogue of this test.
func written(n int) string { return fmt.Sprintf("goods/%02d", n%writtenItems) }

func readYourWrites(t *testing.T, profiles []*program, recommender *program) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	transport := &http.Transport{MaxIdleConnsPerHost: 4 * writingVisitors}
	t.Cleanup(transport.CloseIdleConnections)
	to := func(p *program) *httpclient.Client {
		return httpclient.New(httpclient.Options{BaseURL: "http://" + p.address, Transport: transport})
	}
	var replicas []*httpclient.Client
	for _, p := range profiles {
		replicas = append(replicas, to(p))
	}
	stockGoods(t, ctx, replicas[0], to(recommender))
	var visitors errgroup.Group
	for n := range writingVisitors {
		v := &writer{ctx: ctx, user: fmt.Sprintf("visitor %d", n), n: n, replicas: replicas, api: recommenderapi.NewClient(to(recommender))}
		visitors.Go(v.visit)
	}
	if err := visitors.Wait(); err != nil {
		t.Fatal(err)
	}
}

// stockGoods fills the catalogue and adds a scenario that offers everything, with two items pinned for whom they are meant.
func stockGoods(t *testing.T, ctx context.Context, profile, recommender *httpclient.Client) {
	t.Helper()
	items := []profileapi.Item{{ItemID: vipItem, Title: "For members"}, {ItemID: largeItem, Title: "In large"}}
	for n := range writtenItems {
		items = append(items, profileapi.Item{ItemID: written(n), Title: "Number " + strconv.Itoa(n)})
	}
	if answer, err := profileapi.NewClient(profile).PutItems(ctx, items); err != nil || answer.Accepted != len(items) {
		t.Fatalf("put items: %+v, %v", answer, err)
	}
	pins := &recommenderapi.Condition{Field: "item_id", Op: "starts_with", Value: "pinned/"}
	scenario := recommenderapi.Scenario{
		Sources: []recommenderapi.Source{{Kind: recommenderapi.SourceNewest, Weight: 1}}, Limit: 200,
		Rules: []recommenderapi.Rule{
			{
				RuleID: "vip", Action: "pin", ItemID: vipItem, Position: 1,
				When: &recommenderapi.Condition{Field: "user.segments", Op: "contains", Value: "vip"},
			},
			{
				RuleID: "large", Action: "pin", ItemID: largeItem, Position: 2,
				When: &recommenderapi.Condition{Field: "user.attributes.size", Value: "L"},
			},
			{RuleID: "rest", Action: "bury", Factor: .001, Where: pins},
		},
	}
	if err := recommender.Call(ctx, http.MethodPut, "/v1/scenarios/offer", nil, scenario, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the whole catalogue is known", func() error {
		answer, err := recommenderapi.NewClient(recommender).Recommend(ctx, recommenderapi.Request{Scenario: "offer", UserID: "nobody"})
		if err == nil && len(answer.Items) != len(items) {
			err = fmt.Errorf("%d of %d items", len(answer.Items), len(items))
		}
		return err
	})
}

// writer is one visitor.
type writer struct {
	ctx      context.Context // of the test
	user     string
	n        int // number of the visitor
	writes   int
	replicas []*httpclient.Client // of the profile-service, used in turn
	api      *recommenderapi.Client
}

// step is one kind of write. It returns an error when the next answer does not reflect it.
type step struct {
	name string
	do   func(v *writer) error
}

// visit takes the visitor through every kind of write while a second tab asks without pause.
func (v *writer) visit() error {
	ctx, closeTab := context.WithCancel(v.ctx)
	tab := make(chan struct{})
	second := &writer{ctx: ctx, user: v.user, api: v.api}
	go func() {
		defer close(tab)
		for ctx.Err() == nil { // what it gets is of no interest
			_, _ = second.looked("", "")
			_, _ = second.ask(recommenderapi.Request{Scenario: "offer", UserID: v.user})
			_, _ = second.looked("", v.user+"'s session")
		}
	}()
	defer func() { closeTab(); <-tab }()
	for _, s := range slices.Concat(eventSteps(), identitySteps(), recordSteps(), importSteps(), privacySteps()) {
		if err := s.do(v); err != nil {
			return fmt.Errorf("%s: %s: %w", v.user, s.name, err)
		}
	}
	return nil
}

// call writes through one of the replicas.
func (v *writer) call(method, path string, query url.Values, in, out any) error {
	v.writes++
	return v.replicas[(v.n+v.writes)%len(v.replicas)].Call(v.ctx, method, path, query, in, out)
}

// post appends events and insists that all were accepted.
func (v *writer) post(events ...profileapi.Event) error {
	v.writes++
	answer, err := profileapi.NewClient(v.replicas[(v.n+v.writes)%len(v.replicas)]).PostEvents(v.ctx, events)
	if err == nil && answer.Accepted != len(events) {
		err = fmt.Errorf("not accepted: %+v", answer.Results)
	}
	return err
}

// ask asks, with so much time that a slow machine is no reason to answer without the profile. An answer that says that it lacks the
// profile, or that the visitor in it is as he was read before, promises nothing, and is asked for again.
func (v *writer) ask(r recommenderapi.Request) (recommenderapi.Answer, error) {
	r.DeadlineMS = 5000
	for {
		answer, err := v.api.Recommend(v.ctx, r)
		if err != nil || !answer.Freshness.Stale && !slices.Contains(answer.Degraded, "profile-service") &&
			!slices.Contains(answer.Degraded, "overload") {
			return answer, err
		}
	}
}

// looked returns what a user (this one when ""), or a session if one is named, looked at; the latest first. Items with events of the types
// are left out.
func (v *writer) looked(user, session string, without ...string) ([]string, error) {
	r := recommenderapi.Request{
		Scenario: "account.recently_viewed", UserID: user, SessionID: session, Limit: 100, Fallback: "strict", ExcludeEventTypes: without,
	}
	if user == "" && session == "" {
		r.UserID = v.user
	}
	answer, err := v.ask(r)
	return itemIDs(answer), err
}

// offered returns the whole offer to this visitor, in order.
func (v *writer) offered(scenario string) ([]string, error) {
	answer, err := v.ask(recommenderapi.Request{Scenario: scenario, UserID: v.user, Limit: 200})
	return itemIDs(answer), err
}

func itemIDs(a recommenderapi.Answer) []string {
	list := make([]string, len(a.Items))
	for n := range a.Items {
		list[n] = a.Items[n].ItemID
	}
	return list
}

// has returns an error unless the list holds (or, with want false, does not hold) the item.
func has(list []string, err error, item string, want bool) error {
	if err == nil && slices.Contains(list, item) != want {
		err = fmt.Errorf("%s shown is %v, want %v: %v", item, !want, want, list)
	}
	return err
}

// starts returns an error unless the list begins (or, with want false, does not begin) with the item.
func starts(list []string, err error, item string, want bool) error {
	if err == nil && (len(list) > 0 && list[0] == item) != want {
		err = fmt.Errorf("%s first is %v, want %v: %v", item, !want, want, list)
	}
	return err
}

func (v *writer) view(n int) profileapi.Event {
	return profileapi.Event{Type: "view_item", UserID: v.user, ItemID: written(v.n + n)}
}

func eventSteps() []step {
	return []step{
		{"an event", func(v *writer) error {
			for n := range 5 {
				e := v.view(n)
				e.EventID = fmt.Sprintf("%s, event %d", v.user, n)
				if err := v.post(e); err != nil {
					return err
				}
				answer, err := v.ask(recommenderapi.Request{Scenario: "account.recently_viewed", UserID: v.user})
				if err != nil {
					return err
				}
				if answer.Freshness.LastEventID != e.EventID {
					return fmt.Errorf("the last event is %q after %q was acknowledged", answer.Freshness.LastEventID, e.EventID)
				}
				if err := starts(itemIDs(answer), nil, e.ItemID, true); err != nil {
					return err
				}
				list, err := v.offered("home.for_you")
				if err := has(list, err, e.ItemID, false); err != nil { // it leaves out what was seen
					return err
				}
			}
			return nil
		}},
		{"a batch with an event of long ago and one of another visitor", func(v *writer) error {
			friend := v.user + "'s friend"
			late, other := v.view(6), v.view(7)
			late.OccurredAt = wire.TimeOf(time.Now().Add(-5 * 24 * time.Hour))
			other.UserID = friend
			if err := v.post(v.view(5), late, other); err != nil {
				return err
			}
			own, err := v.looked("", "")
			theirs, otherErr := v.looked(friend, "")
			return errors.Join(
				has(own, err, written(v.n+5), true), has(own, err, late.ItemID, true), has(theirs, otherErr, other.ItemID, true),
			)
		}},
		{"a purchase", func(v *writer) error {
			bought := v.view(0)
			bought.Type, bought.OrderID = "purchase", v.user+"'s order"
			before, err := v.offered("offer")
			if err := has(before, err, bought.ItemID, true); err != nil {
				return err
			}
			if err := v.post(bought); err != nil {
				return err
			}
			after, err := v.offered("offer")
			return has(after, err, bought.ItemID, false)
		}},
		{"a refund", func(v *writer) error {
			back := v.view(0)
			back.Type, back.OrderID = "refund", v.user+"'s order"
			before, err := v.looked("", "", "refund")
			if err := has(before, err, back.ItemID, true); err != nil {
				return err
			}
			if err := v.post(back); err != nil {
				return err
			}
			after, err := v.looked("", "", "refund")
			return has(after, err, back.ItemID, false)
		}},
		{"not interested", func(v *writer) error {
			no := v.view(1)
			no.Type = "not_interested"
			before, err := v.offered("offer")
			if err := has(before, err, no.ItemID, true); err != nil {
				return err
			}
			if err := v.post(no); err != nil {
				return err
			}
			after, err := v.offered("offer")
			return has(after, err, no.ItemID, false)
		}},
	}
}

func identitySteps() []step {
	ofSession := func(v *writer, n int) profileapi.Event {
		return profileapi.Event{Type: "view_item", SessionID: v.user + "'s session", ItemID: written(v.n + n)}
	}
	return []step{
		{"an event of a session", func(v *writer) error {
			if err := v.post(ofSession(v, 20)); err != nil {
				return err
			}
			session, err := v.looked("", v.user+"'s session")
			own, ownErr := v.looked("", "")
			return errors.Join(has(session, err, written(v.n+20), true), has(own, ownErr, written(v.n+20), false))
		}},
		{"the session is merged into the user", func(v *writer) error {
			if err := v.call(
				http.MethodPost, "/v1/users/"+url.PathEscape(v.user)+"/merge", nil, profileapi.Merge{SessionID: v.user + "'s session"}, nil,
			); err != nil {
				return err
			}
			own, err := v.looked("", "")
			return has(own, err, written(v.n+20), true)
		}},
		{"a late event of the merged session", func(v *writer) error {
			if err := v.post(ofSession(v, 21)); err != nil {
				return err
			}
			own, err := v.looked("", "")
			return has(own, err, written(v.n+21), true)
		}},
		{"an anonymous id is merged into the user", func(v *writer) error {
			anonymous := v.view(22)
			anonymous.UserID = v.user + ", not yet known"
			if err := v.post(anonymous); err != nil {
				return err
			}
			before, err := v.looked(anonymous.UserID, "")
			if err := has(before, err, anonymous.ItemID, true); err != nil {
				return err
			}
			if err := v.call(
				http.MethodPost, "/v1/users/"+url.PathEscape(v.user)+"/merge", nil, profileapi.Merge{AnonymousID: anonymous.UserID}, nil,
			); err != nil {
				return err
			}
			own, err := v.looked("", "")
			return has(own, err, anonymous.ItemID, true)
		}},
		{"a late event of the anonymous id", func(v *writer) error {
			late := v.view(23)
			late.UserID = v.user + ", not yet known"
			if err := v.post(late); err != nil {
				return err
			}
			own, err := v.looked("", "")
			both, bothErr := v.looked(v.user, v.user+"'s session")
			return errors.Join(has(own, err, late.ItemID, true), has(both, bothErr, late.ItemID, true))
		}},
	}
}

// edit changes the visitor's record and says whether the pinned items must show afterwards.
func edit(name, method string, record any, vip, large bool) step {
	return step{name, func(v *writer) error {
		if err := v.call(method, "/v1/users/"+url.PathEscape(v.user), nil, record, nil); err != nil {
			return err
		}
		list, err := v.offered("offer")
		if err == nil && (slices.Index(list, largeItem) < 2) != large {
			err = fmt.Errorf("the item for size L is at %d", slices.Index(list, largeItem))
		}
		return starts(list, err, vipItem, vip)
	}}
}

func recordSteps() []step {
	return []step{
		edit("a record with a segment", http.MethodPut, profileapi.User{Segments: []string{"vip"}}, true, false),
		edit("an attribute", http.MethodPatch, map[string]any{"attributes": map[string]any{"size": "L"}}, true, true),
		edit("the attribute changes", http.MethodPatch, map[string]any{"attributes": map[string]any{"size": "S"}}, true, false),
		edit("the segment is taken away", http.MethodPatch, map[string]any{"segments": []string{}}, false, false),
	}
}

// imports sends a file and waits until it is stored.
func (v *writer) imports(kind string, rows ...any) error {
	var file bytes.Buffer
	for _, row := range rows {
		if err := json.NewEncoder(&file).Encode(row); err != nil {
			return err
		}
	}
	v.writes++
	client := profileapi.NewClient(v.replicas[(v.n+v.writes)%len(v.replicas)])
	job, err := client.StartImport(v.ctx, profileapi.ImportSpec{Kind: kind, Format: "ndjson"}, &file)
	for err == nil && !job.Ended() {
		job, err = client.Import(v.ctx, job.ImportID)
	}
	if err == nil && (job.State != profileapi.ImportDone || job.Accepted != int64(len(rows))) {
		err = fmt.Errorf("import: %+v", job)
	}
	return err
}

func importSteps() []step {
	return []step{
		{"an import of events", func(v *writer) error {
			if err := v.imports("events", v.view(30), v.view(31)); err != nil {
				return err
			}
			own, err := v.looked("", "")
			return errors.Join(has(own, err, written(v.n+30), true), has(own, err, written(v.n+31), true))
		}},
		{"an import of users", func(v *writer) error {
			if err := v.imports("users", profileapi.User{UserID: v.user, Segments: []string{"vip"}}); err != nil {
				return err
			}
			list, err := v.offered("offer")
			return starts(list, err, vipItem, true)
		}},
	}
}

func privacySteps() []step {
	no, yes := false, true
	return []step{
		edit("consent is withdrawn", http.MethodPatch, profileapi.User{Consent: &profileapi.Consent{Personalization: &no}}, false, false),
		{"nothing personal is left", func(v *writer) error {
			own, err := v.looked("", "")
			if err == nil && len(own) > 0 {
				err = fmt.Errorf("without consent: %v", own)
			}
			return err
		}},
		edit("consent is given again", http.MethodPatch, profileapi.User{Consent: &profileapi.Consent{Personalization: &yes}}, true, false),
		{"an event after that", func(v *writer) error {
			if err := v.post(v.view(40)); err != nil {
				return err
			}
			own, err := v.looked("", "")
			return starts(own, err, written(v.n+40), true)
		}},
		{"the person is deleted", func(v *writer) error {
			mode := []string{profileapi.ModeErase, profileapi.ModeAnonymize}[v.n%2]
			if err := v.call(http.MethodDelete, "/v1/users/"+url.PathEscape(v.user), url.Values{"mode": {mode}}, nil, nil); err != nil {
				return err
			}
			var left []string
			for _, name := range [][2]string{
				{v.user, ""}, {"", v.user + "'s session"}, {v.user, v.user + "'s session"}, {v.user + ", not yet known", ""},
			} {
				list, err := v.looked(name[0], name[1])
				if err != nil {
					return err
				}
				left = append(left, list...)
			}
			if len(left) > 0 {
				return fmt.Errorf("%s left %s", mode, strings.Join(left, " "))
			}
			list, err := v.offered("offer")
			return errors.Join(starts(list, err, vipItem, false), has(list, err, written(v.n+1), true))
		}},
		{"the visitor comes back", func(v *writer) error {
			if err := v.post(v.view(50)); err != nil {
				return err
			}
			own, err := v.looked("", "")
			if err == nil && !slices.Equal(own, []string{written(v.n + 50)}) {
				err = fmt.Errorf("a new visitor's list is %v", own)
			}
			return err
		}},
	}
}
