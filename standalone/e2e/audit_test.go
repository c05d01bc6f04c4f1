package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestTheAuditLogSaysWhoDidWhat changes configuration, models, keys and persons, in one process and in three, and reads what the log makes
// of it.
func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	run := func(name string, deploy func(t *testing.T, keysFile string) *deployment) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "keys.json")
			north, south := keyOf(t, file, "north"), keyOf(t, file, "south")
			auditLog(t, deploy(t, file), file, north, south)
		})
	}
	run("one process", func(t *testing.T, file string) *deployment {
		return startStandalone(t, t.TempDir(), "--keys-file", file)
	})
	run("three processes", startThree)
}

// keyOf makes a key of a shop.
func keyOf(t *testing.T, file, shop string, flags ...string) string {
	t.Helper()
	out, err := exec.Command(
		filepath.Join(binaries, "aisle"), append([]string{"keys", "create", "--keys-file", file, "--shop", shop}, flags...)...,
	).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func auditLog(t *testing.T, d *deployment, file, north, south string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := d.connect(north)
	recommender := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address, Key: north})
	profiles := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[len(d.programs)-1].address, Key: north})
	read := func(q audit.Query) audit.Page {
		t.Helper()
		q.Limit = 500
		page, err := audit.Fetch(ctx, recommender, "/v1/audit", q)
		if err != nil || len(page.Missing) > 0 {
			t.Fatalf("the audit log: %v, missing %v", err, page.Missing)
		}
		return page
	}

	placement := recommenderapi.Scenario{ScenarioID: "mine", Sources: []recommenderapi.Source{{Kind: "popular", Weight: 1}}, Title: "First"}
	if _, err := c.recommender.PutScenario(ctx, placement, 0); err != nil {
		t.Fatal(err)
	}
	placement.Title = "Second"
	if _, err := c.recommender.PutScenario(ctx, placement, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.recommender.PutScenario(ctx, placement, 99); !apierror.Is(err, http.StatusPreconditionFailed) {
		t.Fatalf("a change of a version that is not there: %v", err)
	}
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}, BudgetSeconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.similarity.WaitForJob(ctx, job.JobID, nil) // without events it fails, which is an outcome as well
	const person = "somebody@shop.example"
	if _, err := c.profile.PostEvents(ctx, []profileapi.Event{{Type: "view_item", UserID: person, ItemID: "mug"}}); err != nil {
		t.Fatal(err)
	}
	if err := profiles.Call(ctx, http.MethodDelete, "/v1/users/"+person, url.Values{"mode": {"erase"}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	keyOf(t, file, "north", "--kind", "publishable", "--origin", "https://shop.example")

	scenarios := read(audit.Query{Action: "scenario"}).Items
	var outcomes []string
	for _, e := range scenarios {
		if e.ActorKind != "secret" || !strings.HasPrefix(e.Actor, "key_") || e.Subject != "mine" || e.RequestID == "" {
			t.Errorf("who did it: %+v", e)
		}
		outcomes = append(outcomes, e.Outcome)
	}
	if !slices.Equal(outcomes, []string{"version_mismatch", audit.Done, audit.Done}) {
		t.Fatalf("the outcomes are %v", outcomes)
	}
	titles := func(raw json.RawMessage) string {
		var s recommenderapi.Scenario
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Error(err)
			}
		}
		return s.Title
	}
	if before, after := titles(scenarios[1].Before), titles(scenarios[1].After); before != "First" || after != "Second" {
		t.Errorf("the second change was from %q to %q", before, after)
	}
	if titles(scenarios[2].Before) != "" || titles(scenarios[2].After) != "First" {
		t.Errorf("the first change was from %s to %s", scenarios[2].Before, scenarios[2].After)
	}

	eventually(t, ctx, "every action is there", func() error { // the keys file is read again within a second
		seen := map[string]bool{}
		for _, e := range read(audit.Query{}).Items {
			seen[e.Action] = true
			if strings.Contains(e.Subject, person) {
				t.Errorf("the log names an erased person: %+v", e)
			}
		}
		for _, action := range []string{"scenario.put", "job.start", "model.recompute", "person.erase", "key.create"} {
			if !seen[action] {
				return apierror.NotFound("action", action)
			}
		}
		return nil
	})
	if n := len(read(audit.Query{Subject: audit.Person("north", person)}).Items); n != 1 {
		t.Errorf("%d entries about the person, want 1", n)
	}
	eventually(t, ctx, "the pages have what the whole log has", func() error { // an entry may come between the two
		paged := 0
		for q := (audit.Query{Limit: 2}); ; {
			page, err := audit.Fetch(ctx, recommender, "/v1/audit", q)
			if err != nil {
				return err
			}
			paged += len(page.Items)
			if page.NextCursor == nil {
				break
			}
			q.Below = *page.NextCursor
		}
		if all := len(read(audit.Query{}).Items); paged != all {
			return fmt.Errorf("the pages have %d entries, the whole log %d", paged, all)
		}
		return nil
	})

	other := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address, Key: south})
	page, err := audit.Fetch(ctx, other, "/v1/audit", audit.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Items {
		if e.Action != "key.create" || strings.Contains(string(e.After), "north") {
			t.Errorf("another shop reads %+v", e)
		}
	}
	narrow := httpclient.New(httpclient.Options{
		BaseURL: "http://" + d.programs[0].address, Key: keyOf(t, file, "north", "--scope", "config:read"),
	})
	eventually(t, ctx, "a key without the scope is refused", func() error {
		if _, err := audit.Fetch(ctx, narrow, "/v1/audit", audit.Query{Limit: 1}); !apierror.Is(err, http.StatusForbidden) {
			return apierror.Conflict("answered", "the key reads the log")
		}
		return nil
	})
	out, err := exec.Command(
		filepath.Join(binaries, "aisle"), "audit", "--server", "http://"+d.programs[0].address, "--key", north, "--action", "scenario",
		"--format", "csv",
	).CombinedOutput()
	if err != nil || strings.Count(string(out), "scenario.put") != 3 || !strings.HasPrefix(string(out), "at,actor,") {
		t.Errorf("aisle audit: %v\n%s", err, out)
	}
}
