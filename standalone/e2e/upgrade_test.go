package e2e

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestTheDataOfTheFirstVersionIsServed opens the data folder that the first version left: everything in it is there, its model serves, and
// work goes on. testdata/upgrade/README.md says what is in it.
func TestTheDataOfTheFirstVersionIsServed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	parent := t.TempDir()
	unpack(t, "testdata/upgrade/first-version.tar.gz", parent)
	d := startStandalone(t, filepath.Join(parent, "data"), "--retention-days", "36500")
	for range 2 { // the second time the folder is that of this version
		firstVersion(t, ctx, d.connect(""))
		if t.Failed() {
			return
		}
		d.programs[0].stop(syscall.SIGTERM)
		d = d.restart(t)
	}
	c := d.connect("")
	again := []profileapi.Event{{EventID: "first-7-0", Type: "view_item", UserID: "user 7", ItemID: "chair/01"}, {
		EventID: "of-this-version", Type: "view_item", UserID: "user 7", ItemID: "chair/01",
	}}
	if answer, err := c.profile.PostEvents(ctx, again); err != nil || answer.Accepted != 1 || answer.Duplicates != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: .2})
	if err == nil {
		job, err = c.similarity.WaitForJob(ctx, job.JobID, func(similarityapi.Job) {})
	}
	if err != nil || job.State != similarityapi.JobSucceeded {
		t.Errorf("a recompute: %+v, %v", job, err)
	}
}

// firstVersion holds a deployment against what the first version stored.
func firstVersion(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	ids, err := storedIDs(ctx, c.profile)
	if err != nil {
		t.Fatal(err)
	}
	for user := range 120 {
		for n := range 8 {
			if id := fmt.Sprintf("first-%d-%d", user, n); ids[id] != 1 {
				t.Fatalf("event %s is there %d times", id, ids[id])
			}
		}
	}
	changes, err := c.profile.ItemChanges(ctx, "", 1000, 0)
	if err != nil || len(changes.Changes) != 2*groupItems || changes.Changes[0].Item.Title == "" || *changes.Changes[0].Item.Price < 10 {
		t.Errorf("the catalogue is %+v, %v", changes, err)
	}
	users, err := c.profile.Users(ctx, "", 10)
	if err != nil || len(users.Items) != 1 || users.Items[0].Attributes["city"] != "Graz" || users.Items[0].Segments[0] != "gold" {
		t.Errorf("users are %+v, %v", users, err)
	}
	live, err := c.similarity.Live(ctx)
	if err != nil || live.Live["similar"] != "similar-20261129T131224.099-8c94" || len(live.Degraded) > 0 {
		t.Errorf("live is %+v, %v", live, err)
	}
	schedules, err := httpclient.JSON[profileapi.Page[similarityapi.Schedule]](ctx, c.jobs, http.MethodGet, "/v1/schedules", nil, nil)
	if err != nil || len(schedules.Items) != 1 || schedules.Items[0].Cron != "0 3 * * *" {
		t.Errorf("schedules are %+v, %v", schedules, err)
	}
	scenarios, err := c.recommender.Scenarios(ctx)
	for _, s := range scenarios {
		if s.ScenarioID == "home.for_you" && s.Limit != 7 {
			t.Errorf("the limit of home.for_you is %d", s.Limit)
		}
	}
	if err != nil || len(scenarios) == 0 {
		t.Errorf("%d scenarios, %v", len(scenarios), err)
	}
	eventually(t, ctx, "answers are whole and personal", func() error {
		answer, err := c.recommender.Recommend(ctx, recommenderapi.Request{
			Scenario: "home.for_you", UserID: "user 2", DeadlineMS: 5000, Test: true,
		})
		if err != nil {
			return err
		}
		if len(answer.Items) != 7 || len(answer.Degraded) > 0 || answer.Items[0].Tier != "personal" ||
			!strings.HasPrefix(answer.Items[0].ItemID, "lamp") {
			return fmt.Errorf("%+v", answer)
		}
		return nil
	})
}

// unpack writes the files of a gzipped tar archive.
func unpack(t *testing.T, archive, folder string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(zipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		path := filepath.Join(folder, h.Name)
		if err == nil && h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else if err == nil {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
