package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// attackRounds is the variable that has TestHostileInput go on with mixtures that chance makes, for "make attack".
const attackRounds = "AISLE_ATTACK_ROUNDS"

// hostile are texts where an id, a number, a cursor or a time is expected.
func hostile() []string {
	return []string{
		"", "..", "%00", "\u202e\u0000", strings.Repeat("a", 300), strings.Repeat("🛒", 4000), "-1", "1e999", "NaN",
		"99999999999999999999",
		"0x10", "null", "true",
		"'; drop table events; --", "<script>", "a/b/../../c", "\r\nX-Injected: 1", "AgAAAAAAAAAAAA", "2026-02-30T25:61:61Z", "{}", "[",
		"\xff\xfe",
	}
}

// hostileBodies are bodies for any operation, by content type.
func hostileBodies() [][2]string {
	const asJSON = "application/json"
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	bodies := [][2]string{
		{asJSON, ""}, {asJSON, "null"}, {asJSON, "{}"}, {asJSON, "[]"}, {asJSON, "[null]"}, {asJSON, `"a"`}, {asJSON, "1e999"},
		{asJSON, "{"}, {asJSON, deep},
		{asJSON, `{"a":` + deep + `}`}, {asJSON, "{\"a\":\"\xff\"}"}, {asJSON, `{"events":{},"items":7,"key":[]}`},
		{asJSON, `[{"type":{},"item_id":[1],"user_id":false}]`},
		{
			asJSON,
			`{"user_id":1,"session_id":{},"limit":-1,"scenario":[],"filter":"x","events":[[]],"cart":{},"relations":5,` +
				`"item_ids":null,"rows":[null]}`,
		},
		{asJSON, `[` + strings.Repeat(`{},`, 2000) + `{}]`}, {"text/plain", `{"key":"pk_none","events":[{}]}`}, {"application/xml", "<a/>"},
		{"multipart/form-data", "x"},
		{"application/x-www-form-urlencoded", "a=b"}, {"", "\x00\x01\x02"},
		{"application/merge-patch+json", `{"consent":7,"title":[null],"stock":"x","item_id":null}`},
		{asJSON, `{"a":"` + strings.Repeat("x", 17<<20) + `"}`},
	}
	return bodies
}

// attacker sends requests to a server and reports what no caller should ever see.
type attacker struct {
	base   string
	client *http.Client
	sent   int
	bad    map[string]int // what was wrong, and how often
}

// ours are statuses that a server gives before an operation begins: nothing at a path, no such method, an address that is too long.
var ours = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestHeaderFieldsTooLarge}

func (a *attacker) send(op *documented, method, path string, query url.Values, contentType, body, key string) {
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return // what no client can send
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
	a.sent++
	resp, err := a.client.Do(r)
	if err != nil {
		if len(body) < 1<<20 { // the server may hang up on a large body
			a.bad[fmt.Sprintf("%s %s: %v", op.method, op.path, err)]++
		}
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_, known := op.Responses[strconv.Itoa(resp.StatusCode)]
	switch {
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable:
		a.bad[fmt.Sprintf("%s %s: %d: %.200s", op.method, op.path, resp.StatusCode, text)]++
	case !known && !slices.Contains(ours, resp.StatusCode):
		a.bad[fmt.Sprintf("%s %s: %d is not documented: %.200s", op.method, op.path, resp.StatusCode, text)]++
	case resp.Header.Get("X-Injected") != "":
		a.bad[op.method+" "+op.path+": a header was injected"]++
	}
}

// pathParameter finds the parameters in a path.
var pathParameter = regexp.MustCompile(`\{[a-z_]+\}`)

func at(path, id string) string {
	return pathParameter.ReplaceAllStringFunc(path, func(string) string { return url.PathEscape(id) })
}

// attack sends an operation everything hostile, one thing at a time, and an ordinary request with every kind of key.
func (a *attacker) attack(op *documented, keys map[string]string) {
	secret := keys["secret"]
	for _, key := range keys {
		a.send(op, op.method, at(op.path, "a"), nil, "application/json", "{}", key)
	}
	for _, text := range hostile() {
		if pathParameter.MatchString(op.path) && text != "" && text != ".." {
			a.send(op, op.method, at(op.path, text), nil, "application/json", "{}", secret)
		}
		for _, p := range op.Parameters {
			if p.In == "query" {
				a.send(op, op.method, at(op.path, "a"), url.Values{p.Name: {text}}, "application/json", "{}", secret)
			}
		}
	}
	if op.method != http.MethodGet && op.method != http.MethodDelete {
		for _, body := range hostileBodies() {
			a.send(op, op.method, at(op.path, "a"), nil, body[0], body[1], secret)
		}
	}
	for _, method := range []string{"PUT", "MADEUP", "TRACE", "OPTIONS", "get"} {
		if method != op.method {
			a.send(op, method, at(op.path, "a"), nil, "", "", "")
		}
	}
}

// TestHostileInput sends every operation of the reference what it must refuse, with every kind of key, and sees no failure of the server
// and no status that the reference does not name.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "keys.json")
	keys := map[string]string{
		"none": "", "unknown": "sk_unknown", "secret": keysCommand(t, file, "create"),
		"another shop's": keysCommand(t, file, "create", "--shop", "other"),
		"read only":      keysCommand(t, file, "create", "--scope", "catalogue:read"),
		"service":        keysCommand(t, file, "create", "--kind", "service"),
		"publishable":    keysCommand(t, file, "create", "--kind", "publishable", "--origin", "https://shop.example", "--rate", "100000"),
	}
	p := startStandalone(t, t.TempDir(), "--keys-file", file).programs[0]
	r := &reference{base: "http://" + p.address, latest: map[string]string{}, previous: map[string]string{}}
	operations := r.operations(t, ctx)
	a := &attacker{
		base: r.base, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		bad: map[string]int{},
	}
	for n := range operations {
		a.attack(&operations[n], keys)
	}
	rounds, _ := strconv.Atoi(os.Getenv(attackRounds))
	for seed := range rounds {
		a.mixture(operations, keys["secret"], rand.New(rand.NewPCG(uint64(seed), 0)))
	}
	t.Logf("%d requests to %d operations", a.sent, len(operations))
	for what, times := range a.bad {
		t.Errorf("%d times %s", times, what)
	}
	if strings.Contains(p.output(), "panic") {
		t.Errorf("the server panicked:\n%s", p.output())
	}
}

// mixture sends one operation several hostile things at once.
func (a *attacker) mixture(operations []documented, key string, random *rand.Rand) {
	op := &operations[random.IntN(len(operations))]
	texts, bodies := hostile(), hostileBodies()
	query := url.Values{}
	for _, p := range op.Parameters {
		if p.In == "query" && random.IntN(2) == 0 {
			query.Add(p.Name, texts[random.IntN(len(texts))])
		}
	}
	body := [2]string{"application/json", ""}
	if op.method != http.MethodGet {
		body = bodies[random.IntN(len(bodies)-1)] // without the large one
		if text := []byte(body[1]); len(text) > 0 {
			text[random.IntN(len(text))] = byte(random.IntN(256))
			body[1] = string(text)
		}
	}
	a.send(op, op.method, at(op.path, texts[2+random.IntN(len(texts)-2)]), query, body[0], body[1], key)
}
