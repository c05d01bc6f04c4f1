package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func TestItemChangesNeedTheVersionTheyWereMadeFor(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		path := "/v1/items/a%2Fb"
		status, item := send[profileapi.Item](
			t, s, "PUT", path, "application/json", `{"title":"A","price":3,"attributes":{"c":"red"},"stock":{"status":"in_stock"}}`,
		)
		if status != 201 || item.ItemID != "a/b" || item.Version != 1 {
			t.Fatalf("%d %+v", status, item)
		}
		if status, _ := send[apierror.Problem](
			t, s, "PUT", path, "application/json", `{"title":"B"}`, "If-None-Match", "*",
		); status != 412 {
			t.Errorf("creating what exists: %d", status)
		}
		if status, _ := send[apierror.Problem](t, s, "PATCH", path, "application/json", `{"title":"B"}`, "If-Match", `"7"`); status != 412 {
			t.Errorf("changing another version: %d", status)
		}
		status, item = send[profileapi.Item](
			t, s, "PATCH", path, "application/merge-patch+json", `{"price":null,"attributes":{"d":"x"}}`, "If-Match", `"1"`,
		)
		if status != 200 || item.Price != nil || item.Version != 2 ||
			cmp.Diff(map[string]any{"c": "red", "d": "x"}, item.Attributes) != "" {
			t.Errorf("%d %+v", status, item)
		}
		if _, again := send[profileapi.Item](t, s, "PATCH", path, "application/json", `{"title":"A"}`); again.Version != 2 {
			t.Errorf("a change of nothing made version %d", again.Version)
		}
		status, answer := send[profileapi.EventsAnswer](
			t, s, "POST", "/v1/items/stock", "application/json",
			`[{"item_id":"a/b","status":"out_of_stock","quantity":0},{"item_id":"none","status":"in_stock"}]`,
		)
		if status != 200 || answer.Accepted != 1 || answer.Results[1].Errors[0].Code != "item_not_found" {
			t.Errorf("%d %+v", status, answer)
		}
		status, answer = send[profileapi.EventsAnswer](
			t, s, "POST", "/v1/items/stock", "application/json",
			`[{"item_id":"a/b","status":"sold out"},{"item_id":"a/b","status":"out_of_stock","qty":0},{"status":7},`+
				`{"item_id":"none","status":"in_stock"}]`,
		)
		var said []string
		for _, r := range answer.Results {
			for _, e := range slices.Concat(r.Errors, r.Warnings) {
				said = append(said, r.Status+" "+e.Pointer+" "+e.Code)
			}
		}
		if diff := cmp.Diff([]string{
			"rejected /0/status invalid_value", "accepted /1/qty near_field", "rejected /2/status wrong_type",
			"rejected /3/item_id item_not_found",
		}, said); status != 200 || answer.Accepted != 1 || answer.Rejected != 3 || answer.Warned != 1 || diff != "" {
			t.Errorf("%d %+v\n%s", status, answer, diff)
		}
		if _, item = send[profileapi.Item](t, s, "GET", path, "", ""); item.Stock.Status != "out_of_stock" || item.Title != "A" {
			t.Errorf("%+v", item)
		}
		if status, _ := send[struct{}](t, s, "DELETE", path, "", ""); status != 204 {
			t.Errorf("delete: %d", status)
		}
		if status, _ := send[apierror.Problem](t, s, "GET", path, "", ""); status != 404 {
			t.Errorf("get what is gone: %d", status)
		}
		status, p := send[apierror.Problem](
			t, s, "PUT", path, "application/json", `{"title":"A","price":-1,"currency":"pound","category_path":[""]}`,
		)
		if status != 422 || len(p.Errors) != 3 {
			t.Errorf("%d %+v", status, p)
		}
	})
}

