package served

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
)

// tastes writes a data set whose users choose from three of twelve groups of items, in unequal shares: what they want next follows from all
// that they did, not from the latest of it.
func tastes(t *testing.T) string {
	t.Helper()
	const users, groups, perGroup, known, held = 500, 12, 15, 24, 4
	rng := rand.New(rand.NewPCG(4, 4))
	var train, test strings.Builder
	for u := range users {
		likes := rng.Perm(groups)[:3]
		seen := map[int]bool{}
		draw := func() int {
			for {
				group := likes[max(0, rng.IntN(6)-3)] // four of six, one of six, one of six
				if i := group*perGroup + rng.IntN(perGroup); !seen[i] {
					seen[i] = true
					return i
				}
			}
		}
		line := func(w *strings.Builder, n int) {
			fmt.Fprint(w, u)
			for range n {
				fmt.Fprint(w, " ", draw())
			}
			fmt.Fprintln(w)
		}
		line(&train, known)
		line(&test, held)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"train.txt": train.String(), "test.txt": test.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatIsServedIsAsGoodAsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	serve := func(ctx context.Context, shop *similarity.ShopData) (similarity.ShopAnswers, error) {
		o := Options{SearchSeconds: 1, Seed: 1, TempDir: t.TempDir(), Now: time.Now(), Progress: func(string, int, int) {}}
		return Lists(ctx, shop, o, slog.New(slog.NewTextHandler(io.Discard, nil)))
	}
	report, err := similarity.Evaluate(t.Context(), similarity.EvaluateOptions{
		Path: tastes(t), Format: "lightgcn", Seed: 1, BudgetSeconds: 1, K: 10, Serve: serve,
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Served.Algorithm == "" || len(report.Served.Parameters) == 0 {
		t.Errorf("served with %q %v", report.Served.Algorithm, report.Served.Parameters)
	}
	if got := report.Served.Ratio["ndcg@10"]; got < .98 {
		t.Errorf("served NDCG is %.3f of that of %s: %v", got, report.Selected, report.Served.Metrics)
	}
}

func TestAShopIsToldOfRowsAndNotOfTests(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	o := Options{Now: now, Seed: 1}
	ids := []string{"a", "b", "c"}
	row := []similarity.ShopEntry{{Item: 0, Value: 10}, {Item: 2, Value: 1}}
	for name, c := range map[string]struct {
		shop   similarity.ShopData
		events string
		asked  string
	}{
		"a history": {
			similarity.ShopData{
				Relation: "similar", Ordered: true, Rows: [][]similarity.ShopEntry{row}, Cases: []similarity.ShopCase{{Row: 0}},
			},
			"purchase visitor-0 a; purchase visitor-0 c", "home.for_you visitor-0 [] 0",
		},
		"what came at the same time is one order": {
			similarity.ShopData{
				Relation: "similar", Ordered: true, Cases: []similarity.ShopCase{{Row: 0}},
				Rows: [][]similarity.ShopEntry{{{Item: 0}, {Item: 2, Together: true}, {Item: 1}}},
			},
			"purchase visitor-0 a c; purchase visitor-0 b", "home.for_you visitor-0 [] 0",
		},
		"ratings of ten steps become five": {
			similarity.ShopData{
				Relation: "similar", Ordered: true, Liked: 8, Rows: [][]similarity.ShopEntry{row}, Cases: []similarity.ShopCase{{Row: 0}},
			},
			"rate visitor-0 a 5; rate visitor-0 c 1", "home.for_you visitor-0 [] 0",
		},
		"an order, those of long ago left out": {
			similarity.ShopData{
				Relation: "bought_together", Rows: [][]similarity.ShopEntry{row, row}, RowTimes: []int64{0, 40_000_000}, Until: 40_000_060,
				Cases: []similarity.ShopCase{{Row: -1, Seeds: []int32{1}}},
			},
			"purchase visitor-1 a c", "cart.complementary case-0 [b] 0",
		},
		"a session": {
			similarity.ShopData{
				Relation: "viewed_next", Rows: [][]similarity.ShopEntry{row}, Cases: []similarity.ShopCase{{Row: -1, Seeds: []int32{2, 1}}},
			},
			"view_item session-0 a; view_item session-0 c", "product_detail.next case-0 [] 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.shop.Items = ids
			var said []string
			for _, e := range events(&c.shop, &o) {
				if e.OccurredAt.After(now) {
					t.Errorf("an event of the future: %v", e.OccurredAt)
				}
				said = append(said, text(&e))
			}
			if got := strings.Join(said, "; "); got != c.events {
				t.Errorf("events are %q, want %q", got, c.events)
			}
			q := question(&c.shop, 0, now)
			if got := fmt.Sprint(q.Scenario, " ", q.UserID+q.SessionID, " ", q.Cart, " ", len(q.Events)); got != c.asked {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
		})
	}
}

func text(e *profileapi.Event) string {
	words := []string{e.Type, e.UserID + e.SessionID}
	if e.ItemID != "" {
		words = append(words, e.ItemID)
	}
	for _, line := range e.Items {
		words = append(words, line.ItemID)
	}
	if e.Value != nil {
		words = append(words, fmt.Sprint(*e.Value))
	}
	return strings.Join(words, " ")
}
