package service_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func call[T any](t *testing.T, s *running, method, path string, in any) T {
	t.Helper()
	var query url.Values
	if u, err := url.Parse(path); err == nil {
		query = u.Query()
		path = u.EscapedPath()
	}
	out, err := httpclient.JSON[T](t.Context(), s.http, method, path, query, in)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func view(user, session, item string) profileapi.Event {
	return profileapi.Event{Type: "view_item", UserID: user, SessionID: session, ItemID: item}
}

func ids(items []profileapi.ProfileItem) []string {
	out := []string{}
	for _, i := range items {
		out = append(out, i.ItemID)
	}
	return out
}

func TestMergeMovesASessionAndItsLateEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		at := wire.TimeOf(time.Now().Add(-time.Hour))
		order := profileapi.Event{EventID: "o", Type: "purchase", OrderID: "77", SessionID: "visit", ItemID: "lamp", OccurredAt: at}
		post(t, s.client, view("", "visit", "a"), view("ann", "", "b"), order)
		order.SessionID, order.UserID, order.EventID = "", "ann", "o2"
		post(t, s.client, order)
		merged := call[profileapi.Merged](t, s, http.MethodPost, "/v1/users/ann/merge", profileapi.Merge{SessionID: "visit"})
		if merged.UserID != "ann" || merged.MovedEvents != 1 {
			t.Errorf("got %+v, want the view moved and the order counted once", merged)
		}
		if again := call[profileapi.Merged](t, s, http.MethodPost, "/v1/users/ann/merge", profileapi.Merge{
			SessionID: "visit",
		}); again.MovedEvents != 0 {
			t.Errorf("a repeat moved %+v", again)
		}
		order.SessionID, order.UserID, order.EventID = "visit", "", "o"
		if answer := post(t, s.client, view("", "visit", "late"), order); answer.Duplicates != 1 {
			t.Errorf("a retry behind the merge: %+v", answer)
		}
		p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "ann"})
		if diff := cmp.Diff([]string{"late", "b", "a", "lamp"}, ids(p.Recent)); diff != "" {
			t.Error(diff)
		}
		if len(p.Purchased) != 1 || p.Purchased[0].Count != 1 {
			t.Errorf("purchased: %+v", p.Purchased)
		}
		p = profileOf(t, s.client, profileapi.ProfileQuery{SessionID: "visit"})
		if diff := cmp.Diff([]string{"late", "a"}, ids(p.Recent)); diff != "" {
			t.Error(diff)
		}
		for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{}) {
			if i.UserID != "ann" {
				t.Errorf("interaction of %+v", i)
			}
		}
		var problem error
		_, problem = httpclient.JSON[profileapi.Merged](
			t.Context(), s.http, http.MethodPost, "/v1/users/bob/merge", nil, profileapi.Merge{SessionID: "visit"},
		)
		if !apierror.Is(problem, http.StatusConflict) {
			t.Errorf("merging into a second user: %v", problem)
		}
		call[profileapi.Merged](t, s, http.MethodPost, "/v1/users/ann2/merge", profileapi.Merge{AnonymousID: "ann"})
		_, problem = httpclient.JSON[profileapi.Merged](
			t.Context(), s.http, http.MethodPost, "/v1/users/ann/merge", nil, profileapi.Merge{AnonymousID: "ann2"},
		)
		if !apierror.Is(problem, http.StatusConflict) {
			t.Errorf("a cycle: %v", problem)
		}
		_, problem = httpclient.JSON[profileapi.Merged](
			t.Context(), s.http, http.MethodPost, "/v1/users/carl/merge", nil, profileapi.Merge{AnonymousID: "carl"},
		)
		if !apierror.Is(problem, http.StatusUnprocessableEntity) || !strings.Contains(problem.Error(), "is the user himself") {
			t.Errorf("a user merged into himself: %v", problem)
		}
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "ann2"}); len(p.Recent) != 4 {
			t.Errorf("behind a second merge: %v", ids(p.Recent))
		}
	})
}

