package evaluate

import (
	"errors"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// NextItem is the session model, which competes on sessions beside popularity and cosine.
const NextItem = "next_item"

const (
	// searchSeconds is the nominal cost of one evaluation of the session search per million clicks, eachSeconds of any.
	searchSeconds = 1.2
	eachSeconds   = .2
	// leastSeconds go into the search whatever the budget, up to manyEvaluations: its parameters are many, and the first two passes
	// over them gain most. On Diginetica 176 evaluations instead of 60 gained 1.7 % of NDCG on later sessions of the training part.
	leastSeconds = 120
	// fewEvaluations are made however large the data.
	fewEvaluations, manyEvaluations, mostEvaluations = 40, 120, 400
)

// sessionEvaluations is the number of points that the search tries within a budget on so many clicks.
func sessionEvaluations(budget float64, clicks int) int {
	each := searchSeconds*float64(clicks)/1e6 + eachSeconds
	least := min(max(leastSeconds/each, fewEvaluations), manyEvaluations)
	return int(min(max(budget/each, least), mostEvaluations))
}

// nextItemFamily is the family of package sessions, whose parameters it takes over. Low and
// High are so wide because each parameter is checked there.
func nextItemFamily() family {
	f := family{
		name: NextItem, relations: []string{dataset.ViewedNext}, search: searchNextItem,
		read: func(r *Recipe) (member, error) {
			m, err := decode(r, nextItem{})
			if err == nil && m.Session == nil {
				err = errors.New("recipe of " + NextItem + " without session parameters")
			}
			return m, err
		},
	}
	for _, name := range sessions.Searched() {
		f.parameters = append(f.parameters, Parameter{Name: name, Low: -2, High: 500, Means: "see Params of the session model"})
	}
	return f
}

// nextItem is a session model. report is of its search, nil for one that was read from a
// recipe.
type nextItem struct {
	Session *sessions.Params `json:"session"`
	report  *sessions.SearchReport
}

// sessionSearch are the options of the search on the data of s.
func (s *search) sessionSearch() sessions.SearchOptions {
	return sessions.SearchOptions{
		Train: s.data.Sessions, Items: s.data.Items.Len(), Seed: s.o.Seed, Workers: s.o.Workers, Pinned: s.o.Pinned[NextItem],
		Evaluations: sessionEvaluations(s.o.BudgetSeconds, s.data.Interactions()),
		Progress:    s.o.progress("search " + NextItem), Cancelled: s.o.Stop,
	}
}

// searchNextItem leaves the search to package sessions, which is guided by MRR, and validates
// what it chose on the cases of this run.
func searchNextItem(s *search) (*candidate, error) {
	o := s.sessionSearch()
	o.Tried = func(p sessions.Params, a sessions.Accuracy) {
		s.path = append(s.path, Point{map[string]any{"session": p}, a.MRR})
	}
	if s.o.Elsewhere != nil {
		o.Ahead = s.o.Elsewhere.Ahead()
	}
	p, report, err := sessions.Search(o)
	if errors.Is(err, sessions.ErrCancelled) {
		return nil, neighbours.ErrStopped
	}
	if err != nil {
		return nil, err
	}
	return s.score(NextItem, nextItem{&p, &report})
}

func (m nextItem) parameters(*search) map[string]any {
	out := map[string]any{"session": *m.Session}
	if m.report != nil {
		out["search"] = *m.report
	}
	return out
}

func (m nextItem) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	t, err := m.of(s, s.data.Sessions[:heldOut.Rows])
	if err != nil {
		return nil, err
	}
	return heldOut.Measure(t, s.train, s.o.ranking())
}

func (m nextItem) build(s *search) (*rank.Model, error) { return m.of(s, s.data.Sessions) }

// of builds the model from sessions of the data.
func (m nextItem) of(s *search, train [][]int32) (*rank.Model, error) {
	model, err := sessions.Build(train, s.data.Items.Len(), *m.Session)
	return &rank.Model{Sessions: model}, err
}
