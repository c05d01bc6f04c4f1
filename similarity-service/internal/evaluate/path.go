package evaluate

import "github.com/aisle-rec/aisle/similarity-service/internal/metrics"

// Point is a member of a family that a search tried, with what guides the search: its NDCG on held-out cases, of sessions their MRR.
type Point struct {
	Parameters map[string]any
	Score      float64
}

// tried notes a point of the family that is searched.
func (s *search) tried(m member, cases []metrics.Accuracy) {
	s.path = append(s.path, Point{m.parameters(s), metrics.Mean(cases).NDCG})
}
