package service_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// exported starts an export, waits for it and returns its file.
func (r *running) exported(t *testing.T, req api.ExportRequest) io.Reader {
	t.Helper()
	var e api.Export
	if _, err := r.call(t, http.MethodPost, "/v1/exports", nil, req, &e); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(30 * time.Second); e.State != api.ExportDone; {
		if _, err := r.call(t, http.MethodGet, "/v1/exports/"+e.ExportID, nil, nil, &e); err != nil {
			t.Fatal(err)
		}
		select {
		case <-deadline:
			t.Fatalf("waited in vain: %+v", e)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if e.Done != len(req.UserIDs) {
		t.Errorf("%d of %d people", e.Done, len(req.UserIDs))
	}
	resp, err := r.http.Send(t.Context(), httpclient.Request{Method: http.MethodGet, Path: "/v1/exports/" + e.ExportID + "/result"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if err := r.as("south").Call(
		t.Context(), http.MethodGet, "/v1/exports/"+e.ExportID, nil, nil, nil,
	); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("another shop's export: %v", err)
	}
	return resp.Body
}

func TestExportsWriteALinePerPerson(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	people := []string{"ann", "bob", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "u10", "u11", "u12"}
	scanner := bufio.NewScanner(s.exported(t, api.ExportRequest{Scenario: "email.for_you", UserIDs: people, Limit: 2}))
	for n := 0; scanner.Scan(); n++ {
		var line api.ExportLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil || line.UserID != people[n] || len(line.Items) != 2 {
			t.Errorf("line %d: %+v, %v", n, line, err)
		}
		if n == 0 && line.Items[0].ItemID != "i004" {
			t.Errorf("ann's first item is %s", line.Items[0].ItemID)
		}
	}
	rows, err := csv.NewReader(s.exported(t, api.ExportRequest{
		Scenario: "email.for_you", UserIDs: people, Limit: 2, Fields: []string{"title", "price"}, Format: "csv",
	})).ReadAll()
	if err != nil || len(rows) != 1+2*len(people) || rows[1][6] != "Lamp i004" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestACellOfAnExportIsNoFormula(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("north", func(d *shopData) {
		lamps(d, 20)
		price := 3.0
		d.put(profileapi.Item{
			ItemID: "=item", Title: "\tcmd", Brand: "+b", Price: &price, Attributes: map[string]any{"change": -5.0, "text": "-5"},
		})
		d.list("similar", "i003", similarityapi.Neighbour{ItemID: "=item", Score: 1})
		d.did("@ann", "view_item", "i003")
	})
	s := start(t, w, testenv.SQLite(t))
	s.await(
		t, api.Request{Scenario: "email.for_you", UserID: "@ann"},
		func(a api.Answer) bool { return len(a.Items) > 0 && a.Items[0].ItemID == "=item" },
	)
	rows, err := csv.NewReader(s.exported(t, api.ExportRequest{
		Scenario: "email.for_you", UserIDs: []string{"@ann"}, Limit: 1, Format: "csv",
		Fields: []string{"title", "brand", "price", "attributes.change", "attributes.text"},
	})).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	row := rows[1]
	if _, err := strconv.ParseFloat(row[4], 64); err != nil {
		t.Errorf("the score is no number: %v", err)
	}
	got := []string{row[0], row[3], row[6], row[7], row[8], row[9], row[10]}
	if diff := cmp.Diff([]string{"'@ann", "'=item", "'\tcmd", "'+b", "3", "-5", "'-5"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRowsHaveTheirReasonsAndRepeatNothing(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "i003")
		d.did("ann", "purchase", "i050")
	})
	sc := api.Scenario{Limit: 10, Seen: "exclude", Rows: []api.RowPlan{
		{Kind: "because_you_bought", Title: "Because you bought %s"}, {Kind: "because_you_viewed"}, {Kind: "categories_for_you"},
		{Kind: "brands_for_you"}, {Kind: "scenario", Scenario: "home.trending"},
	}}
	if _, err := s.call(t, http.MethodPut, "/v1/scenarios/home.page", nil, sc, nil); err != nil {
		t.Fatal(err)
	}
	a := s.recommend(t, api.Request{Scenario: "home.page", UserID: "ann"})
	// of categories and brands liked as much the first by name
	want := []string{"Because you bought Lamp i050", "Lamp i003", "C2", "B0", "Trending"}
	seen := map[string]bool{}
	for n, row := range a.Rows {
		if len(a.Rows) != len(want) || row.Title != want[n] || len(row.Items) != 10 {
			t.Fatalf("row %d: %q with %d items", n, row.Title, len(row.Items))
		}
		for _, item := range row.Items {
			if seen[item.ItemID] {
				t.Errorf("%s is in two rows", item.ItemID)
			}
			seen[item.ItemID] = true
		}
	}
	if len(a.Rows) == 0 {
		t.Error("no rows")
	}
}
