package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestStory goes from an empty installation over events and a recompute to recommendations, kills every process and finds it all
// again: on the standalone binary, and on three processes with Postgres and Redis.
func TestStory(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		story(t, startStandalone(t, t.TempDir()))
	})
	t.Run("standalone on Postgres and Redis", func(t *testing.T) {
		t.Parallel()
		story(t, startStandalone(t, t.TempDir(), "--database-url", testenv.Postgres(t), "--redis-url", testenv.Redis(t)))
	})
	t.Run("three processes", func(t *testing.T) {
		t.Parallel()
		story(t, startThree(t, ""))
	})
	t.Run("three processes behind a gateway", func(t *testing.T) {
		t.Parallel()
		story(t, startBehindGateway(t, ""))
	})
}

const (
	storyUsers = 240
	groupItems = 20
)

// catalogue has two groups of goods that nobody mixes: lamps and chairs.
func catalogue() []profileapi.Item {
	var items []profileapi.Item
	for _, group := range []string{"lamp", "chair"} {
		for n := range groupItems {
			price := 10 + float64(n)
			items = append(items, profileapi.Item{
				ItemID: fmt.Sprintf("%s/%02d", group, n), Title: fmt.Sprintf("Number %d %s", n, group),
				CategoryPath: []string{"Home", group}, Price: &price, Currency: "EUR",
			})
		}
	}
	return items
}

// history lets every user look at, and sometimes buy, things of one group over the last sixty days. The same seed gives the same events.
func history(seed uint64) []profileapi.Event {
	rng := rand.New(rand.NewPCG(seed, 1))
	now := time.Now()
	var events []profileapi.Event
	for u := range storyUsers {
		group := []string{"lamp", "chair"}[u%2]
		taste := rng.IntN(groupItems) // neighbours in number are neighbours in taste
		for n := range 12 {
			item := fmt.Sprintf("%s/%02d", group, (taste+rng.IntN(7))%groupItems)
			e := profileapi.Event{
				EventID: fmt.Sprintf("story-%d-%d-%d", seed, u, n), Type: "view_item", UserID: fmt.Sprintf("user %d", u),
				SessionID: fmt.Sprintf("session %d.%d", u, n/4),
				ItemID:    item, OccurredAt: wire.TimeOf(now.Add(-time.Duration(rng.IntN(60*24*60)) * time.Minute)),
			}
			if n%4 == 3 {
				e.Type, e.OrderID, e.ItemID = "purchase", e.EventID, ""
				e.Items = []profileapi.EventItem{{ItemID: item}, {ItemID: fmt.Sprintf("%s/%02d", group, (taste+rng.IntN(7))%groupItems)}}
			}
			events = append(events, e)
		}
	}
	return events
}

func fill(t *testing.T, ctx context.Context, c clients, seed uint64) {
	t.Helper()
	items := catalogue()
	if answer, err := c.profile.PutItems(ctx, items); err != nil || answer.Accepted != len(items) {
		t.Fatalf("put items: %+v, %v", answer, err)
	}
	events := history(seed)
	for from := 0; from < len(events); from += 1000 {
		batch := events[from:min(from+1000, len(events))]
		if answer, err := c.profile.PostEvents(ctx, batch); err != nil || answer.Accepted != len(batch) {
			t.Fatalf("post events: %d of %d accepted, %v", answer.Accepted, len(batch), err)
		}
	}
}

func recompute(t *testing.T, ctx context.Context, c clients) similarityapi.Job {
	t.Helper()
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	job, err = c.similarity.WaitForJob(ctx, job.JobID, nil)
	if err != nil {
		t.Fatalf("recompute: %v: %+v", err, job.Result)
	}
	live, err := c.similarity.Live(ctx)
	if err != nil || live.Live[similarityapi.Similar] == "" {
		t.Fatalf("no live model: %v %v %v", live, err, job.Result)
	}
	return job
}

// recommend asks for a visitor and checks what holds for every answer: full, without repeats, positions in order.
func recommend(t *testing.T, ctx context.Context, c clients, user string) recommenderapi.Answer {
	t.Helper()
	answer, err := c.recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.for_you", UserID: user, Limit: 5, Explain: "full"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for p, i := range answer.Items {
		if i.Position != p+1 || seen[i.ItemID] || i.Tier == "" {
			t.Fatalf("item %d of %+v", p, answer.Items)
		}
		seen[i.ItemID] = true
	}
	return answer
}

// inGroup counts the items of a group.
func inGroup(items []recommenderapi.RecommendedItem, group string) int {
	n := 0
	for _, i := range items {
		if strings.HasPrefix(i.ItemID, group+"/") {
			n++
		}
	}
	return n
}

