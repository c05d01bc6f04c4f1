package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// oneAddress are the forms of Aisle that a shop reaches at one address, by name: what a shop does must not tell them apart.
var oneAddress = map[string]func(t *testing.T, keysFile string) *program{
	"standalone": func(t *testing.T, keysFile string) *program {
		var args []string
		if keysFile != "" {
			args = []string{"--keys-file", keysFile}
		}
		return startStandalone(t, t.TempDir(), args...).programs[0]
	},
	"three processes behind a gateway": func(t *testing.T, keysFile string) *program { return startBehindGateway(t, keysFile).programs[0] },
}

// startBehindGateway runs the three services on Postgres and Redis, and a gateway before them, which is the first of the programs.
func startBehindGateway(t *testing.T, keysFile string) *deployment {
	t.Helper()
	settings := append(threeSettings(keysFile), ownDatabases(t)...)
	return startBehindGatewayOn(
		t, append(settings, "AISLE_TRUSTED_PROXIES=127.0.0.1", "AISLE_REDIS_URL="+testenv.Redis(t), "AISLE_BLOB_URL=file://"+t.TempDir()),
	)
}

func startBehindGatewayOn(t *testing.T, settings []string) *deployment {
	t.Helper()
	three := startThreeOn(t, settings)
	recommender, similarity, profile := three.programs[0], three.programs[1], three.programs[2]
	p := startGateway(t, []*program{profile}, []*program{similarity}, []*program{recommender})
	awaitGateway(t, p)
	return &deployment{
		programs: append([]*program{p}, three.programs...),
		connect:  func(key string) clients { return connectTo(p, key) },
		restart:  func(t *testing.T) *deployment { return startBehindGatewayOn(t, settings) },
	}
}

// startGateway runs a gateway before replicas of the services.
func startGateway(t *testing.T, profile, similarity, recommender []*program) *program {
	t.Helper()
	addresses := func(replicas []*program) string {
		var all []string
		for _, p := range replicas {
			all = append(all, "http://"+p.address)
		}
		return strings.Join(all, ",")
	}
	return start(t, nil, "aisle", "gateway", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--profile-url",
		addresses(profile),
		"--similarity-url", addresses(similarity), "--recommender-url", addresses(recommender))
}

// awaitGateway waits until a gateway knows all services.
func awaitGateway(t *testing.T, p *program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, "the gateway knows all services", func() error {
		_, err := gatewayDocument(ctx, p)
		return err
	})
}

func gatewayDocument(ctx context.Context, p *program) ([]byte, error) {
	c := httpclient.New(httpclient.Options{BaseURL: "http://" + p.address})
	return httpclient.JSON[json.RawMessage](ctx, c, http.MethodGet, "/openapi.json", nil, nil)
}

// TestOneAddress finds behind a gateway what the one binary has: the same document, page script, console and refusals.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	keyOf(t, file, "north")
	fetched := func(t *testing.T, p *program, path string) (status int, kind, body string) {
		t.Helper()
		resp, err := http.Get("http://" + p.address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Content-Type"), string(data)
	}
	one, three := oneAddress["standalone"](t, file), oneAddress["three processes behind a gateway"](t, file)
	for _, path := range []string{
		"/openapi.json", "/aisle/1/aisle.js", "/console/sign-in", "/reference", "/docs/quickstart", "/llms.txt", "/v1/nothing", "/v1/items",
		"/v1/audit/people", "/v1/audit", "/v1/models/live", "/v1/recommendations/a%2Fb",
	} {
		status, kind, body := fetched(t, one, path)
		gotStatus, gotKind, gotBody := fetched(t, three, path)
		if gotStatus != status || gotKind != kind || path != "/console/sign-in" && withoutRequestID(body) != withoutRequestID(gotBody) {
			t.Errorf(
				"%s: behind a gateway %d %s %.300s, of the one binary %d %s %.300s", path, gotStatus, gotKind, gotBody, status, kind, body,
			)
		}
	}
	released, err := os.ReadFile("../../sdk/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, got struct{ Paths map[string]map[string]any }
	_, _, document := fetched(t, three, "/openapi.json")
	if err := json.Unmarshal(released, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(document), &got); err != nil {
		t.Fatal(err)
	}
	for path, operations := range want.Paths { // every operation reaches a service that has it
		for method := range operations {
			r, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), "http://"+three.address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			// events may come with a key in the body
			had := resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusBadRequest
			if !had || got.Paths[path][method] == nil {
				t.Errorf("%s %s without a key: %s; in the document: %t", method, path, resp.Status, got.Paths[path][method] != nil)
			}
		}
	}
}

// withoutRequestID is a body without the part of a problem that is new each time.
func withoutRequestID(body string) string {
	var p map[string]any
	if json.Unmarshal([]byte(body), &p) != nil {
		return body
	}
	delete(p, "request_id")
	text, _ := json.Marshal(p)
	return string(text)
}
