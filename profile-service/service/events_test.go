package service_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// send posts a raw body and returns the status and the decoded answer.
func send[T any](t *testing.T, s *running, method, path, contentType, body string, header ...string) (int, T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+s.keys["north"])
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out T
	data, err := io.ReadAll(resp.Body)
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatalf("%s %s: %v: %.300s", method, path, err, data)
	}
	return resp.StatusCode, out
}

func TestBadBodiesAreProblems(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		ok := `{"type":"view_item","user_id":"u","item_id":"i"}`
		for name, c := range map[string]struct {
			body   string
			status int
		}{
			"empty":       {"", 400},
			"truncated":   {`[{"type":"view_item","user_id":"u`, 400},
			"not UTF-8":   {"{\"type\":\"view_item\",\"user_id\":\"\xff\",\"item_id\":\"i\"}", 400},
			"NaN":         {`{"type":"purchase","user_id":"u","item_id":"i","value":NaN}`, 400},
			"raw NUL":     {"{\"type\":\"view_item\",\"user_id\":\"a\x00b\",\"item_id\":\"i\"}", 400},
			"escaped NUL": {`{"type":"view_item","user_id":"a\u0000b","item_id":"i"}`, 422},
			"deep": {
				`{"type":"view_item","user_id":"u","item_id":"i","properties":` + strings.Repeat(`{"a":`, 100) + "1" +
					strings.Repeat("}", 101),
				400,
			},
			"oversized":    {`[` + strings.Repeat(ok+",", 50000) + ok + `]`, 413},
			"too many":     {`[` + strings.Repeat(ok+",", 1000) + ok + `]`, 422},
			"none":         {`[]`, 422},
			"a number":     {`1`, 400},
			"trailing":     {ok + ok, 400},
			"huge number":  {`{"type":"rate","user_id":"u","item_id":"i","value":1e999}`, 422},
			"wrong types":  {`{"type":1,"user_id":{},"items":3,"value":"x","consent":[],"position":1.5}`, 422},
			"unknown type": {`{"type":"vue_item","user_id":"u","item_id":"i"}`, 422},
			"in the future": {
				fmt.Sprintf(`{"type":"view_item","user_id":"u","item_id":"i","occurred_at":%d}`, time.Now().Add(6*time.Minute).UnixMilli()),
				422,
			},
			"before retention":   {`{"type":"view_item","user_id":"u","item_id":"i","occurred_at":"2001-01-01T00:00:00Z"}`, 422},
			"no subject":         {`{"type":"view_item","item_id":"i"}`, 422},
			"long id":            {`{"type":"view_item","user_id":"` + strings.Repeat("x", 257) + `","item_id":"i"}`, 422},
			"rating out of hand": {`{"type":"rate","user_id":"u","item_id":"i","value":6}`, 422},
		} {
			status, p := send[apierror.Problem](t, s, "POST", "/v1/events", "application/json", c.body)
			if status != c.status || p.Status != c.status || p.Detail == "" || p.RequestID == "" {
				t.Errorf("%s: %d, want %d: %+v", name, status, c.status, p)
			}
		}
		status, p := send[apierror.Problem](
			t, s, "POST", "/v1/events", "application/json", `[{"type":1,"user_id":{},"items":[{"item_id":"a","price":-1}],"value":"x"}]`,
		)
		var pointers []string
		for _, f := range p.Errors {
			pointers = append(pointers, f.Pointer)
		}
		if diff := cmp.Diff([]string{"/0/type", "/0/user_id", "/0/items/0/price", "/0/value"}, pointers); diff != "" || status != 422 {
			t.Errorf("%d %s", status, diff)
		}
	})
}

func TestABadEventCostsOnlyItself(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `{"events":[{"type":"Product Viewed","user_id":"u","item_id":"a","event_id":"1"},{"type":"nope",` +
			`"user_id":"u"},{"type":"detail-page-view","session_id":"s","item_id":"b"}]}`
		status, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body)
		if status != 200 || answer.Accepted != 2 || answer.Rejected != 1 || answer.Results[1].Errors[0].Pointer != "/events/1/type" ||
			answer.Results[2].ID == "" {
			t.Errorf("%d %+v", status, answer)
		}
		status, answer = send[profileapi.EventsAnswer](t, s, "POST", "/v1/events/validate", "application/json", body)
		if status != 200 || answer.Accepted != 2 || answer.Duplicates != 0 {
			t.Errorf("validate: %d %+v", status, answer)
		}
		stats := call[profileapi.EventStats](t, s, http.MethodGet, "/v1/stats/events", nil)
		if stats.Total.Accepted["view_item"] != 2 || stats.Total.Rejected["unknown_type"] != 1 || stats.UnknownItemShare != 1 {
			t.Errorf("stats: %+v", stats)
		}
	})
}

func TestBeaconCarriesItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
		body := `{"key":%q,"events":[{"type":"view_item","session_id":"` + session + `","item_id":"a"}]}`
		for key, want := range map[string]int{s.publishable: 200, "pk_wrong": 401, s.keys["north"]: 403} {
			resp, err := http.Post(s.url+"/v1/events", "text/plain;charset=UTF-8", strings.NewReader(fmt.Sprintf(body, key)))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("key %s: %d", key, resp.StatusCode)
			}
		}
		if p := profileOf(t, s.client, profileapi.ProfileQuery{SessionID: session}); len(p.Recent) != 1 {
			t.Errorf("profile: %+v", p)
		}
	})
}

func TestAPageGivesNoMoneyBack(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
		body := fmt.Sprintf(
			`{"key":%q,"events":[{"type":"purchase","session_id":%q,"order_id":"o1","item_id":"a"},{"type":"refund",`+
				`"session_id":%q,"order_id":"o1"}]}`,
			s.publishable, session, session,
		)
		status, answer := send[profileapi.EventsAnswer](
			t, s, "POST", "/v1/events", "application/json", strings.Replace(body, `"key":"`+s.publishable+`",`, "", 1),
		)
		if status != 200 || answer.Accepted != 2 {
			t.Errorf("from a server: %d %+v", status, answer)
		}
		resp, err := http.Post(s.url+"/v1/events", "text/plain;charset=UTF-8", strings.NewReader(strings.ReplaceAll(body, "o1", "o2")))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer = profileapi.EventsAnswer{}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Accepted != 1 || answer.Rejected != 1 ||
			answer.Results[1].Errors[0].Pointer != "/events/1/type" || answer.Results[1].Errors[0].Code != "not_allowed" {
			t.Errorf("from a page: %v %+v", err, answer)
		}
		page := call[profileapi.Page[profileapi.StoredEvent]](t, s, http.MethodGet, "/v1/events?session_id="+session+"&order=asc", nil)
		if len(page.Items) != 3 || page.Items[0].FromPage || page.Items[1].FromPage || !page.Items[2].FromPage {
			t.Errorf("stored: %+v", page.Items)
		}
	})
}

func TestAPageWritesForItsOwnVisitorOnly(t *testing.T) {
	t.Parallel()
	s := start(t, service.Config{DatabaseURL: testenv.SQLite(t)})
	const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
	token := s.userToken(t, "ann")
	for name, c := range map[string]struct {
		event, token string
		status       int
		pointer      string
	}{
		"a random session":       {`{"type":"view_item","session_id":"` + session + `","item_id":"a"}`, "", 200, ""},
		"a user without a token": {`{"type":"view_item","user_id":"ann","item_id":"a"}`, "", 403, "/user_id"},
		"a user in another system's words": {
			`{"type":"track","event":"Product Viewed","userId":"ann","properties":{"product_id":"a"}}`, "", 403, "/user_id",
		},
		"the user of the token": {
			`{"type":"view_item","user_id":"ann","session_id":"` + session + `","item_id":"a"}`, token, 200, "",
		},
		"another than the user of the token":  {`{"type":"view_item","user_id":"bob","item_id":"a"}`, token, 403, "/user_id"},
		"a session that can be guessed":       {`{"type":"view_item","session_id":"17","item_id":"a"}`, "", 403, "/session_id"},
		"a user with a token that is not one": {`{"type":"view_item","user_id":"ann","item_id":"a"}`, token + "x", 401, "Aisle-User-Token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/v1/events", "/v1/events/validate"} {
				beacon, err := json.Marshal(map[string]any{
					"key": s.publishable, "user_token": c.token, "events": []json.RawMessage{json.RawMessage(c.event)},
				})
				if err != nil {
					t.Fatal(err)
				}
				for way, sent := range map[string]struct {
					body   string
					header []string
				}{
					"headers":  {c.event, []string{"X-API-Key", s.publishable, "Aisle-User-Token", c.token}},
					"a beacon": {string(beacon), []string{"Authorization", ""}},
				} {
					status, p := send[apierror.Problem](t, s, "POST", path, "application/json", sent.body, sent.header...)
					if status != c.status || c.pointer != "" &&
						(len(p.Errors) != 1 || !strings.HasSuffix(p.Errors[0].Pointer+p.Errors[0].Parameter, c.pointer)) {
						t.Errorf("%s by %s: %d %+v, want %d", path, way, status, p, c.status)
					}
				}
			}
		})
	}
	t.Run("a server names anybody", func(t *testing.T) {
		t.Parallel()
		post(t, s.client, profileapi.Event{Type: "view_item", UserID: "bob", SessionID: "1", ItemID: "a"})
	})
	t.Run("a page stops no import", func(t *testing.T) {
		t.Parallel()
		status, started := send[profileapi.Import](
			t, s, "POST", "/v1/imports?kind=events", "application/x-ndjson", `{"type":"view_item","user_id":"ann","item_id":"a"}`,
		)
		if status != 202 {
			t.Fatalf("the import: %d", status)
		}
		if status, _ := send[apierror.Problem](
			t, s, "POST", "/v1/imports/"+started.ImportID+"/cancel", "", "", "X-API-Key", s.publishable, "Authorization", "",
		); status != 403 {
			t.Errorf("cancelled with %d", status)
		}
	})
}

func TestConcurrentDuplicatesCountOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		const senders, events = 8, 200
		var wg sync.WaitGroup
		accepted := make([]int, senders)
		for n := range senders {
			wg.Go(func() {
				for from := 0; from < events; from += 20 {
					var batch []profileapi.Event
					for i := from; i < from+20; i++ {
						batch = append(batch, profileapi.Event{
							EventID: fmt.Sprint(i), Type: "purchase", OrderID: fmt.Sprint("o", i/2), UserID: fmt.Sprint("u", i%7),
							ItemID: "x",
						})
					}
					answer, err := s.client.PostEvents(t.Context(), batch)
					if err != nil {
						t.Error(err)
						return
					}
					accepted[n] += answer.Accepted
				}
			})
		}
		wg.Wait()
		sum := 0
		for _, n := range accepted {
			sum += n
		}
		// Neighbouring events share an order but never a user, so each counts once.
		if all := readAll(t, s.client, profileapi.InteractionsQuery{}); sum != events || len(all) != events {
			t.Errorf("%d accepted, %d stored, want %d", sum, len(all), events)
		}
	})
}

func TestEventsAreListedByFilterAndPage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		var want []string
		for i := range 25 {
			e := view(fmt.Sprint("u", i%2), "tab", fmt.Sprint("i", i%5))
			e.EventID, e.Page, e.Properties = fmt.Sprint(i), "/p", map[string]any{"n": float64(i)}
			post(t, s.client, e)
			if i%2 == 1 && i%5 == 3 {
				want = append([]string{e.EventID}, want...)
			}
		}
		var got []string
		path := "/v1/events?user_id=u1&item_id=i3&limit=1"
		for {
			page := call[profileapi.Page[profileapi.StoredEvent]](t, s, http.MethodGet, path, nil)
			for _, e := range page.Items {
				if e.Page != "/p" || e.Properties["n"] == nil || e.UserID != "u1" || e.SessionID != "tab" {
					t.Errorf("event: %+v", e)
				}
				got = append(got, e.EventID)
			}
			if page.NextCursor == nil {
				break
			}
			path = "/v1/events?user_id=u1&item_id=i3&limit=1&cursor=" + *page.NextCursor
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		page := call[profileapi.Page[profileapi.StoredEvent]](t, s, http.MethodGet, "/v1/events?session_id=tab&order=asc&limit=3", nil)
		if len(page.Items) != 3 || page.Items[0].EventID != "0" {
			t.Errorf("by session: %+v", page)
		}
		if status, _ := send[apierror.Problem](t, s, "GET", "/v1/events?cursor=AAAA", "", ""); status != 400 {
			t.Errorf("a made-up cursor: %d", status)
		}
	})
}

// TestOtherNamesAreNoUnknownItems posts events that name items by id, by alias, by family and by nothing.
func TestOtherNamesAreNoUnknownItems(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		items := []profileapi.Item{{ItemID: "v1", Title: "Tee", ParentID: "tee", Aliases: []string{"sku-1"}}}
		if _, err := s.client.PutItems(t.Context(), items); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			names []string
			want  float64
		}{{[]string{"v1"}, 0}, {[]string{"sku-1", "tee", "none"}, .25}} {
			for _, name := range c.names {
				post(t, s.client, view("ann", "", name))
			}
			stats, err := s.client.EventStats(t.Context(), time.Now().Add(-time.Hour), time.Now())
			if err != nil || stats.UnknownItemShare != c.want {
				t.Errorf("%g of the lines name unknown items after %v, want %g: %v", stats.UnknownItemShare, c.names, c.want, err)
			}
		}
		// What took a look through the catalogue is kept for a minute.
		post(t, s.client, view("ann", "", "none"))
		stats, err := s.client.EventStats(t.Context(), time.Now().Add(-time.Hour), time.Now())
		if err != nil || stats.UnknownItemShare != .25 {
			t.Errorf("within the minute: %g, %v", stats.UnknownItemShare, err)
		}
	})
}
