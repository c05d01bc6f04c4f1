package reviews_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/reviews"
)

// BenchmarkSum reads 20,000 reviews of some forty words.
func BenchmarkSum(b *testing.B) {
	words := strings.Fields("the lid is great and the handle feels solid, but the glaze came off after a week. I would not buy it again! " +
		"Colour as shown; a bit small for my taste, my family loves it though")
	var list []reviews.Review
	for n := range 20_000 {
		list = append(list, reviews.Review{
			ItemID: fmt.Sprint(n % 3000), Rating: float64(1 + n%5),
			Text: strings.Join(append(words[n%len(words):], words[:n%len(words)]...), " "),
		})
	}
	for b.Loop() {
		if _, err := reviews.Sum(list, reviews.Texts{Language: english}, b.Context().Err); err != nil {
			b.Fatal(err)
		}
	}
}
