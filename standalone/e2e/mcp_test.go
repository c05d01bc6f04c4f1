package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// withKey sends a key along.
type withKey string

func (k withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(k))
	return http.DefaultTransport.RoundTrip(r)
}

// TestAnAssistantUsesTheShop connects the library's own client to the program, over both ways in.
func TestAnAssistantUsesTheShop(t *testing.T) {
	t.Parallel()
	for form, open := range oneAddress {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			assistantOf(t, open)
		})
	}
}

func assistantOf(t *testing.T, open func(t *testing.T, keysFile string) *program) {
	file := filepath.Join(t.TempDir(), "keys.json")
	secret := keyOf(t, file, "north")
	publishable := keyOf(t, file, "north", "--kind", "publishable", "--origin", "https://shop.example")
	p := open(t, file)
	address := "http://" + p.address
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := connectTo(p, secret)
	items := []profileapi.Item{
		{ItemID: "mug", Title: "Blue mug", Price: new(7.5), Currency: "EUR"},
		{ItemID: "pot", Title: "Tea pot", Price: new(20.), Currency: "EUR"},
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	if _, err := c.profile.PostEvents(ctx, []profileapi.Event{{Type: "purchase", UserID: "ann", ItemID: "pot", OrderID: "1"}}); err != nil {
		t.Fatal(err)
	}
	for name, transport := range map[string]mcp.Transport{
		"standard input": &mcp.CommandTransport{
			Command: exec.Command(filepath.Join(binaries, "aisle"), "mcp", "--server", address, "--key", secret),
		},
		"http": &mcp.StreamableClientTransport{
			Endpoint: address + "/mcp", HTTPClient: &http.Client{Transport: withKey(secret)}, DisableStandaloneSSE: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			assistant(t, ctx, transport)
		})
	}
	t.Run("keys are those of the API", func(t *testing.T) {
		for key, want := range map[string]string{"": "Send a key", "sk_wrong": "not known", publishable: "lacks the scope"} {
			session := connected(t, ctx, &mcp.StreamableClientTransport{
				Endpoint: address + "/mcp", HTTPClient: &http.Client{Transport: withKey(key)}, DisableStandaloneSSE: true,
			})
			result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "placement_report"})
			if err != nil || !result.IsError || !strings.Contains(said(result), want) {
				t.Errorf("with the key %q: %s, %v", key, said(result), err)
			}
		}
	})
}

func connected(t *testing.T, ctx context.Context, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func said(r *mcp.CallToolResult) string {
	if r == nil {
		return ""
	}
	out := ""
	for _, c := range r.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			out += text.Text
		}
	}
	return out
}

// assistant asks every tool.
func assistant(t *testing.T, ctx context.Context, transport mcp.Transport) {
	session := connected(t, ctx, transport)
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools.Tools {
		if !tool.Annotations.ReadOnlyHint || tool.Description == "" {
			t.Errorf("the tool %s does not say that it changes nothing, or what it is for", tool.Name)
		}
	}
	ask := func(tool string, arguments map[string]any) map[string]any {
		t.Helper()
		result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil || result.IsError {
			t.Fatalf("%s: %s, %v", tool, said(result), err)
		}
		data, err := json.Marshal(result.StructuredContent)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	ids := func(answer map[string]any) []string {
		var out []string
		for _, i := range answer["items"].([]any) {
			out = append(out, i.(map[string]any)["item_id"].(string))
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff([]string{"mug"}, ids(ask("search_items", map[string]any{"words": "blue"}))); diff != "" {
		t.Error(diff)
	}
	if title := ask("get_item", map[string]any{"item_id": "pot"})["title"]; title != "Tea pot" {
		t.Errorf("the item is called %v", title)
	}
	shown := ask("recommend", map[string]any{"placement": "home.for_you", "user_id": "ann"})
	if diff := cmp.Diff([]string{"mug"}, ids(shown)); diff != "" {
		t.Error(diff)
	}
	if first := shown["items"].([]any)[0].(map[string]any); first["price"] != 7.5 || first["title"] != "Blue mug" {
		t.Errorf("shown is %v", first)
	}
	if why := ask("why", map[string]any{"placement": "home.for_you", "user_id": "ann", "item_id": "pot"}); why["included"] != false ||
		why["stage"] != "seen" && why["stage"] != "purchased" {
		t.Errorf("what was bought is not shown because of %v", why)
	}
	ask("similar_items", map[string]any{"item_id": "mug"})
	ask("bought_together", map[string]any{"item_ids": []string{"mug"}})
	if all := ask("list_placements", nil)["placements"].([]any); len(all) < 10 {
		t.Errorf("%d placements", len(all))
	}
	ask("models", nil)
	for _, row := range ask("placement_report", map[string]any{"days": 2})["scenarios"].([]any) {
		if row.(map[string]any)["requests"] != 0. {
			t.Errorf("what an assistant asked is counted: %v", row)
		}
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "recommend", Arguments: map[string]any{"placement": "home.for_yu"}})
	if err != nil || !result.IsError || !strings.Contains(said(result), "Was home.for_you meant") {
		t.Errorf("a wrong placement: %s, %v", said(result), err)
	}
}
