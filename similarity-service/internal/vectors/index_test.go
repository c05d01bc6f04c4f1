package vectors_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/similarity-service/internal/vectors"
)

type spaces = map[string][]float32

var near = cmpopts.EquateApprox(0, 1e-6)

func ExampleIndex_Similar() {
	ix := vectors.NewIndex()
	ix.Upsert("red lamp", spaces{"picture": {1, 0, .1}})
	ix.Upsert("orange lamp", spaces{"picture": {.9, .1, .1}})
	ix.Upsert("sofa", spaces{"picture": {0, 0, 1}})
	for _, n := range ix.Similar("red lamp", 2) {
		fmt.Printf("%s %.2f\n", n.ID, n.Score)
	}
	// Output:
	// orange lamp 0.99
	// sofa 0.10
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	ix := vectors.NewIndex()
	ix.Upsert("a", spaces{"text": {3, 0}, "picture": {0, 2, 0}})
	ix.Upsert("b", spaces{"text": {1, 1}, "picture": {0, 1, 0}})
	ix.Upsert("c", spaces{"text": {5, 0}})
	ix.Upsert("d", spaces{"text": {-1, 0}})                  // the opposite
	ix.Upsert("e", spaces{"text": {1, 0, 0}})                // of another length
	ix.Upsert("f", spaces{"text": {0, 0}})                   // says nothing
	ix.Upsert("g", spaces{"picture": {0, 1, 0}})             // lacks the text
	ix.Upsert("h", spaces{"sound": {0, 1}})                  // another space
	ix.Upsert("i", spaces{"text": {float32(math.NaN()), 1}}) // no number
	half := 1 / math.Sqrt2
	for name, c := range map[string]struct {
		id   string
		k    int
		want []vectors.Neighbour
	}{
		"the mean over the item's spaces, ties by id": {
			"a", 9, []vectors.Neighbour{{ID: "b", Score: (1 + half) / 2}, {ID: "c", Score: .5}, {ID: "g", Score: .5}},
		},
		"the best k":                        {"a", 2, []vectors.Neighbour{{ID: "b", Score: (1 + half) / 2}, {ID: "c", Score: .5}}},
		"one space":                         {"c", 9, []vectors.Neighbour{{ID: "a", Score: 1}, {ID: "b", Score: half}}},
		"another length is another space":   {"e", 9, []vectors.Neighbour{}},
		"a vector of zeros is none":         {"f", 9, nil},
		"what is not a number is none":      {"i", 9, nil},
		"an item that is not there":         {"z", 9, nil},
		"nothing asked for, nothing to say": {"a", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(c.want, ix.Similar(c.id, c.k), near); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got, want := ix.Cosine("a", "b"), (1+half)/2; math.Abs(got-want) > 1e-6 {
		t.Errorf("the cosine of a and b is %v, want %v", got, want)
	}
}

// TestAnIndexForgetsHowItCameAbout compares an index that items came to, changed in and left with a new one of what is left.
func TestAnIndexForgetsHowItCameAbout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ix, left := vectors.NewIndex(), map[string]spaces{}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			id := rapid.StringMatching(`[a-f]`).Draw(t, "id")
			v := rapid.MapOfN(
				rapid.SampledFrom([]string{"x", "y"}), rapid.SliceOfN(rapid.Float32Range(-1, 1), 2, 3), 0, 2,
			).Draw(t, "vectors")
			ix.Upsert(id, v)
			left[id] = v
		}
		fresh := vectors.NewIndex()
		ids := slices.SortedFunc(maps.Keys(left), func(a, b string) int { return cmp.Compare(b, a) })
		for _, id := range ids {
			fresh.Upsert(id, left[id])
		}
		if ix.Fingerprint() != fresh.Fingerprint() {
			t.Fatal("the fingerprints differ")
		}
		for id := range left {
			if diff := gocmp.Diff(fresh.Similar(id, 3), ix.Similar(id, 3), near); diff != "" {
				t.Fatalf("%s (-fresh +got):\n%s", id, diff)
			}
		}
	})
}

// BenchmarkSimilar asks a space of 100,000 items of 384 numbers.
func BenchmarkSimilar(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	ix := vectors.NewIndex()
	v := make([]float32, 384)
	for n := range 100_000 {
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		ix.Upsert(fmt.Sprint(n), spaces{"picture": v})
	}
	for b.Loop() {
		if len(ix.Similar("7", 100)) != 100 {
			b.Fatal("too few")
		}
	}
}
