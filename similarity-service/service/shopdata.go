package service

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

// ShopData is a data set for something that is to serve it: what it may learn from, and what it will be asked. Items are named by their
// place in Items.
type ShopData struct {
	Relation string // similar: rows are the histories of visitors; bought_together: orders; viewed_next: sessions
	Items    []string
	Rows     [][]ShopEntry
	Ordered  bool    // a row's oldest entry stands first
	RowTimes []int64 // Unix seconds of orders, rising; nil where they are not known
	Until    int64   // where the time of the test part of orders starts
	Liked    float32 // values are ratings, and this is the least that says that an item is liked; 0: they are no ratings
	Cases    []ShopCase
	K        int // length of the lists
}

// ShopEntry is one item of a row.
type ShopEntry struct {
	Item  int32
	Value float32 // rating or weight; 1 where there is none
	// Together says that it came at the same time as the entry before it.
	Together bool
}

// ShopCase asks for a list: for the visitor of a row, or, when Row is −1, for somebody who has just touched Seeds, oldest first.
type ShopCase struct {
	Row   int32
	Seeds []int32
}

// ShopAnswers are what the cases of a shop were answered with: a list of places in its items for each, best first, and the model of the
// shop's relation behind them, which is the zero value where there is none.
type ShopAnswers struct {
	Lists [][]int32
	Model similarityapi.Model
}

// Serve answers every case of a shop.
type Serve func(ctx context.Context, shop *ShopData) (ShopAnswers, error)

func shopData(d *dataset.Data, k int) *ShopData {
	s := &ShopData{
		Relation: d.Relation, Items: d.Items.IDs(), Ordered: d.Ordered, RowTimes: d.RowTimes, Until: d.Until, Liked: d.Liked, K: k,
	}
	for _, session := range d.Sessions {
		row := make([]ShopEntry, len(session))
		for n, i := range session {
			row[n] = ShopEntry{Item: i, Value: 1}
		}
		s.Rows = append(s.Rows, row)
	}
	if d.Train != nil {
		for u := range d.Train.Rows {
			items, values := d.Train.Row(u)
			row := make([]ShopEntry, len(items))
			for n, i := range items {
				row[n] = ShopEntry{i, 1, d.Together.Has(d.Train.RowPtr[u] + n)}
				if values != nil {
					row[n].Value = values[n]
				}
			}
			s.Rows = append(s.Rows, row)
		}
	}
	for _, c := range d.Tests {
		s.Cases = append(s.Cases, ShopCase{c.Row, c.Seeds})
	}
	return s
}

// served has the cases answered and compares the lists with those of the winner.
func served(
	ctx context.Context, serve Serve, d *dataset.Data, run evaluate.Options, winner map[string]similarityapi.ReportFigure,
) (*similarityapi.ReportServed, error) {
	answers, err := serve(ctx, shopData(d, run.K))
	if err != nil {
		return nil, fmt.Errorf("serve the test part: %w", err)
	}
	measured, err := rank.MeasureLists(d, answers.Lists, run.K)
	if err != nil {
		return nil, err
	}
	s := &similarityapi.ReportServed{
		Algorithm: answers.Model.Algorithm, Parameters: answers.Model.Parameters,
		Metrics: report.Figures(measured.Summary(), measured.Cases(), run), Ratio: map[string]float64{},
	}
	for name, m := range s.Metrics {
		if offline := winner[name]; m.Low != nil && offline.Value > 0 {
			s.Ratio[name] = m.Value / offline.Value
		}
	}
	return s, nil
}
