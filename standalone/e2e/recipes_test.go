package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

var (
	// recipe is a block of commands and what its arrow promises.
	recipe = regexp.MustCompile("(?s)```sh\n(.*?)```(?:\n\n→ ([^\n]*))?")
	quoted = regexp.MustCompile("`([^`]+)`")
	// reasonsOf are left out where items are looked for, since they name others.
	reasonsOf = regexp.MustCompile(`"item_id":"[^"]*","title":"[^"]*"`)
)

// TestRecipes runs the commands of docs/recipes.md, in order and as they stand, and looks for what each arrow promises, in its order.
func TestRecipes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	text, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	s := openStorefront(t)
	dir := t.TempDir()
	if err := os.Symlink(binaries, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	recipes := recipe.FindAllStringSubmatch(string(text), -1)
	script := ""
	for n, r := range recipes {
		script += fmt.Sprintf("echo; echo '### %d'\n%s", n, r[1])
	}
	script = strings.ReplaceAll(script, "127.0.0.1:8080", s.server)
	script = strings.ReplaceAll(script, "aisle recompute", "aisle recompute --search-seconds 1")
	out, err := shell(ctx, dir, script, "AISLE_SERVER=http://"+s.server, "AISLE_API_KEY="+s.secret)
	answers := strings.Split(string(out), "\n### ")[1:]
	if err != nil || len(answers) != len(recipes) || len(recipes) < 20 {
		t.Fatalf("%d of %d recipes, %v\n%s", len(answers), len(recipes), err, out)
	}
	promises := 0
	for n, r := range recipes {
		left := reasonsOf.ReplaceAllString(answers[n], "")
		if refusal.MatchString(left) {
			t.Errorf("%s\n%s", r[1], answers[n])
		}
		for _, want := range quoted.FindAllStringSubmatch(r[2], -1) {
			at := strings.Index(left, want[1])
			if promises++; at < 0 {
				t.Errorf("%s\n%s does not come after what stands before it:\n%s", r[1], want[1], answers[n])
				break
			}
			left = left[at+len(want[1]):]
		}
	}
	if promises < 50 {
		t.Errorf("the page promises %d things", promises)
	}
	s.recipesOnPages(t, asked.FindAllStringSubmatch(string(text), -1))
}

// asked is a request of a recipe.
var asked = regexp.MustCompile(`ask '(\{.*\})'`)

// recipesOnPages makes each request of the recipes from a page of the shop in a browser, with a publishable key and as the visitor that the
// request names: as a placement of the page, and in code where a placement cannot say it. What it shows is what the server is answered.
func (s *storefront) recipesOnPages(t *testing.T, requests [][]string) {
	t.Helper()
	placements := 0
	for _, match := range requests {
		var request recommenderapi.Request
		if err := json.Unmarshal([]byte(match[1]), &request); err != nil {
			t.Fatalf("%s: %v", match[1], err)
		}
		request.Test = true
		want, err := s.clients.recommender.Recommend(s.ctx, request)
		if err != nil {
			t.Fatalf("%s: %v", match[1], err)
		}
		request.Test, s.more, s.page = false, "", "TAG"
		if request.UserID != "" {
			s.more = fmt.Sprintf(`data-user="%s" data-user-token="%s"`, request.UserID, keysCommand(
				t, s.keys, "user-token", "--shop", "north", "--user", request.UserID))
		}
		show := fmt.Sprintf(`aisle.recommend(%s).then((a) => a.items.map((i) => i.item_id))`, match[1])
		if tag, ok := placementTag(request); ok {
			placements++
			s.page += tag
			show = `new Promise((done) => { const look = () => {
				const cards = [...document.querySelectorAll("[data-aisle] [data-item]")].map((n) => n.dataset.item);
				cards.length || document.querySelector("[data-aisle]").hidden ? done(cards) : setTimeout(look, 20);
			}; look(); })`
		}
		s.open(t, "/")
		var shown []string
		if err := chromedp.Run(s.ctx, chromedp.Evaluate(show, &shown, awaited)); err != nil {
			t.Fatalf("%s: %v", match[1], err)
		}
		var ids []string
		for _, item := range want.Items {
			ids = append(ids, item.ItemID)
		}
		explores := request.Scenario == "home.explore" // draws places anew each time
		if !slices.Equal(shown, ids) && !(explores && len(shown) == len(ids)) {
			t.Errorf("%s: the page shows %v, the server is answered %v", match[1], shown, ids)
		}
	}
	if placements < 12 || len(requests) < 20 {
		t.Errorf("%d requests, %d of them as placements", len(requests), placements)
	}
}

// placementTag writes a request as a placement of a page, as far as its attributes say all of it.
func placementTag(r recommenderapi.Request) (string, bool) {
	tag := fmt.Sprintf(
		`<div data-aisle="%s" data-limit="%d" data-items="%s" data-category="%s" data-q="%s" data-cart="%s"></div>`, r.Scenario, r.Limit,
		strings.Join(r.ContextItems, ","), html.EscapeString(r.Category), r.Q, strings.Join(r.Cart, ","),
	)
	r.Scenario, r.Limit, r.ContextItems, r.Category, r.Q, r.Cart, r.UserID = "", 0, nil, "", "", nil, ""
	return tag, reflect.ValueOf(r).IsZero()
}
