package recompute

import (
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
)

func TestAlgorithmsOfARequestThatCompete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ asked, want []string }{
		"none named: all":                              {nil, nil},
		"those for the relation":                       {[]string{evaluate.TwoHop, evaluate.NextItem}, []string{evaluate.TwoHop}},
		"none for the relation: all":                   {[]string{evaluate.NextItem}, nil},
		"a baseline alone is pinned":                   {[]string{evaluate.Cosine}, []string{evaluate.Cosine}},
		"a retired one is not left out without a word": {[]string{"llr"}, []string{"llr"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			task := &jobs.Task{Request: similarityapi.JobRequest{Algorithms: c.asked}}
			if got, _ := competing(stage{task: task, relation: similarityapi.Similar}); !slices.Equal(got, c.want) {
				t.Errorf("%v compete, want %v", got, c.want)
			}
		})
	}
}
