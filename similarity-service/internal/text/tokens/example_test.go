package tokens_test

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

func ExampleAnalyser() {
	a := tokens.New("de")
	fmt.Println(a.Normalise("<b>Die</b> ROTEN  Schuhe"))
	for _, t := range a.Tokens("<b>Die</b> ROTEN Schuhe", 10) {
		fmt.Printf("%s %q stop: %v\n", t.Text, t.Stem, t.Stop)
	}
	fmt.Println(a.Terms("<b>Die</b> ROTEN Schuhe", 10))
	// Output:
	// die roten schuhe
	// die "" stop: true
	// roten "rot" stop: false
	// schuhe "schuh" stop: false
	// [rot schuh]
}
