// Package sentiment says how pleased the writer of a text is. It learns that from texts that came with a rating (logistic regression on the
// words' stems), measures itself on ratings that it has not seen, and uses a small list of words where there are too few to learn from. The
// main type is Model.
package sentiment

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

// Ratings that say that somebody was pleased, from Pleased on, or not, up to Displeased. Those between say neither and are not learnt from.
const (
	Pleased    = 4.0
	Displeased = 2.0
)

const (
	// textTokens is how many words of a text are read.
	textTokens = 400
	// negated is how many words behind a negation mean their opposite.
	negated = 2
)

// Text is a text in a language, given by its code.
type Text struct {
	Language string
	Text     string
}

// Model tells how pleased the writer of a text is. It is safe for concurrent use.
type Model struct {
	reader   *reader
	features map[string]int32 // nil: the word list tells
	weights  []float64        // of the features
	bias     float64
}

// Probability returns how likely the writer is pleased, above 0 and below 1, and whether the text says anything about it: whether it has a
// word that the model knows.
func (m *Model) Probability(t Text) (p float64, known bool) {
	return m.of(m.reader.tokens(t), t.Language)
}

func (m *Model) of(list []tokens.Token, language string) (p float64, known bool) {
	if m.features == nil {
		return m.reader.listed(list, language)
	}
	x := m.row(m.reader.features(list, language))
	if len(x) == 0 {
		return .5, false
	}
	return logistic(m.bias + dot(m.weights, x)), true
}

// Learnt reports whether the model was learnt from ratings; otherwise it is the word list.
func (m *Model) Learnt() bool { return m.features != nil }

// WordList returns the model of the word list, which knows English, German, French and Spanish.
func WordList() *Model { return &Model{reader: newReader()} }

// row returns the known features of a text.
func (m *Model) row(features []string) []int32 {
	var x []int32
	for _, f := range features {
		if at, ok := m.features[f]; ok {
			x = append(x, at)
		}
	}
	return x
}

// dot sums the weights of features, each scaled by one over the root of their number, so that long texts are not surer than short ones.
func dot(weights []float64, x []int32) (sum float64) {
	for _, at := range x {
		sum += weights[at]
	}
	return sum / math.Sqrt(float64(max(1, len(x))))
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// Tokens takes a text apart as the model does, without words that turn others round.
func (m *Model) Tokens(t Text) []tokens.Token {
	var list []tokens.Token
	each(m.reader.tokens(t), t.Language, func(t tokens.Token, _ bool) { list = append(list, t) })
	return list
}
