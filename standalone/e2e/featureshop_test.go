package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// featureShop is a running Aisle with a shop that has a bit of everything, as a stranger uses it: through HTTP, with keys.
type featureShop struct {
	url, admin, dir, keys      string
	secret, other, publishable string // keys of the shop, of another shop, and of the shop's pages
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	raw    []byte
	v      any
}

// at walks to a part of an answer by names and places joined by dots; nil when it is not there. A * lists a part of every member.
func (s reply) at(path string) any { return walk(s.v, strings.Split(path, ".")) }

func walk(v any, path []string) any {
	if len(path) == 0 || path[0] == "" {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		return walk(v[path[0]], path[1:])
	case []any:
		if path[0] == "*" {
			list := []any{}
			for _, one := range v {
				list = append(list, walk(one, path[1:]))
			}
			return list
		}
		if n, err := strconv.Atoi(path[0]); err == nil && n < len(v) {
			return walk(v[n], path[1:])
		}
	}
	return nil
}

// list is the list at a path, empty when there is none.
func (s reply) list(path string) []any { list, _ := s.at(path).([]any); return list }

// texts are the texts of a list at a path.
func (s reply) texts(path string) (list []string) {
	for _, v := range s.list(path) {
		text, _ := v.(string)
		list = append(list, text)
	}
	return list
}

// text is the text at a path, number the number, 0 when there is none.
func (s reply) text(path string) string    { text, _ := s.at(path).(string); return text }
func (s reply) number(path string) float64 { n, _ := s.at(path).(float64); return n }

// with calls an operation with a key; body is sent as it is when it is a text, else as JSON. headers are names and values.
func (f *featureShop) with(t *testing.T, key, method, path string, body any, headers ...string) reply {
	t.Helper()
	var data []byte
	switch body := body.(type) {
	case nil:
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s := reply{status: resp.StatusCode, header: resp.Header}
	if s.raw, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(s.raw, &s.v) // a page or a stream is no JSON
	return s
}

// do calls an operation with the shop's secret key, which must succeed.
func (f *featureShop) do(t *testing.T, method, path string, body any, headers ...string) reply {
	t.Helper()
	s := f.with(t, f.secret, method, path, body, headers...)
	if s.status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, s.status, s.raw)
	}
	return s
}

// ask asks for recommendations.
func (f *featureShop) ask(t *testing.T, body string) reply {
	t.Helper()
	return f.do(t, http.MethodPost, "/v1/recommendations", body)
}

// did posts events.
func (f *featureShop) did(t *testing.T, events string) reply {
	t.Helper()
	return f.do(t, http.MethodPost, "/v1/events", events)
}

// aisle runs the command line against the shop and returns what it printed.
func (f *featureShop) aisle(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries, "aisle"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aisle %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// soon tries until something holds, as figures and lists need a moment for.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, what, func() error {
		if !f() {
			return fmt.Errorf("not yet")
		}
		return nil
	})
}

// goods are the categories of the shop, twenty products in each.
var goods = []string{"shirt", "mug", "lamp", "shoe", "book", "bag"}

// featureItems are products with prices of 5 to 24, costs, pictures and colours, and a family of three sizes. Lamps have vectors.
func featureItems() (items []profileapi.Item) {
	add := func(i profileapi.Item) { items = append(items, i) }
	colours := []string{"red", "blue", "green"}
	for _, kind := range goods {
		for k := range 20 {
			price, cost := float64(5+k), float64(5+k)*(.3+.06*float64(k%10))
			i := profileapi.Item{
				ItemID: fmt.Sprintf("%s-%02d", kind, k), Title: fmt.Sprintf("%s %s number %d", colours[k%3], kind, k),
				Price: &price, Cost: &cost, Currency: "EUR",
				CategoryPath: []string{"Things", kind}, Brand: []string{"Nord", "Sud"}[k%2],
				URL: "https://shop.example/" + kind, Language: "en",
				ImageURL: "https://shop.example/" + kind + ".jpg", Attributes: map[string]any{"colour": colours[k%3]},
			}
			if kind == "lamp" {
				i.Vectors = map[string][]float32{"look": {1, float32(k), 0}}
			}
			add(i)
		}
	}
	price := 12.
	add(profileapi.Item{ItemID: "tee", Title: "Plain tee", CategoryPath: []string{"Things", "shirt"}, Price: &price, Currency: "EUR"})
	for _, size := range []string{"S", "M", "L"} {
		add(profileapi.Item{
			ItemID: "tee-" + size, ParentID: "tee", Title: "Plain tee " + size, Price: &price, Currency: "EUR",
			Attributes: map[string]any{"size": size},
		})
	}
	return items
}

