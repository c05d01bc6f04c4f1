package table_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// A table in German, whose separator, columns and decimal mark are found out.
func ExampleReader() {
	file := strings.NewReader("Artikelnummer;Bezeichnung;Preis\nT-1;Tasse;9,50 €\nM-1;Mühle;1.299 €\n")
	reader, err := table.Open(file, table.Options{Known: table.Known(table.Items)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	sample := reader.Sample(1000)
	plan, err := table.NewPlan(table.Items, reader.Columns, table.PlanOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan.Learn(sample)
	id, price := plan.Column("item_id"), plan.Column("price")
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		amount, why := plan.Columns[price].Numbers.Parse(record.Value(price))
		fmt.Printf("%s costs %v %s%s\n", record.Value(id), amount.Value, amount.Currency, why)
	}
	// Output:
	// T-1 costs 9.5 EUR
	// M-1 costs 1299 EUR
}
