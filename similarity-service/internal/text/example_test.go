package text_test

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/text"
)

func ExampleIndex() {
	ix, err := text.NewIndex(text.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	ix.Upsert(text.Item{ID: "a", Title: "Red coffee mug", Language: "en"})
	ix.Upsert(text.Item{ID: "b", Title: "Blue coffee mugs", Language: "en"})
	ix.Upsert(text.Item{ID: "c", Title: "Running shoes", Language: "en"})
	for _, n := range ix.Similar("a", 10) {
		fmt.Println(n.ID)
	}
	// Output: b
}
