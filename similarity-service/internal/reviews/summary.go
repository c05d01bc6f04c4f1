// Package reviews sums up what buyers write and rate about items: how many, how good, what of. A recompute reads the reviews and makes
// the sums; texts and persons do not leave it. The sums are kept in the snapshot store, so that every replica answers the same. Nothing
// of it is used for ranking. The main type is Maker. Read maker.go first, which reads the
// events of a shop; summary.go sums them up, aspect.go finds what they speak of, store.go keeps
// the sums. Whether a text is pleased is told by the package sentiment below.
package reviews

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/reviews/sentiment"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
)

const (
	// prior is how many reviews with the mean rating of the shop are added to those of an item.
	// Otherwise one buyer with five stars would put an item above one with four and a half of a
	// hundred.
	prior = 5
	// aspectsKept is how many aspects of an item are kept, and aspectMentions in how many reviews each must be.
	aspectsKept, aspectMentions = 10, 2
)

// Review is one review of an item, or of the family that it belongs to.
type Review struct {
	ItemID string
	Rating float64 // 1 to 5; 0: none
	Text   string
}

// Texts is what the catalogue knows that helps to read reviews. Nil functions know nothing.
// Entities are called for each sentence; Words of what they return are in the form of the
// tokens of the sentence.
type Texts struct {
	Language func(itemID string) string // of an item, for reviews that are too short to tell
	Entities func(text, language string) []Named
}

// Named is an entity of the catalogue that stands in a text, with the words that it is written with.
type Named struct {
	Kind, Value string
	Words       []string
}

// Sums are those of a shop. Items are by the id of the item, or of its family where it belongs
// to one. AsOf and Sentiment of each are empty: the store fills them in when it is asked.
type Sums struct {
	Sentiment similarityapi.ReviewSentiment
	Items     map[string]*similarityapi.ItemReviews
}

// Sum reads reviews, the latest first. Equal lists give equal sums. It ends with the error of stop, which is asked
// for each review and while sentiment is learnt. Cost O(words of the texts) beside learning sentiment.
func Sum(list []Review, texts Texts, stop func() error) (Sums, error) {
	s := &summer{voter: language.NewVoter(), texts: texts, items: map[string]*item{}, mentioned: map[string]int{}}
	rated := make([]sentiment.Rated, 0, len(list))
	languages := make([]string, len(list))
	var total, count float64
	for n, r := range list {
		if err := stop(); err != nil {
			return Sums{}, err
		}
		if r.Rating > 0 {
			total, count = total+r.Rating, count+1
		}
		if languages[n] = s.language(r); r.Text != "" && r.Rating > 0 {
			rated = append(rated, sentiment.Rated{Text: sentiment.Text{Language: languages[n], Text: r.Text}, Rating: r.Rating})
		}
	}
	result, err := sentiment.Learn(rated, stop)
	if err != nil {
		return Sums{}, err
	}
	s.model = result.Model
	for n, r := range list {
		if err := stop(); err != nil {
			return Sums{}, err
		}
		s.add(r, languages[n])
	}
	sums := Sums{Sentiment: told(result), Items: make(map[string]*similarityapi.ItemReviews, len(s.items))}
	for id, i := range s.items {
		i.finish(s, total, count)
		sums.Items[id] = &i.out
	}
	return sums, nil
}

// told is the result in the form of the API, without an evaluation that had no texts.
func told(r sentiment.Result) similarityapi.ReviewSentiment {
	t := similarityapi.ReviewSentiment{Method: similarityapi.SentimentWordList}
	if r.Model.Learnt() {
		t.Method = similarityapi.SentimentLearnt
	}
	for _, e := range []struct {
		from sentiment.Evaluation
		to   **similarityapi.SentimentEvaluation
	}{{r.Learnt, &t.Learnt}, {r.List, &t.WordList}} {
		if e.from.Texts > 0 {
			v := similarityapi.SentimentEvaluation(e.from)
			*e.to = &v
		}
	}
	return t
}

// summer holds what is being summed up.
type summer struct {
	voter     *language.Voter
	texts     Texts
	model     *sentiment.Model
	items     map[string]*item
	mentioned map[string]int // aspect → items with it
}

// item is what is being summed up of one item.
type item struct {
	out     similarityapi.ItemReviews
	sum     float64
	aspects map[string]*aspect
}

// language tells the language of a review by its own words, helped by that of the item: people
// review in other languages than that of the catalogue, and a short text alone says little.
func (s *summer) language(r Review) string {
	known := ""
	if s.texts.Language != nil {
		known = s.texts.Language(r.ItemID)
	}
	return s.voter.Of(r.Text, known).Language
}

// add counts a review for its item. A rating counts by itself; a text counts too, by the words that it uses, and when it
// has no rating, by what the shop's sentiment makes of it. s.mentioned counts items, not mentions: it is what the
// inverse item frequency of an aspect is made of.
func (s *summer) add(r Review, language string) {
	i, ok := s.items[r.ItemID]
	if !ok {
		i = &item{out: similarityapi.ItemReviews{ItemID: r.ItemID, Ratings: make([]int, 5), Aspects: []similarityapi.ReviewAspect{}}}
		i.aspects = map[string]*aspect{}
		s.items[r.ItemID] = i
	}
	i.out.Count++
	if r.Rating > 0 {
		i.out.Rated++
		i.sum += r.Rating
		i.out.Ratings[int(min(max(math.Round(r.Rating), 1), 5))-1]++
	}
	if r.Text == "" {
		return
	}
	i.out.Texts++
	if r.Rating == 0 {
		i.unrated(s.model.Probability(sentiment.Text{Language: language, Text: r.Text}))
	}
	for key, m := range s.mentions(r, language) {
		a, ok := i.aspects[key]
		if !ok {
			a = &aspect{kind: m.kind, language: m.language, forms: map[string]int{}}
			i.aspects[key] = a
			s.mentioned[key]++
		}
		a.add(m)
	}
}

// unrated counts a text without a rating by the probability p that its writer is pleased. One
// that is not known, or even, counts as a text only.
func (i *item) unrated(p float64, known bool) {
	i.out.Unrated.Texts++
	switch {
	case known && p > .5:
		i.out.Unrated.Pleased++
	case known && p < .5:
		i.out.Unrated.Displeased++
	}
}

// finish makes means and aspects of what was added; total and count are of the ratings of the shop.
// The mean that is shown is (sum + prior·mean of the shop) / (n + prior). An aspect weighs its
// mentions times ln(1 + items / items with it), so that what is said of everything ("quality")
// comes last; equal ones go by name, as a map has no order.
func (i *item) finish(s *summer, total, count float64) {
	if n := float64(i.out.Rated); n > 0 {
		raw, shrunk := i.sum/n, (i.sum+prior*total/count)/(n+prior)
		i.out.RawMean, i.out.MeanRating = &raw, &shrunk
	}
	type weighed struct {
		similarityapi.ReviewAspect
		weight float64
	}
	var list []weighed
	for key, a := range i.aspects {
		if a.mentions < aspectMentions {
			continue
		}
		idf := math.Log(1 + float64(len(s.items))/float64(s.mentioned[key]))
		list = append(list, weighed{a.shown(), float64(a.mentions) * idf})
	}
	slices.SortFunc(list, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.Term, b.Term), strings.Compare(a.Kind, b.Kind),
			strings.Compare(a.Language, b.Language))
	})
	for _, a := range list[:min(len(list), aspectsKept)] {
		i.out.Aspects = append(i.out.Aspects, a.ReviewAspect)
	}
}
