package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

var databases = []string{"profile", "recommender", "similarity"}

// TestThePrivacyMap holds docs/privacy.md against the tables of a new installation, and looks for a person who was erased in all of them.
func TestThePrivacyMap(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const user, session = "person-of-the-map", "session-of-the-map-0001"
	dir := t.TempDir()
	d := startStandalone(t, dir)
	c := d.connect("")
	leaveTraces(t, ctx, c, user, session)
	found := map[string]bool{}
	for place := range placesOf(t, ctx, dir, user, session) {
		found[place] = true
	}
	for _, want := range []string{"profile.users", "profile.visitors", "recommender.decisions", "recommender.clicks"} {
		if !found[want] {
			t.Errorf("before the erasure %s has nothing of the person: the test looks in the wrong way; there is %v", want, found)
		}
	}
	api := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address})
	_, err := httpclient.JSON[recommenderapi.PersonErased](ctx, api, http.MethodDelete, "/v1/persons/"+user,
		url.Values{"mode": {"erase"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.programs[0].stop(syscall.SIGTERM)
	for place, row := range placesOf(t, ctx, dir, user, session) {
		t.Errorf("after the erasure %s has %s", place, row)
	}

	page, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, there []string
	for _, row := range regexp.MustCompile(`(?m)^\| (profile|recommender|similarity) \| ([^|]+) \|`).FindAllStringSubmatch(string(page),
		-1) {
		for _, name := range quoted.FindAllStringSubmatch(row[2], -1) {
			listed = append(listed, row[1]+"."+name[1])
		}
	}
	for _, database := range databases {
		db := opened(t, dir, database)
		for _, table := range texts(t, ctx, db, "select name from sqlite_master where type = 'table'") {
			there = append(there, database+"."+table)
		}
	}
	slices.Sort(listed)
	slices.Sort(there)
	if diff := cmp.Diff(there, listed); diff != "" {
		t.Errorf("the page lists other tables than there are (- there, + listed):\n%s", diff)
	}
}

// leaveTraces has a person be known, look at things under a session that becomes his, be recommended something and click on it.
func leaveTraces(t *testing.T, ctx context.Context, c clients, user, session string) {
	t.Helper()
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{{ItemID: "mug"}, {ItemID: "pot"}}); err != nil {
		t.Fatal(err)
	}
	if err := c.jobs.Call(ctx, http.MethodPut, "/v1/users/"+user, nil,
		map[string]any{"attributes": map[string]any{"city": "Bonn"}}, nil); err != nil {
		t.Fatal(err)
	}
	post(t, ctx, c, []profileapi.Event{
		{Type: "view_item", SessionID: session, ItemID: "mug"},
		{Type: "purchase", UserID: user, SessionID: session, OrderID: "o-1", Items: []profileapi.EventItem{{ItemID: "pot"}}},
	})
	if err := c.jobs.Call(ctx, http.MethodPost, "/v1/users/"+user+"/merge", nil, profileapi.Merge{SessionID: session}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "a list, a click and both stored", func() error {
		a, err := c.recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.trending", UserID: user})
		if err != nil || len(a.Items) == 0 {
			return fmt.Errorf("%d items, %w", len(a.Items), err)
		}
		post(t, ctx, c, []profileapi.Event{
			{Type: "select_item", UserID: user, ItemID: a.Items[0].ItemID, RecommendationID: a.RecommendationID},
		})
		resp, err := c.jobs.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: "/v1/persons/" + user + "/export"})
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var export strings.Builder
		if err := resp.Write(&export); err != nil {
			return err
		}
		if !strings.Contains(export.String(), `"kind":"decision"`) || !strings.Contains(export.String(), `"kind":"click"`) {
			return fmt.Errorf("the export is %s", export.String())
		}
		return nil
	})
}

// placesOf returns the tables that have one of the texts in any column, with a row.
func placesOf(t *testing.T, ctx context.Context, dir string, sought ...string) map[string]string {
	t.Helper()
	places := map[string]string{}
	for _, database := range databases {
		db := opened(t, dir, database)
		for _, table := range texts(t, ctx, db, "select name from sqlite_master where type = 'table'") {
			var columns []string
			for _, column := range texts(t, ctx, db, "select name from pragma_table_info('"+table+"')") {
				columns = append(columns, "coalesce(cast("+column+" as text), '')")
			}
			for _, row := range texts(t, ctx, db, "select "+strings.Join(columns, " || ' ' || ")+" from "+table) {
				for _, text := range sought {
					if strings.Contains(row, text) {
						places[database+"."+table] = row
					}
				}
			}
		}
	}
	return places
}

func opened(t *testing.T, dir, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, database+".db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func texts(t *testing.T, ctx context.Context, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