func TestItemsAreListedByFilter(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		var items []profileapi.Item
		for i := range 30 {
			items = append(items, profileapi.Item{
				ItemID: fmt.Sprintf("i%02d", i), Brand: []string{"x", "y"}[i%2], CategoryPath: []string{"Home", fmt.Sprint("c", i%3)},
			})
		}
		if _, err := s.client.PutItems(t.Context(), items); err != nil {
			t.Fatal(err)
		}
		var got []string
		for path := "/v1/items?brand=x&category=Home&category=c1&limit=2"; path != ""; {
			page := call[profileapi.Page[profileapi.Item]](t, s, http.MethodGet, path, nil)
			for _, i := range page.Items {
				got = append(got, i.ItemID)
			}
			path = ""
			if page.NextCursor != nil {
				path = "/v1/items?brand=x&category=Home&category=c1&limit=2&cursor=" + *page.NextCursor
			}
		}
		if diff := cmp.Diff([]string{"i04", "i10", "i16", "i22", "i28"}, got); diff != "" {
			t.Error(diff)
		}
		if page := call[profileapi.Page[profileapi.Item]](t, s, http.MethodGet, "/v1/items?category=Hom", nil); len(page.Items) != 0 {
			t.Errorf("a part of a category's name found %d items", len(page.Items))
		}
	})
}

func TestChangeFeedKeepsOrderUnderConcurrentWriters(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		const writers, rounds = 6, 30
		var wg sync.WaitGroup
		var stop atomic.Bool
		for w := range writers {
			wg.Go(func() {
				for n := range rounds {
					// Each writer counts up its own item and, racing with the others, a shared one.
					version := float64(n + 1)
					items := []profileapi.Item{
						{ItemID: fmt.Sprint("own", w), Price: &version}, {ItemID: "shared", Title: fmt.Sprintf("%d/%d", w, n)},
					}
					if _, err := s.client.PutItems(t.Context(), items); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		go func() { wg.Wait(); stop.Store(true) }()
		replica := map[string]profileapi.Item{}
		for cursor := ""; ; {
			last := stop.Load()
			page, err := s.client.ItemChanges(t.Context(), cursor, 3, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Changes {
				if seen := replica[c.ItemID]; c.Item.Version <= seen.Version {
					t.Fatalf("%s went from version %d to %d", c.ItemID, seen.Version, c.Item.Version)
				}
				replica[c.ItemID] = *c.Item
			}
			cursor = page.Next
			if last && len(page.Changes) == 0 {
				break
			}
		}
		for w := range writers {
			if i := replica[fmt.Sprint("own", w)]; i.Price == nil || *i.Price != rounds {
				t.Errorf("the replica has %+v", i)
			}
		}
		if _, shared := send[profileapi.Item](t, s, "GET", "/v1/items/shared", "", ""); shared.Title != replica["shared"].Title ||
			shared.Version != writers*rounds {
			t.Errorf("the replica has %+v, the catalogue %+v", replica["shared"], shared)
		}
	})
}

func TestABatchThatIsNoListIsToldInPlainWords(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		for body, want := range map[string]string{`{}`: "object", `"x"`: "string", `1`: "number", `true`: "bool"} {
			status, p := send[apierror.Problem](t, s, "POST", "/v1/items/batch", "application/json", body)
			if status != 400 || len(p.Errors) != 1 || p.Errors[0].Detail != "expected a list, found a JSON "+want {
				t.Errorf("%s: %d %+v", body, status, p)
			}
		}
	})
}

func TestAnAddressThatAPageWouldRunIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, service.Config{DatabaseURL: testenv.SQLite(t)})
	for address, good := range map[string]bool{
		"https://shop.example/a?b=c:d": true, "HTTP://shop.example": true, "//cdn.example/a.png": true, "/a:b": true, "a/b.html": true,
		"": true, "?q=a:b": true,
		"javascript:alert(1)": false, " JavaScript:alert(1)": false, "java\nscript:alert(1)": false, "\x01javascript:alert(1)": false,
		"data:text/html,x": false, "vbscript:x": false,
		"mailto:a@b.example": false,
	} {
		for _, item := range []profileapi.Item{{ItemID: "a", URL: address}, {ItemID: "a", ImageURL: address}} {
			_, err := s.client.PutItems(t.Context(), []profileapi.Item{item})
			if good != (err == nil) || err != nil && !strings.Contains(err.Error(), "address") {
				t.Errorf("%q: %v", address, err)
			}
		}
	}
}