// featureEvents are two months of 400 visitors, each with a taste for one kind: looks, and orders in which shirt-00 and mug-00 go together.
func featureEvents() (events []profileapi.Event) {
	random := rand.New(rand.NewPCG(11, 12))
	for u := range 400 {
		at := time.Now().Add(-time.Duration(random.Float64()*55*24+24) * time.Hour)
		kind, user := goods[u%len(goods)], fmt.Sprint("u", u)
		one := func() string {
			of := kind
			if random.Float64() > .85 {
				of = goods[random.IntN(len(goods))]
			}
			return fmt.Sprintf("%s-%02d", of, min(int(random.ExpFloat64()*6), 19))
		}
		for n := range 6 + random.IntN(6) {
			at = at.Add(time.Duration(20+random.IntN(200)) * time.Second)
			events = append(events, profileapi.Event{
				Type: "view_item", UserID: user, SessionID: "v" + user, ItemID: one(), OccurredAt: wire.TimeOf(at),
				EventID: fmt.Sprint(user, "-", n),
			})
		}
		order := profileapi.Event{
			Type: "purchase", UserID: user, OrderID: "O" + user, Currency: "EUR",
			OccurredAt: wire.TimeOf(at.Add(time.Minute)), EventID: user + "-order",
			Items: []profileapi.EventItem{{ItemID: one()}, {ItemID: one()}},
		}
		if u%4 == 0 {
			order.Items = []profileapi.EventItem{{ItemID: "shirt-00"}, {ItemID: "mug-00"}}
		}
		for n := range order.Items {
			price := 10.
			order.Items[n].Price = &price
		}
		events = append(events, order)
	}
	return events
}

// openFeatureShop starts the one binary with keys, fills the shop and learns from it.
func openFeatureShop(t *testing.T) *featureShop {
	t.Helper()
	f := &featureShop{dir: t.TempDir()}
	f.keys = filepath.Join(f.dir, "keys.json")
	f.secret, f.other = createKey(t, f.keys, "default"), createKey(t, f.keys, "other")
	f.publishable = strings.TrimSpace(f.aisle(
		t, "keys", "create", "--keys-file", f.keys, "--shop", "default", "--kind", "publishable", "--origin", "https://shop.example",
	))
	p := start(
		t, nil, "aisle", "serve", "--data", filepath.Join(f.dir, "data"), "--listen", "127.0.0.1:0", "--admin-listen",
		"127.0.0.1:0", "--keys-file", f.keys,
	)
	f.url, f.admin = "http://"+p.address, adminOf(p)
	c := connectTo(p, f.secret)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if answer, err := c.profile.PutItems(ctx, featureItems()); err != nil || answer.Rejected > 0 {
		t.Fatalf("items: %+v, %v", answer, err)
	}
	post(t, ctx, c, featureEvents())
	if models := recomputed(t, ctx, c); len(models) == 0 {
		t.Fatal("nothing was learnt")
	}
	soon(t, "the first personal answer", func() bool {
		return f.ask(t, `{"scenario":"home.for_you","user_id":"u1","limit":5}`).text("items.0.tier") == "personal"
	})
	soon(t, "the first best sellers", func() bool {
		return len(f.with(t, f.secret, http.MethodGet, "/v1/popular?window=best_sellers", nil).list("items")) > 0
	})
	return f
}