func story(t *testing.T, d *deployment) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := d.connect("")
	fill(t, ctx, c, 1)
	recompute(t, ctx, c)

	similar, err := c.similarity.Lookup(ctx, similarityapi.LookupRequest{
		Relation: similarityapi.Similar, ItemIDs: []string{"lamp/03"}, Limit: 5,
	})
	if err != nil || len(similar.Lists[0].Neighbours) != 5 {
		t.Fatalf("similar to lamp/03: %+v, %v", similar, err)
	}
	for _, n := range similar.Lists[0].Neighbours {
		if !strings.HasPrefix(n.ItemID, "lamp/") {
			t.Errorf("%s is similar to a lamp, though nobody who liked lamps touched it", n.ItemID)
		}
	}

	eventually(t, ctx, "a stranger gets popular items", func() error {
		if answer := recommend(t, ctx, c, "stranger"); len(answer.Items) != 5 {
			return fmt.Errorf("%d items, degraded %v", len(answer.Items), answer.Degraded)
		}
		return nil
	})

	// Read your writes: no wait between the acknowledged event and the next answer.
	for _, group := range []string{"chair", "lamp"} {
		user := "lover of a " + group
		answer, err := c.profile.PostEvents(ctx, []profileapi.Event{{Type: "view_item", UserID: user, ItemID: group + "/05"}})
		if err != nil || answer.Accepted != 1 {
			t.Fatalf("post one event: %+v, %v", answer, err)
		}
		next := recommend(t, ctx, c, user)
		if inGroup(next.Items, group) != 5 {
			t.Errorf("after looking at %s/05: %+v", group, next.Items)
		}
		if len(next.Items) > 0 && len(next.Items[0].Reasons) == 0 {
			t.Errorf("no reason for %+v", next.Items[0])
		}
	}

	live, err := c.similarity.Live(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before := recommend(t, ctx, c, "lover of a lamp")
	d.kill()
	d = d.restart(t)
	c = d.connect("")
	eventually(t, ctx, "the live models are there again", func() error {
		again, err := c.similarity.Live(ctx)
		if err == nil && fmt.Sprint(again.Live) != fmt.Sprint(live.Live) {
			err = fmt.Errorf("live models were %v and are %v", live.Live, again.Live)
		}
		return err
	})
	eventually(t, ctx, "the recommendations are the same after kill -9", func() error {
		if after := recommend(t, ctx, c, "lover of a lamp"); ids(after.Items) != ids(before.Items) {
			return fmt.Errorf("%s became %s (degraded %v)", ids(before.Items), ids(after.Items), after.Degraded)
		}
		return nil
	})
	// Every acknowledged event is still there: posted again, each is a duplicate.
	events := history(1)[:1000]
	answer, err := c.profile.PostEvents(ctx, events)
	if err != nil || answer.Duplicates != len(events) {
		t.Errorf("posted again after kill -9: %d duplicates of %d, %v", answer.Duplicates, len(events), err)
	}
}

func ids(items []recommenderapi.RecommendedItem) string {
	var list []string
	for _, i := range items {
		list = append(list, i.ItemID)
	}
	return strings.Join(list, " ")
}

// TestShops runs two shops in one installation and shows that nothing of one can be seen by, or weighs in, the other.
func TestShops(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T, keys string) *deployment{
		"standalone": func(t *testing.T, keys string) *deployment {
			return startStandalone(t, t.TempDir(), "--keys-file", keys)
		},
		"three processes": startThree,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := filepath.Join(t.TempDir(), "keys.json")
			red, blue := createKey(t, keys, "red"), createKey(t, keys, "blue")
			d := begin(t, keys)
			twoShops(t, d.connect(red), d.connect(blue), d.connect("sk_nobody"))
		})
	}
}

func createKey(t *testing.T, file, shop string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(binaries, "aisle"), "keys", "create", "--keys-file", file, "--shop", shop).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func twoShops(t *testing.T, red, blue, nobody clients) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := nobody.profile.PostEvents(ctx, history(1)[:1]); err == nil {
		t.Error("a key that does not exist was let in")
	}
	fill(t, ctx, red, 1)
	recompute(t, ctx, red)

	// The same event ids are new in the other shop.
	only := []profileapi.Item{{ItemID: "lamp/03", Title: "Blue lamp"}}
	if answer, err := blue.profile.PutItems(ctx, only); err != nil || answer.Accepted != 1 {
		t.Fatalf("put items: %+v, %v", answer, err)
	}
	if answer, err := blue.profile.PostEvents(ctx, history(1)[:10]); err != nil || answer.Accepted != 10 {
		t.Errorf("events of another shop count as known: %+v, %v", answer, err)
	}
	profile, err := blue.profile.Profile(ctx, profileapi.ProfileQuery{UserID: "user 7"})
	if err != nil || profile.Known || len(profile.Recent) > 0 {
		t.Errorf("blue sees red's user: %+v, %v", profile, err)
	}
	changes, err := blue.profile.ItemChanges(ctx, "", 1000, 0)
	if err != nil || len(changes.Changes) != 1 || changes.Changes[0].Item.Title != "Blue lamp" {
		t.Errorf("blue's catalogue is %+v, %v", changes.Changes, err)
	}
	if live, err := blue.similarity.Live(ctx); err != nil || len(live.Live) > 0 {
		t.Errorf("blue serves red's models: %v, %v", live, err)
	}
	lists, err := blue.similarity.Lookup(ctx, similarityapi.LookupRequest{
		Relation: similarityapi.Similar, ItemIDs: []string{"lamp/03"}, Limit: 5,
	})
	if err != nil || len(lists.Lists[0].Neighbours) > 0 {
		t.Errorf("blue sees red's neighbours: %+v, %v", lists, err)
	}
	eventually(t, ctx, "blue gets its own item", func() error {
		answer := recommend(t, ctx, blue, "stranger")
		for _, i := range answer.Items {
			if i.ItemID != "lamp/03" {
				t.Fatalf("blue is shown red's %s", i.ItemID)
			}
		}
		if len(answer.Items) != 1 {
			return fmt.Errorf("%d items", len(answer.Items))
		}
		return nil
	})
	models, err := red.similarity.Live(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blue.similarity.Lookup(ctx, similarityapi.LookupRequest{
		Relation: similarityapi.Similar, ItemIDs: []string{"lamp/03"}, Limit: 5, ModelVersion: models.Live[similarityapi.Similar],
	}); err == nil {
		t.Error("blue may ask for red's model by name")
	}
}
