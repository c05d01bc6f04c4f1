package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestQuickStart runs the commands of docs/quickstart.md as they stand, on exports as a shop has them, and then does what the page there
// does.
func TestQuickStart(t *testing.T) {
	t.Parallel()
	for form, open := range oneAddress {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			quickStart(t, open)
		})
	}
}

func quickStart(t *testing.T, open func(t *testing.T, keysFile string) *program) {
	dir := t.TempDir()
	keys := quickStartCommands(t, dir, "AISLE_SERVER=http://"+open(t, "").address)
	page(t, open(t, filepath.Join(dir, "keys.json")).address, keys[0], keys[1])
}

// quickStartCommands runs the commands of docs/quickstart.md in an empty folder, but for those that build and start it, against the server
// that the settings name. It returns the two keys that they make, which are in keys.json there.
func quickStartCommands(t *testing.T, dir string, settings ...string) (keys []string) {
	t.Helper()
	guide, err := os.ReadFile("../../docs/quickstart.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binaries, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	more := "tee,Plain Tee,<p>Cotton</p>,Ora,Tops,,true,Size,M,TEE-M,shopify,9,deny,20.00,,active\n" +
		"cap,Cap,<p>Cap</p>,Ora,Hats,,true,Title,Default Title,CAP-1,shopify,5,deny,15.00,,active\n"
	view := fmt.Sprintf(
		`{"type":"view_item","user_id":"c3@example.com","item_id":"TEE-M","occurred_at":%d}`, time.Now().Add(-time.Hour).UnixMilli(),
	)
	for name, text := range map[string]string{
		"products_export.csv": shopifyProducts() + more, "orders_export.csv": shopifyOrders(time.Now()), "events.ndjson": view + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blocks := shellBlock.FindAllStringSubmatch(string(guide), -1)
	for _, b := range blocks {
		for line := range strings.Lines(b[1]) {
			if strings.HasPrefix(line, "make ") || strings.HasPrefix(line, "bin/aisle serve ") {
				continue // it runs already
			}
			if strings.HasPrefix(line, "bin/aisle recompute") {
				line = strings.TrimSpace(line) + " --search-seconds 1\n"
			}
			cmd := exec.Command("bash", "-euo", "pipefail", "-c", line)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), settings...)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			if strings.Contains(line, "keys create") {
				keys = append(keys, strings.TrimSpace(string(out)))
			}
		}
	}
	if len(blocks) < 4 || len(keys) != 2 {
		t.Fatalf("%d blocks of commands, %d keys", len(blocks), len(keys))
	}
	return keys
}

// page does with a publishable key what the script of the quick start does, after a server has brought in an item with its secret one.
func page(t *testing.T, address, secret, publishable string) {
	t.Helper()
	call := func(key, contentType, path, body string) map[string]any {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Origin", "https://shop.example")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, data)
		}
		if key != secret && resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
			t.Errorf("%s: a browser would not give the answer to the page", path)
		}
		var answer map[string]any
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	const session = "1f0e9a3c-6f6e-4c55-9a53-3f2f7f0c2c11"
	call(secret, "application/json", "/v1/items/batch", `[{"item_id":"TEE-M","title":"Tee"},{"item_id":"CAP-1","title":"Cap"}]`)
	call(publishable, "application/json", "/v1/events", `{"type":"view_item","session_id":"`+session+`","item_id":"TEE-M"}`)
	answer := call(
		publishable, "application/json", "/v1/recommendations",
		`{"scenario":"home.for_you","session_id":"`+session+`","limit":6,"fields":["title","price","url","image_url"],"deadline_ms":5000}`,
	)
	id, _ := answer["recommendation_id"].(string)
	if id == "" {
		t.Fatalf("%v", answer)
	}
	beacon := `{"key":"` + publishable + `","events":[{"type":"select_item","session_id":"` + session +
		`","item_id":"CAP-1","recommendation_id":"` + id + `"}]}`
	if got := call("", "text/plain;charset=UTF-8", "/v1/events", beacon); got["accepted"] != 1.0 {
		t.Errorf("the beacon: %v", got)
	}
}
