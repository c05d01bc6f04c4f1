package sentiment_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/reviews/sentiment"
)

// phrases are what buyers say of a part of a product when they are pleased or not; some use words that the word list lacks.
var phrases = map[string][2][]string{
	"en": {
		{
			"the %s is great", "I love the %s", "the %s fits like a glove", "would buy again for the %s",
			"the %s keeps what it promises", "nothing wrong with the %s",
		},
		{
			"the %s is terrible", "the %s came off after a week", "the %s runs small", "I am disappointed by the %s",
			"the %s is not good", "the %s went into the bin",
		},
	},
	"de": {
		{"%s ist super", "%s sitzt wie angegossen", "mit %s bin ich zufrieden", "%s hält was es verspricht",
			"%s würde ich wieder kaufen"},
		{
			"%s ist schlecht", "%s ging nach einer Woche ab", "%s fällt klein aus", "von %s bin ich enttäuscht",
			"%s ist nicht gut", "%s war nach zwei Tagen hin",
		},
	},
}

var parts = map[string][]string{
	"en": {"sole", "lining", "zip", "colour", "handle", "lid", "seam", "sleeve", "pocket", "size"},
	"de": {
		"die Sohle", "das Futter", "der Reißverschluss", "die Farbe", "der Griff", "der Deckel", "die Naht", "der Ärmel", "die Tasche",
		"die Größe",
	},
}

// reviews are n made-up ones: a tenth of the ratings and a fifth of the phrases say the opposite of what the writer means, seven of ten are
// pleased.
func reviews(seed uint64, n int) []sentiment.Rated {
	r := rand.New(rand.NewPCG(seed, 4))
	list := make([]sentiment.Rated, n)
	for i := range list {
		language := []string{"en", "de"}[r.IntN(2)]
		pleased := r.Float64() < .7
		var said []string
		for range 1 + r.IntN(4) {
			kind := 0
			if pleased != (r.Float64() < .8) {
				kind = 1
			}
			choice := phrases[language][kind]
			said = append(said, fmt.Sprintf(choice[r.IntN(len(choice))], parts[language][r.IntN(10)]))
		}
		rating := 1 + r.Float64()
		if pleased != (r.Float64() < .1) {
			rating = 4 + r.Float64()
		}
		if r.IntN(10) == 0 {
			rating = 3
		}
		list[i] = sentiment.Rated{Text: sentiment.Text{Language: language, Text: strings.Join(said, ". ")}, Rating: rating}
	}
	return list
}

func TestWhatIsLearntTellsBetterThanTheWordList(t *testing.T) {
	t.Parallel()
	got, err := sentiment.Learn(reviews(1, 2000), t.Context().Err)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("learnt %+v, word list %+v", got.Learnt, got.List)
	if !got.Model.Learnt() || got.Learnt.AUC < .8 || got.Learnt.Accuracy < got.Learnt.Pleased || got.Learnt.AUC <= got.List.AUC {
		t.Errorf("learnt %+v, word list %+v", got.Learnt, got.List)
	}
	for text, pleased := range map[string]bool{
		"en: the lid went into the bin": false, "en: the lid fits like a glove": true, "de: Der Griff ging nach einer Woche ab": false,
		"de: sitzt wie angegossen": true, "en: the zip is not good": false,
	} {
		language, words, _ := strings.Cut(text, ": ")
		p, known := got.Model.Probability(sentiment.Text{Language: language, Text: words})
		if !known || (p > .5) != pleased {
			t.Errorf("%s: %.2f, known %v", text, p, known)
		}
	}
	if _, known := got.Model.Probability(sentiment.Text{Language: "ja", Text: "茶"}); known {
		t.Error("a language that nobody wrote in says something")
	}
}

func TestTooFewRatingsLeaveTheWordList(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]sentiment.Rated{
		"none": nil, "too few": reviews(1, 150), "all pleased": pleased(reviews(2, 2000)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := sentiment.Learn(list, t.Context().Err)
			if err != nil || got.Model.Learnt() || got.Learnt != (sentiment.Evaluation{}) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func pleased(list []sentiment.Rated) (only []sentiment.Rated) {
	for _, r := range list {
		if r.Rating > 3 {
			only = append(only, r)
		}
	}
	return only
}

func TestTheWordList(t *testing.T) {
	t.Parallel()
	m := sentiment.WordList()
	for text, want := range map[string]float64{
		"en: A great mug, I love it": 3. / 4, "en: It is not good": 1. / 3, "en: It is not leaking": 2. / 3,
		"en: I don't recommend it, it broke":   1. / 4,
		"de: Sehr schöne Tasse, leider kaputt": 2. / 5, "de: nicht zu empfehlen": 1. / 3, "fr: Une belle tasse, très pratique": 3. / 4,
		"fr: Je ne suis pas content": 1. / 3, "es: Muy bonita, la recomiendo": 3. / 4, "es: No es buena": 1. / 3,
		"it: Bella": .5, "en: ": .5,
		"en: A mug": .5,
	} {
		language, words, _ := strings.Cut(text, ": ")
		p, known := m.Probability(sentiment.Text{Language: language, Text: words})
		if p != want || known != (want != .5) {
			t.Errorf("%s: %v, known %v, want %v", text, p, known, want)
		}
	}
	if !m.Opinion("en", "love") || m.Opinion("en", "mug") {
		t.Error("opinions are not told from things")
	}
}

func TestEqualRatingsMakeEqualModels(t *testing.T) {
	t.Parallel()
	list := reviews(3, 600)
	a, errA := sentiment.Learn(list, t.Context().Err)
	b, errB := sentiment.Learn(list, t.Context().Err)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if diff := cmp.Diff(a.Learnt, b.Learnt); diff != "" {
		t.Error(diff)
	}
	text := sentiment.Text{Language: "en", Text: "the sole came off, the colour is great"}
	pa, _ := a.Model.Probability(text)
	if pb, _ := b.Model.Probability(text); pa != pb {
		t.Errorf("%v and %v", pa, pb)
	}
}

func TestLearningStops(t *testing.T) {
	t.Parallel()
	for _, after := range []int{0, 1, 12} { // at once, before the first fit, and within one
		asked := 0
		_, err := sentiment.Learn(reviews(1, 2000), func() error {
			if asked++; asked > after {
				return context.Canceled
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || asked != after+1 {
			t.Errorf("told to stop after %d questions: %v, asked %d times", after, err, asked)
		}
	}
}

func ExampleLearn() {
	result, err := sentiment.Learn(nil, func() error { return nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	p, _ := result.Model.Probability(sentiment.Text{Language: "de", Text: "Nicht gut, leider kaputt"})
	fmt.Println(result.Model.Learnt(), p < .5)
	// Output: false true
}
