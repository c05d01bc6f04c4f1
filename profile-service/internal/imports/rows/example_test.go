package rows_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/imports/rows"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// A table of items in which one price cannot be read and one word is not known.
func ExampleReader() {
	file := strings.NewReader("Artikelnummer;Preis;Verfügbarkeit\nT-1;9,50 €;ja\nM-1;neu;ja\nK-1;12 €;bald\n")
	reader, err := rows.Open(context.Background(), profileapi.ImportSpec{Kind: "items"}, file, time.Now())
	if err != nil {
		fmt.Println(err)
	}
	defer reader.Close()
	row, err := reader.Next()
	for ; err == nil; row, err = reader.Next() {
		fmt.Printf("%d %s\n", row.Line, row.Object)
		if row.Bad != nil {
			fmt.Printf("  %s: %s\n", row.Column("/price"), row.Bad.Message)
		}
		for _, w := range row.Warnings {
			fmt.Printf("  %s: %s, %q\n", w.Column, w.Code, row.Value("/item_id"))
		}
	}
	fmt.Println(err, reader.Notes())
	for _, c := range reader.Columns() {
		fmt.Println(c.Column, c.How, c.Field)
	}
	// Output:
	// 2 {"currency":"EUR","item_id":"T-1","price":9.5,"stock":{"status":"in_stock"}}
	// 3 {"item_id":"M-1","price":"neu","stock":{"status":"in_stock"}}
	//   Preis: The value is not a number such as 12.50.
	// 4 {"currency":"EUR","item_id":"K-1","price":12}
	//   Verfügbarkeit: unknown_word, "K-1"
	// EOF [Separator: ;.]
	// Artikelnummer known item_id
	// Preis known price
	// Verfügbarkeit known stock.status
}
