package e2e

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/google/go-cmp/cmp"

	aisleclient "github.com/aisle-rec/aisle/sdk/go"
)

// clientsFolder is where the clients lie.
const clientsFolder = "../../sdk"

// TestTheClientsAreThoseOfTheDocument makes the clients again from the document that the program serves.
func TestTheClientsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	d := startStandalone(t, t.TempDir())
	out := t.TempDir()
	files := []string{"openapi.json", "go/api.go", "typescript/src/api.ts", "python/aisle/_api.py"}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(out, file)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(
		"go", "run", "./sdk/generate", "-api", "http://"+d.programs[0].address, "-out", out, "-samples", filepath.Join(out, "samples.json"),
	)
	cmd.Dir = "../.."
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, file := range files {
		want, err := os.ReadFile(filepath.Join(out, file))
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(filepath.Join(clientsFolder, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("sdk/%s is not what the API makes of it: run \"make sdk\"", file)
		}
	}
	have, haveErr := os.ReadFile(samplesFile)
	want, wantErr := os.ReadFile(filepath.Join(out, "samples.json"))
	if err := errors.Join(haveErr, wantErr); err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is not what the API makes of it: run \"make sdk\" (%v)", samplesFile, err)
	}
}

// TestTheClientsWork has the client of each language do what a shop does, against the running program.
func TestTheClientsWork(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	key := keyOf(t, file, "north")
	d := startStandalone(t, t.TempDir(), "--keys-file", file)
	address := "http://" + d.programs[0].address
	env := append(os.Environ(), "AISLE_URL="+address, "AISLE_API_KEY="+key)
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		goClient(t, address, key)
	})
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		python := interpreter(t, "python3", "-c", "import sys; assert sys.version_info >= (3, 11)")
		cmd := exec.Command(python, "-m", "unittest", "discover", "-v", "-s", "tests")
		cmd.Dir, cmd.Env = filepath.Join(clientsFolder, "python"), append(env, "PYTHONPATH=.", "PYTHONDONTWRITEBYTECODE=1")
		if said, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(said), "\nOK") {
			t.Errorf("%v: %s", err, said)
		}
	})
	t.Run("typescript", func(t *testing.T) {
		t.Parallel()
		node := interpreter(t, "node", "-e", "if (!globalThis.fetch) process.exit(1)")
		script := filepath.Join(t.TempDir(), "client.mjs")
		made := api.Build(api.BuildOptions{
			EntryPoints: []string{filepath.Join(clientsFolder, "typescript/test/client.ts")}, Bundle: true, Write: true, Outfile: script,
			Platform: api.PlatformNode, Format: api.FormatESModule,
		})
		if len(made.Errors) > 0 {
			t.Fatalf("%+v", made.Errors)
		}
		cmd := exec.Command(node, script)
		cmd.Env = env
		if said, err := cmd.CombinedOutput(); err != nil || string(said) != "all went well\n" {
			t.Errorf("%v: %s", err, said)
		}
	})
}

// interpreter finds an interpreter that passes a check of its version.
func interpreter(t *testing.T, name string, check ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		err = exec.Command(path, check...).Run()
	}
	if err != nil {
		t.Skipf("LEFT OUT: there is no %s that is new enough, %v; \"make test\" installs it where it may", name, err)
	}
	return path
}

func goClient(t *testing.T, address, key string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shop := aisleclient.New(address, aisleclient.WithKey(key))
	saved, err := shop.PutItems(ctx, []aisleclient.Item{
		{ItemID: "bowl/1", Title: "A bowl", Price: new(3.5), Currency: "EUR"}, {ItemID: "bowl/2"}, {ItemID: "bowl/3"},
	})
	if err != nil || len(saved.Results) != 3 || saved.Results[0].Status != "accepted" {
		t.Fatalf("%+v, %v", saved, err)
	}
	if posted, err := shop.PostEvents(ctx, []aisleclient.Event{{Type: "view_item", UserID: "gus", ItemID: "bowl/1"}}); err != nil ||
		posted.Accepted != 1 {
		t.Fatalf("%+v, %v", posted, err)
	}
	answer, err := shop.Recommend(ctx, aisleclient.Request{Scenario: "home.for_you", UserID: "gus", Limit: new(int64(3))})
	if err != nil || answer.RecommendationID == "" || len(answer.Items) == 0 || answer.Items[0].ItemID == "bowl/1" {
		t.Fatalf("%+v, %v", answer, err)
	}
	var bowls []string
	for page, err := range shop.ListItemsPages(ctx, aisleclient.ListItemsParams{Limit: new(int64(2))}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Items {
			if strings.HasPrefix(i.ItemID, "bowl/") {
				bowls = append(bowls, i.ItemID)
			}
		}
	}
	if diff := cmp.Diff([]string{"bowl/1", "bowl/2", "bowl/3"}, bowls); diff != "" {
		t.Error(diff)
	}
	_, err = shop.Recommend(ctx, aisleclient.Request{Scenario: "home.for_yu"})
	var p *aisleclient.Problem
	if !errors.As(err, &p) || p.Status != 404 || !strings.Contains(err.Error(), "/scenario") {
		t.Errorf("the error is %v", err)
	}
	rule, err := shop.PutRule(ctx, "go", aisleclient.Rule{
		Action: "hide", Where: &aisleclient.Condition{Field: "item_id", Value: "nothing"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.DeleteRule(ctx, "go", aisleclient.WithIfMatch(*rule.Version+7)); !errors.As(err, &p) || p.Status != 412 {
		t.Errorf("the error is %v", err)
	}
	if err := shop.DeleteRule(ctx, "go", aisleclient.WithIfMatch(*rule.Version)); err != nil {
		t.Error(err)
	}
	job, err := shop.StartImport(
		ctx, aisleclient.StartImportParams{Kind: "items", DryRun: new(true)}, strings.NewReader("item_id;title\npot;A pot\n"),
	)
	if err != nil || job.ImportID == "" {
		t.Errorf("%+v, %v", job, err)
	}
}
