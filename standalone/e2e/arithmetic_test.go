package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	aisleclient "github.com/aisle-rec/aisle/sdk/go"
)

// TestTheArithmeticOfSixOrders runs docs/models.md as it stands, computes its weights and scores from the counts of its first table, and
// wants each number in the answers and on the page.
func TestTheArithmeticOfSixOrders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	page, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startStandalone(t, t.TempDir())
	blocks := commandsOf(t, "models.md")
	functions, _, _ := strings.Cut(blocks[0], "\n")
	run := func(block string) string {
		t.Helper()
		block = strings.ReplaceAll(functions+"\n"+block, "127.0.0.1:8080", d.programs[0].address)
		out, err := shell(ctx, t.TempDir(), block)
		if err != nil || refusal.Match(out) {
			t.Fatalf("%v\n%s\n%s", err, block, out)
		}
		return string(out)
	}
	run(blocks[0])
	shop := aisleclient.New("http://" + d.programs[0].address)
	eventually(t, ctx, "the model", func() error {
		list, err := shop.GetSimilarities(ctx, "tea", aisleclient.GetSimilaritiesParams{Relation: "similar"})
		if err == nil && list.Source != "behaviour" {
			err = errors.New("there is none")
		}
		return err
	})

	support := map[string]float64{"tea": 4, "mug": 4, "kettle": 2, "tray": 2}
	cosine := func(a, b string, both float64) float64 {
		return float64(float32(both) * (float32(1/math.Sqrt(support[a])) * float32(1/math.Sqrt(support[b]))))
	}
	teaMug, teaKettle, trayMug := cosine("tea", "mug", 3), cosine("tea", "kettle", 2), cosine("tray", "mug", 1)
	lists := run(blocks[1])
	for _, want := range []string{
		fmt.Sprintf(`{"item_id":"mug","score":%v,`, teaMug), fmt.Sprintf(`{"item_id":"kettle","score":%v,`, teaKettle),
		`"algorithm":"cosine"`,
		`"weight":0.75`, `"support":4,"other_support":4`,
	} {
		if !strings.Contains(lists, want) {
			t.Errorf("the lists lack %s: %s", want, lists)
		}
	}

	var answer aisleclient.Answer
	if err := json.Unmarshal([]byte(run(blocks[2])), &answer); err != nil {
		t.Fatal(err)
	}
	scale := 1 / (1*trayMug + 0.5*teaMug) // the best candidate scores the source's weight, 1
	want := map[string][]float64{"mug": {scale * trayMug, scale / 2 * teaMug}, "kettle": {scale / 2 * teaKettle}}
	for _, item := range answer.Items[:2] {
		sum := 0.
		for n, c := range item.Explanation.Contributions {
			if c.Value != c.Factor*c.Similarity || math.Abs(c.Value-want[item.ItemID][n]) > 1e-12 {
				t.Errorf("%s: contribution %d is %+v, want %v", item.ItemID, n, c, want[item.ItemID][n])
			}
			row := fmt.Sprintf("| %s | %s | %v | %v | %v |", item.ItemID, c.SeedItemID, c.Factor, c.Similarity, c.Value)
			if !strings.Contains(string(page), row) {
				t.Errorf("the page lacks the row %s", row)
			}
			sum += c.Value
		}
		if len(item.Explanation.Contributions) != len(want[item.ItemID]) || sum != item.Explanation.BaseScore || sum != item.Score {
			t.Errorf("%s: the sum is %v, the answer says %v and %v", item.ItemID, sum, item.Explanation.BaseScore, item.Score)
		}
	}
	for _, number := range []float64{teaMug, teaKettle, trayMug, answer.Items[0].Score, answer.Items[1].Score} {
		if !strings.Contains(string(page), fmt.Sprint(number)) {
			t.Errorf("the page lacks %v", number)
		}
	}
}