func TestWithheldConsentLeavesNoTrace(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		no, yes := false, true
		withheld := view("cid", "", "secret")
		withheld.Consent = &profileapi.Consent{Personalization: &no}
		post(t, s.client, view("cid", "", "before"), withheld)
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "cid"}); len(p.Recent) != 1 {
			t.Errorf("an event without consent shows: %v", ids(p.Recent))
		}
		call[profileapi.User](t, s, http.MethodPut, "/v1/users/cid", profileapi.User{
			Segments: []string{"vip"}, Consent: &profileapi.Consent{Personalization: &no},
		})
		post(t, s.client, view("cid", "", "during"))
		p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "cid"})
		if len(p.Recent)+len(p.Segments) != 0 || p.Consent.AllowsPersonalization() {
			t.Errorf("profile without consent: %+v", p)
		}
		if all := readAll(t, s.client, profileapi.InteractionsQuery{}); len(all) != 0 {
			t.Errorf("interactions without consent: %+v", all)
		}
		call[profileapi.User](t, s, http.MethodPatch, "/v1/users/cid", profileapi.User{Consent: &profileapi.Consent{Personalization: &yes}})
		if diff := cmp.Diff([]string{"before"}, ids(profileOf(t, s.client, profileapi.ProfileQuery{UserID: "cid"}).Recent)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEraseRemovesAPersonWholly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		kept := view("dan", "", "x")
		kept.EventID = "again"
		post(t, s.client, view("dan", "tab", "a"), view("", "anon", "b"), kept, view("eve", "", "c"))
		call[profileapi.User](t, s, http.MethodPut, "/v1/users/dan", profileapi.User{Locale: "en-GB"})
		call[profileapi.Merged](t, s, http.MethodPost, "/v1/users/dan/merge", profileapi.Merge{SessionID: "anon"})
		resp, err := s.http.Send(t.Context(), httpclient.Request{Method: http.MethodGet, Path: "/v1/users/dan/export"})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		kinds := map[string]int{}
		var last profileapi.ExportEntry
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			last = profileapi.ExportEntry{}
			if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
				t.Fatal(err)
			}
			kinds[last.Kind]++
		}
		if diff := cmp.Diff(map[string]int{"alias": 1, "user": 1, "event": 3, "end": 1}, kinds); diff != "" || last.Counts.Events != 3 {
			t.Errorf("export: %s, end %+v", diff, last)
		}
		receipt := call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/dan", nil)
		if want := (profileapi.ErasedRows{Users: 1, Events: 3, Aliases: 1}); receipt.Rows != want || receipt.ReceiptID == "" {
			t.Errorf("receipt: %+v", receipt)
		}
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "dan", SessionID: "anon"}); p.Known || len(p.Recent) != 0 {
			t.Errorf("profile of an erased user: %+v", p)
		}
		if all := readAll(t, s.client, profileapi.InteractionsQuery{}); len(all) != 1 || all[0].UserID != "eve" {
			t.Errorf("interactions: %+v", all)
		}
		if answer := post(t, s.client, kept); answer.Accepted != 1 {
			t.Errorf("an id of an erased user is still remembered: %+v", answer)
		}
		if receipt := call[profileapi.ErasureReceipt](
			t, s, http.MethodDelete, "/v1/users/nobody", nil,
		); receipt.Rows != (profileapi.ErasedRows{}) {
			t.Errorf("receipt of nobody: %+v", receipt)
		}
	})
}

func TestAnonymizeKeepsWhatModelsLearn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		post(t, s.client, view("fay", "s", "a"), view("fay", "s", "b"))
		receipt := call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/fay?mode=anonymize", nil)
		if receipt.Rows.Events != 2 || receipt.Mode != "anonymize" {
			t.Errorf("receipt: %+v", receipt)
		}
		all := readAll(t, s.client, profileapi.InteractionsQuery{})
		if len(all) != 2 || all[0].UserID != all[1].UserID || all[0].UserID == "fay" || all[0].SessionID != "" {
			t.Errorf("interactions: %+v", all)
		}
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "fay"}); p.Known {
			t.Errorf("profile: %+v", p)
		}
	})
}

func TestShopsNeverMeet(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		south := profileapi.NewClient(s.as("south"))
		same := view("u", "s", "i")
		same.EventID = "1"
		if a, b := post(t, s.client, same), post(t, south, same); a.Accepted != 1 || b.Accepted != 1 {
			t.Errorf("the same event id in two shops: %+v %+v", a, b)
		}
		if _, err := s.client.PutItems(t.Context(), []profileapi.Item{{ItemID: "i", Title: "North"}}); err != nil {
			t.Fatal(err)
		}
		page, err := south.ItemChanges(t.Context(), "", 10, 0)
		if err != nil || len(page.Changes) != 0 {
			t.Errorf("south sees %+v, %v", page, err)
		}
		call[profileapi.User](t, s, http.MethodPut, "/v1/users/u", profileapi.User{Locale: "en"})
		call[profileapi.Merged](t, s, http.MethodPost, "/v1/users/u/merge", profileapi.Merge{SessionID: "s"})
		call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/u", nil)
		if p := profileOf(t, south, profileapi.ProfileQuery{UserID: "u"}); len(p.Recent) != 1 || p.Locale != "" {
			t.Errorf("south's profile: %+v", p)
		}
		if all := readAll(t, s.client, profileapi.InteractionsQuery{}); len(all) != 0 {
			t.Errorf("north: %+v", all)
		}
		if all := readAll(t, south, profileapi.InteractionsQuery{}); len(all) != 1 {
			t.Errorf("south: %+v", all)
		}
	})
}

func TestPastProfileIsReproduced(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		post(t, s.client, view("gil", "", "a"), view("gil", "", "b"))
		before := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "gil"})
		backdated := view("gil", "", "c")
		backdated.OccurredAt = wire.TimeOf(time.Now().Add(-time.Hour))
		post(t, s.client, backdated, view("gil", "", "d"))
		after := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "gil", At: before.AsOf, Watermark: before.Watermark})
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
}
