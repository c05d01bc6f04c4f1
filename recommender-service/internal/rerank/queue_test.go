package rerank

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
)

func TestTheQueueGivesTheBestFirst(t *testing.T) {
	t.Parallel()
	shop := catalogue.New(nil, nil, nil).Shop("north")
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = string(rune('z'-i%26)) + string(rune('a'+i/26))
	}
	shop.Intern(nil, ids)
	rapid.Check(t, func(t *rapid.T) {
		// Few distinct scores make many ties, many make few; and lists that are sorted already are the bad case of some selections.
		scores := rapid.SliceOfN(
			rapid.OneOf(rapid.Float64Range(0, 3), rapid.Map(rapid.IntRange(0, 3), func(n int) float64 { return float64(n) })), 0, len(ids),
		).Draw(t, "scores")
		switch rapid.IntRange(0, 2).Draw(t, "order") {
		case 1:
			slices.Sort(scores)
		case 2:
			slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })
		}
		want := make([]int32, len(scores))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortFunc(want, func(a, b int32) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(ids[a], ids[b])) })
		shop.Read(func(v *catalogue.View) {
			var q Queue
			q.Reset(v)
			for i, s := range scores {
				q.Add(int32(i), s)
			}
			got := make([]int32, 0, len(scores))
			for q.Len() > 0 {
				i, score, _ := q.Pop()
				if score != scores[i] {
					t.Fatalf("item %d comes with score %v, it has %v", i, score, scores[i])
				}
				got = append(got, i)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

// BenchmarkQueue takes the best 100 of 4,000 candidates.
func BenchmarkQueue(b *testing.B) {
	shop := catalogue.New(nil, nil, nil).Shop("north")
	for i := range 4000 {
		shop.Intern(nil, []string{strconv.Itoa(i)})
	}
	random := rand.New(rand.NewPCG(1, 2))
	scores := make([]float64, 4000)
	for i := range scores {
		scores[i] = random.Float64()
	}
	shop.Read(func(v *catalogue.View) {
		var q Queue
		for b.Loop() {
			q.Reset(v)
			for i, s := range scores {
				q.Add(int32(i), s)
			}
			for range 100 {
				q.Pop()
			}
		}
	})
}
