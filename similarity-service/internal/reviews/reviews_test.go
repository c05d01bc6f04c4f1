package reviews_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/reviews"
)

func sum(t *testing.T, list []reviews.Review, texts reviews.Texts) reviews.Sums {
	t.Helper()
	sums, err := reviews.Sum(list, texts, t.Context().Err)
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func english(string) string { return "en" }

func TestMeansAreDrawnToThatOfTheShop(t *testing.T) {
	t.Parallel()
	list := []reviews.Review{{ItemID: "few", Rating: 5}, {ItemID: "none", Text: "Well"}}
	for range 19 {
		list = append(list, reviews.Review{ItemID: "many", Rating: 3})
	}
	sums := sum(t, list, reviews.Texts{})
	shop := (5 + 19*3.0) / 20
	for id, want := range map[string]float64{"few": (5 + 5*shop) / 6, "many": (57 + 5*shop) / 24} {
		if got := sums.Items[id].MeanRating; got == nil || math.Abs(*got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
	if got := sums.Items["none"]; got.MeanRating != nil || got.RawMean != nil || got.Count != 1 || got.Texts != 1 {
		t.Errorf("an item without ratings: %+v", got)
	}
	if got := sum(t, nil, reviews.Texts{}); len(got.Items) != 0 || got.Sentiment.Method != similarityapi.SentimentWordList {
		t.Errorf("no reviews: %+v", got)
	}
}

func TestAspects(t *testing.T) {
	t.Parallel()
	leather := func(text, _ string) []reviews.Named {
		if strings.Contains(text, "real leather") {
			return []reviews.Named{{Kind: "material", Value: "leather", Words: []string{"real", "leather"}}}
		}
		return nil
	}
	sums := sum(t, []reviews.Review{
		{ItemID: "bag", Text: "The real leather is great. The strap broke.", Rating: 4},
		{ItemID: "bag", Text: "Straps are bad, real leather though", Rating: 2},
		{ItemID: "bag", Text: "Good pocket", Rating: 5},
		{ItemID: "mug", Text: "Great handle. Not a great lid. 350 ml", Rating: 4},
		{ItemID: "mug", Text: "The handle is solid; a bad lid", Rating: 3},
	}, reviews.Texts{Language: english, Entities: leather})
	want := map[string][]similarityapi.ReviewAspect{
		"bag": {
			{Term: "leather", Kind: "material", Mentions: 2, Pleased: 1, Displeased: 1},
			{Term: "strap", Language: "en", Mentions: 2, Displeased: 2},
		},
		"mug": {{Term: "handle", Language: "en", Mentions: 2, Pleased: 2}, {Term: "lid", Language: "en", Mentions: 2, Displeased: 2}},
	}
	for id, aspects := range want {
		if diff := cmp.Diff(aspects, sums.Items[id].Aspects); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

func TestTextsWithoutRatingsAreJudgedByThoseWith(t *testing.T) {
	t.Parallel()
	var list []reviews.Review
	for n := range 300 { // words that no list has
		text, rating := "zorblig thing", 5.0
		if n%3 == 0 {
			text, rating = "plumpf thing", 1
		}
		list = append(list, reviews.Review{ItemID: fmt.Sprint(n % 7), Text: text, Rating: rating})
	}
	for _, text := range []string{"zorblig", "zorblig again", "plumpf", "something else"} {
		list = append(list, reviews.Review{ItemID: "new", Text: text})
	}
	sums := sum(t, list, reviews.Texts{Language: english})
	if got, want := sums.Items["new"].Unrated, (similarityapi.UnratedTexts{Texts: 4, Pleased: 2, Displeased: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	s := sums.Sentiment
	if s.Method != similarityapi.SentimentLearnt || s.Learnt.Accuracy != 1 || s.Learnt.AUC != 1 || s.WordList.AUC != .5 {
		t.Errorf("sentiment: %s, %+v, %+v", s.Method, s.Learnt, s.WordList)
	}
	slices.Reverse(list)
	if diff := cmp.Diff(sums.Items["3"], sum(t, list, reviews.Texts{Language: english}).Items["3"]); diff != "" {
		t.Errorf("the order of the reviews counts: %s", diff)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	bucket, err := blob.Open(t.Context(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, ctx := reviews.Store{Bucket: bucket}, t.Context()
	if exists, err := store.Exists(ctx, "north"); exists || err != nil {
		t.Errorf("an empty store: %v, %v", exists, err)
	}
	var list []reviews.Review
	for n := range 1200 {
		list = append(list, reviews.Review{ItemID: fmt.Sprint("i", n), Rating: float64(1 + n%5)})
	}
	first := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	for day, reviewed := range [][]reviews.Review{list, list[:700], nil} {
		if err := store.Put(ctx, "north", sum(t, reviewed, reviews.Texts{}), first.AddDate(0, 0, day)); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 699, 700, 1199} {
			got, ok, err := store.Item(ctx, "north", fmt.Sprint("i", n))
			if err != nil || ok != (n < len(reviewed)) || !got.AsOf.Equal(first.AddDate(0, 0, day)) {
				t.Errorf("day %d, item %d: %+v, %v, %v", day, n, got, ok, err)
			}
			if ok && got.Ratings[n%5] != 1 {
				t.Errorf("day %d, item %d: ratings %v", day, n, got.Ratings)
			}
		}
		if names, err := bucket.List(ctx, "shops/north/reviews"); err != nil || len(names) != 4-day {
			t.Errorf("day %d leaves %v, %v", day, names, err)
		}
	}
	if _, ok, err := store.Item(ctx, "south", "i0"); ok || err != nil {
		t.Errorf("another shop: %v, %v", ok, err)
	}
}

func TestSummingStops(t *testing.T) {
	t.Parallel()
	list := make([]reviews.Review, 50)
	for n := range list {
		list[n] = reviews.Review{ItemID: "mug", Rating: 4, Text: "Great glaze"}
	}
	asked := 0
	_, err := reviews.Sum(list, reviews.Texts{}, func() error {
		if asked++; asked == 70 { // while sums are made
			return context.Canceled
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || asked != 70 {
		t.Errorf("%v after %d questions", err, asked)
	}
}

func ExampleSum() {
	sums, err := reviews.Sum([]reviews.Review{
		{ItemID: "mug", Rating: 5, Text: "A lovely glaze"}, {ItemID: "mug", Rating: 4, Text: "Great glaze, nice handle"},
	}, reviews.Texts{Language: func(string) string { return "en" }}, func() error { return nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range sums.Items["mug"].Aspects {
		fmt.Println(a.Term, a.Mentions, a.Pleased)
	}
	// Output: glaze 2 2
}
