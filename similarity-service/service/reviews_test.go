package service_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestReviewsAreSummedUpByARecompute has three buyers of a product and its variant, of whom one thinks again.
func TestReviewsAreSummedUpByARecompute(t *testing.T) {
	t.Parallel()
	p := shop(1)
	p.items = append(
		p.items, profileapi.Item{ItemID: "coat", Title: "Coat", Language: "en"}, profileapi.Item{ItemID: "coat-m", ParentID: "coat"},
	)
	review := func(user, item string, rating float64, text string) profileapi.Event {
		e := profileapi.Event{Type: "review", UserID: user, ItemID: item, Text: text}
		if rating > 0 {
			e.Rating = &rating
		}
		return e
	}
	p.said = []profileapi.Event{
		review("a", "coat", 1, "The zip is bad."), review("b", "coat-m", 5, "Lovely lining, but the zip broke."),
		review("c", "coat", 0, "I love the lining"),
		review("d", itemID(0, 0), 3, ""), review("a", "coat-m", 4, "They sent a new one: the zip is great."),
	}
	c := start(t, p, settings(t))
	var before similarityapi.ItemReviews
	eventually(t, "the item is known", func() (err error) {
		before, err = c.ItemReviews(deadline(t), "coat")
		return err
	})
	if before.Count != 0 || !before.AsOf.IsZero() {
		t.Errorf("before a recompute: %+v", before)
	}
	recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
	got, err := c.ItemReviews(deadline(t), "coat-m")
	if err != nil {
		t.Fatal(err)
	}
	mean := (9 + 5*4.0) / (2 + 5) // 4 and 5, and five of the shop's mean of 3, 4 and 5
	raw := 4.5
	if got.AsOf.IsZero() {
		t.Error("it is not said when the reviews were read")
	}
	got.AsOf = before.AsOf
	want := similarityapi.ItemReviews{
		ItemID: "coat-m", Count: 3, Rated: 2, MeanRating: &mean, RawMean: &raw, Ratings: []int{0, 0, 0, 1, 1}, Texts: 3,
		Unrated: similarityapi.UnratedTexts{Texts: 1, Pleased: 1},
		Aspects: []similarityapi.ReviewAspect{
			{Term: "lining", Language: "en", Mentions: 2, Pleased: 2},
			{Term: "zip", Language: "en", Mentions: 2, Pleased: 1, Displeased: 1},
		},
		Sentiment: similarityapi.ReviewSentiment{
			Method:   similarityapi.SentimentWordList,
			WordList: &similarityapi.SentimentEvaluation{Texts: 2, Pleased: 1, Accuracy: .5, AUC: .5},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := c.ItemReviews(deadline(t), "nothing"); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("an unknown item: %v", err)
	}
	p.set(func(p *peer) { p.said, p.events = nil, nil })
	recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
	if got, err := c.ItemReviews(deadline(t), "coat"); err != nil || got.Count != 0 || len(got.Aspects) != 0 {
		t.Errorf("reviews that were erased leave %+v, %v, though too few events are left for a model", got, err)
	}
}
