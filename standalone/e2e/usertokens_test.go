package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// codeBlock finds the examples of a guide.
var codeBlock = regexp.MustCompile("(?s)```(python|js|php|ruby|go)\n(.*?)```")

// keysCommand runs "aisle keys" on a file and returns what it printed.
func keysCommand(t *testing.T, file string, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "aisle"), append([]string{"keys", "--keys-file", file}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aisle keys %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// TestUserTokensOfEveryLanguage signs tokens with the command line and with the examples of docs/security.md, as far as their languages are
// installed, and shows them to a server.
func TestUserTokensOfEveryLanguage(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	page := keysCommand(t, keys, "create", "--kind", "publishable", "--origin", "https://shop.example", "--rate", "1000")
	secret := keysCommand(t, keys, "create-user-secret")
	private := filepath.Join(t.TempDir(), "private.pem")
	writeFile(t, private, keysCommand(t, keys, "create-user-secret", "--algorithm", "EdDSA"))

	tokens := map[string]string{
		"the command line":        keysCommand(t, keys, "user-token", "--user", "c3@example.com"),
		"the command line, EdDSA": keysCommand(t, keys, "user-token", "--user", "c3@example.com", "--private-key", private),
	}
	blocks := codeBlock.FindAllStringSubmatch(string(guide), -1)
	if len(blocks) != 5 {
		t.Fatalf("%d examples, want 5", len(blocks))
	}
	for _, b := range blocks {
		file := filepath.Join(t.TempDir(), "example."+b[1])
		writeFile(t, file, b[2])
		run := map[string][]string{"python": {"python3"}, "js": {"node"}, "php": {"php"}, "ruby": {"ruby"}, "go": {"go", "run"}}[b[1]]
		if _, err := exec.LookPath(run[0]); err != nil {
			continue
		}
		cmd := exec.Command(run[0], append(run[1:], file)...)
		if b[1] == "js" {
			cmd.Args = []string{"node", "-e", b[2]}
		}
		cmd.Env = append(os.Environ(), "AISLE_USER_SECRET="+secret, "GOWORK=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", b[1], err)
		}
		tokens[b[1]] = strings.TrimSpace(string(out))
	}

	address := startStandalone(t, t.TempDir(), "--keys-file", keys).programs[0].address
	view := []profileapi.Event{{Type: "view_item", UserID: "c3@example.com", ItemID: "a"}}
	c := httpclient.New(httpclient.Options{BaseURL: "http://" + address, Key: page})
	if _, err := profileapi.NewClient(c).PostEvents(t.Context(), view); !apierror.Is(err, 403) {
		t.Errorf("without a token: %v", err)
	}
	for language, token := range tokens {
		body := `{"type":"view_item","user_id":"c3@example.com","item_id":"a"}`
		header := map[string][]string{auth.UserTokenHeader: {token}}
		resp, err := c.Send(t.Context(), httpclient.Request{
			Method: "POST", Path: "/v1/events", Body: strings.NewReader(body), ContentType: "application/json", Header: header,
		})
		if err != nil {
			t.Errorf("a token of %s: %v", language, err)
			continue
		}
		resp.Body.Close()
	}
}
