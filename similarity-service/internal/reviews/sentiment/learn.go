package sentiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/optimize"
)

const (
	// leastRatings is how many texts with a rating there must be to learn from, and leastEach how many of each kind.
	leastRatings = 200
	leastEach    = 20
	// mostRatings is how many are learnt from at most.
	mostRatings = 20_000
	// leastTexts is in how many texts a word must be to count, and mostFeatures how many words count.
	leastTexts   = 2
	mostFeatures = 20_000
	// penalty is what the square of a weight costs, in the unit of one text's loss.
	penalty = 1.0
	// folds is how many parts the texts are divided into to measure the model: each is judged by a model of the others.
	folds = 5
)

// Rated is a text with its rating, 1 to 5.
type Rated struct {
	Text
	Rating float64
}

// Evaluation says how well a way of telling sentiment does on ratings that it has not seen.
type Evaluation struct {
	Texts    int     // that say clearly whether the writer is pleased
	Pleased  float64 // share of them: what is right when everybody is taken for the more frequent kind is the larger of this and 1 − this
	Accuracy float64 // share that is told rightly
	AUC      float64 // probability that a pleased writer gets the larger value than a displeased one
}

// Result is a model with what it was chosen by.
type Result struct {
	Model  *Model
	Learnt Evaluation // of logistic regression, by cross-validation; zero when there are too few ratings
	List   Evaluation // of the word list on the same texts
}

// Learn makes a model of texts with ratings: logistic regression when there are at least 200 that say clearly whether the writer is
// pleased, with 20 of each kind, and when it tells them apart better than the word list; otherwise the word list. The order of the texts
// says which are taken, the first 20,000, and in which part each is; equal lists make equal models. It ends with the error of
// stop, which is asked before each fit and in each of its iterations. Cost O(words·iterations).
//
// The loss is Σ ln(1 + exp(−y·z)) + ½·Σw² with z = b + Σw/√n over the n words of a text, minimised by L-BFGS.
func Learn(rated []Rated, stop func() error) (Result, error) {
	r := newReader()
	result := Result{Model: &Model{reader: r}}
	texts := r.examples(rated)
	if err := stop(); err != nil {
		return result, err
	}
	pleased := 0
	for _, e := range texts {
		if e.pleased {
			pleased++
		}
	}
	result.List = evaluate(texts, func(int) *Model { return result.Model })
	if len(texts) < leastRatings || min(pleased, len(texts)-pleased) < leastEach {
		return result, nil
	}
	var models [folds]*Model
	for f := range models {
		var others []example
		for n, e := range texts {
			if n%folds != f {
				others = append(others, e)
			}
		}
		m, err := fit(r, others, stop)
		if err != nil {
			return result, err
		}
		models[f] = m
	}
	result.Learnt = evaluate(texts, func(n int) *Model { return models[n%folds] })
	if result.Learnt.AUC <= result.List.AUC {
		return result, nil
	}
	m, err := fit(r, texts, stop)
	if err == nil {
		result.Model = m
	}
	return result, err
}

// example is a text that can be learnt from.
type example struct {
	text     Text
	features []string
	pleased  bool
}

func (r *reader) examples(rated []Rated) []example {
	var list []example
	for _, t := range rated {
		if t.Rating > Displeased && t.Rating < Pleased || len(list) == mostRatings {
			continue
		}
		if features := r.features(r.tokens(t.Text), t.Language); len(features) > 0 {
			list = append(list, example{t.Text, features, t.Rating >= Pleased})
		}
	}
	return list
}

// fit learns the weights of words; stop is asked once an iteration.
func fit(r *reader, texts []example, stop func() error) (*Model, error) {
	m := &Model{reader: r, features: frequent(texts)}
	rows := make([][]int32, len(texts))
	for n, e := range texts {
		rows[n] = m.row(e.features)
	}
	words := len(m.features)
	problem := optimize.Problem{
		Func: func(w []float64) float64 { return loss(w, rows, texts) },
		Grad: func(grad, w []float64) { gradient(grad, w, rows, texts) },
		Status: func() (optimize.Status, error) {
			if err := stop(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := optimize.Settings{GradientThreshold: 1e-4 * float64(len(texts)), MajorIterations: 200, Concurrent: 1}
	found, err := optimize.Minimize(problem, make([]float64, words+1), &settings, &optimize.LBFGS{})
	if err != nil {
		return nil, fmt.Errorf("learn sentiment from %d texts with %d words: %w", len(texts), words, err)
	}
	m.weights, m.bias = found.X[:words], found.X[words]
	return m, nil
}

// frequent numbers the words that count, in order of their names.
func frequent(texts []example) map[string]int32 {
	counts := map[string]int{}
	for _, e := range texts {
		for _, f := range e.features {
			counts[f]++
		}
	}
	var names []string
	for f, n := range counts {
		if n >= leastTexts {
			names = append(names, f)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	names = names[:min(len(names), mostFeatures)]
	slices.Sort(names)
	numbers := make(map[string]int32, len(names))
	for n, f := range names {
		numbers[f] = int32(n)
	}
	return numbers
}

func sign(pleased bool) float64 {
	if pleased {
		return 1
	}
	return -1
}

// loss is that of weights, the last of which is the bias.
func loss(w []float64, rows [][]int32, texts []example) (sum float64) {
	bias := w[len(w)-1]
	for n, x := range rows {
		z := sign(texts[n].pleased) * (bias + dot(w, x))
		sum += math.Max(0, -z) + math.Log1p(math.Exp(-math.Abs(z)))
	}
	for _, v := range w[:len(w)-1] {
		sum += penalty * v * v / 2
	}
	return sum
}

func gradient(grad, w []float64, rows [][]int32, texts []example) {
	last := len(w) - 1
	for n := range last {
		grad[n] = penalty * w[n]
	}
	grad[last] = 0
	for n, x := range rows {
		y := sign(texts[n].pleased)
		g := -y * logistic(-y*(w[last]+dot(w, x)))
		grad[last] += g
		for _, at := range x {
			grad[at] += g / math.Sqrt(float64(len(x)))
		}
	}
}

// evaluate judges every text by the model that modelOf gives for it.
func evaluate(texts []example, modelOf func(n int) *Model) Evaluation {
	e := Evaluation{Texts: len(texts)}
	if len(texts) == 0 {
		return e
	}
	type judged struct {
		p       float64
		pleased bool
	}
	list, right, pleased := make([]judged, len(texts)), 0, 0
	for n, t := range texts {
		p, _ := modelOf(n).Probability(t.text)
		list[n] = judged{p, t.pleased}
		if (p > .5) == t.pleased {
			right++
		}
		if t.pleased {
			pleased++
		}
	}
	e.Accuracy, e.Pleased = float64(right)/float64(len(texts)), float64(pleased)/float64(len(texts))
	if pleased == 0 || pleased == len(texts) {
		e.AUC = .5
		return e
	}
	// The AUC is the mean rank of the pleased, ties sharing theirs (Mann and Whitney, 1947).
	slices.SortFunc(list, func(a, b judged) int { return cmp.Compare(a.p, b.p) })
	ranks := 0.0
	for from := 0; from < len(list); {
		to := from
		for to < len(list) && list[to].p == list[from].p {
			to++
		}
		for _, j := range list[from:to] {
			if j.pleased {
				ranks += float64(from+to+1) / 2
			}
		}
		from = to
	}
	good, bad := float64(pleased), float64(len(texts)-pleased)
	e.AUC = (ranks - good*(good+1)/2) / (good * bad)
	return e
}
