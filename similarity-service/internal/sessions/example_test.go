package sessions_test

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

func ExampleBuild() {
	train := [][]int32{{0, 1, 2}, {3, 1, 4}, {0, 1, 2}} // oldest first
	m, err := sessions.Build(train, 5, sessions.DefaultParams())
	if err != nil {
		fmt.Println(err)
		return
	}
	best := m.Recommend([]int32{0, 1}, 1)[0]
	fmt.Println("next item", best.Item)
	for _, c := range m.Explain([]int32{0, 1}, best.Item) {
		fmt.Println("because of", c.Seed)
	}
	// Output:
	// next item 2
	// because of 1
	// because of 0
}
