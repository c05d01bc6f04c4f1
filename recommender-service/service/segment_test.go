package service_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// members gives the shop 40 people, every third of whom reads the newsletter, and returns those. The profile of the last is answered once
// stuck is closed, if it is given.
func members(s *running, stuck chan struct{}) []string {
	var list []string
	s.world.edit("north", func(d *shopData) {
		for n := range 40 {
			u := profileapi.User{UserID: fmt.Sprintf("person %02d", n), Segments: []string{"all"}}
			if n%3 == 0 {
				u.Segments = append(u.Segments, "newsletter")
				list = append(list, u.UserID)
			}
			d.users = append(d.users, u)
		}
		d.did(list[0], "view_item", "i003")
		if stuck != nil {
			d.stuck = map[string]chan struct{}{list[len(list)-1]: stuck}
		}
	})
	return list
}

// result opens the file of an export.
func (r *running) result(t *testing.T, id string) (*http.Response, error) {
	t.Helper()
	resp, err := r.http.Send(t.Context(), httpclient.Request{Method: http.MethodGet, Path: "/v1/exports/" + id + "/result"})
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

// export starts an export and returns its state at once.
func (r *running) export(t *testing.T, req api.ExportRequest) api.Export {
	t.Helper()
	var e api.Export
	header, err := r.call(t, http.MethodPost, "/v1/exports", nil, req, &e)
	if err != nil || header.Get("Location") != "/v1/exports/"+e.ExportID {
		t.Fatalf("start: %v, at %q", err, header.Get("Location"))
	}
	return e
}

func TestAnExportForASegmentHasItsPeopleAndNobodyElse(t *testing.T) {
	t.Parallel()
	s := north(t)
	want := members(s, nil)
	request := api.ExportRequest{Scenario: "email.for_you", Segment: "newsletter", Limit: 2, Fields: []string{"title"}}
	done := func(format string) *http.Response {
		request.Format = format
		e := poll(t, s, "/v1/exports/"+s.export(t, request).ExportID, func(e api.Export) bool { return e.State == api.ExportDone })
		if e.Done != len(want) || e.Total != len(want) || e.FinishedAt.IsZero() {
			t.Errorf("%s: %+v", format, e)
		}
		resp, err := s.result(t, e.ExportID)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}

	resp := done("ndjson")
	var got []string
	scanner := bufio.NewScanner(resp.Body)
	for scanner.Scan() {
		var line api.ExportLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil || len(line.Items) != 2 || line.RecommendationID == "" {
			t.Errorf("%s: %v", scanner.Text(), err)
		}
		if line.UserID == want[0] && (line.Items[0].ItemID != "i004" || line.Items[0].Fields.Get("title") != "Lamp i004") {
			t.Errorf("who viewed i003 gets %+v", line.Items)
		}
		got = append(got, line.UserID)
	}
	if diff := cmp.Diff(want, got); diff != "" || resp.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Error(diff, resp.Header)
	}

	resp = done("csv")
	rows, err := csv.NewReader(resp.Body).ReadAll()
	if err != nil || len(rows) != 1+2*len(want) ||
		strings.Join(rows[0], " ") != "user_id recommendation_id position item_id score tier title" {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	got = nil
	for _, row := range rows[1:] {
		got = append(got, row[0])
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/csv") {
		t.Error(diff, resp.Header)
	}
	if rows[1][3] != "i004" || rows[1][6] != "Lamp i004" {
		t.Errorf("who viewed i003 gets %v", rows[1])
	}
}

func TestAnExportForAnEmptySegmentIsEmpty(t *testing.T) {
	t.Parallel()
	s := north(t)
	members(s, nil)
	e := poll(
		t, s, "/v1/exports/"+s.export(t, api.ExportRequest{Scenario: "email.for_you", Segment: "nobody"}).ExportID,
		func(e api.Export) bool { return e.State == api.ExportDone },
	)
	resp, err := s.result(t, e.ExportID)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(resp.Body); err != nil || len(data) > 0 || e.Done != 0 {
		t.Errorf("%q, %v, %+v", data, err, e)
	}
}

func TestAnExportShowsItsProgressAndCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := north(t)
	stuck := make(chan struct{})
	defer close(stuck)
	people := members(s, stuck)
	// Nobody behind the person whose profile does not come can be written, so the export is under way until it is cancelled.
	e := s.export(t, api.ExportRequest{Scenario: "email.for_you", UserIDs: append(slices.Clone(people), people...)})
	running := poll(t, s, "/v1/exports/"+e.ExportID, func(e api.Export) bool { return e.Done > 0 })
	if running.State != api.ExportRunning || running.Done >= len(people) || running.Total != 2*len(people) {
		t.Errorf("under way: %+v", running)
	}
	if _, err := s.result(t, e.ExportID); !apierror.Is(err, http.StatusConflict) {
		t.Errorf("the result of an export under way: %v", err)
	}
	if _, err := s.call(t, http.MethodPost, "/v1/exports/"+e.ExportID+"/cancel", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	ended := poll(t, s, "/v1/exports/"+e.ExportID, func(e api.Export) bool { return e.State != api.ExportRunning })
	if ended.State != api.ExportCancelled || ended.FinishedAt.IsZero() || ended.Done >= ended.Total {
		t.Errorf("cancelled: %+v", ended)
	}
	if _, err := s.result(t, e.ExportID); !apierror.Is(err, http.StatusConflict) {
		t.Errorf("the result of a cancelled export: %v", err)
	}
}

func TestAnExportThatIsGoneSaysHowLongOneIsKept(t *testing.T) {
	t.Parallel()
	s := north(t)
	const gone = "/v1/exports/6f1c1f0e-9a54-4a52-8f2b-0f0f0f0f0f0f"
	for method, path := range map[string]string{http.MethodGet: gone, http.MethodPost: gone + "/cancel"} {
		_, err := s.call(t, method, path, nil, nil, nil)
		if !apierror.Is(err, http.StatusNotFound) || !strings.Contains(err.Error(), "kept for a day") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := s.result(t, "6f1c1f0e-9a54-4a52-8f2b-0f0f0f0f0f0f"); !apierror.Is(err, http.StatusNotFound) ||
		!strings.Contains(err.Error(), "kept for a day") {
		t.Errorf("the result: %v", err)
	}
}
