package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// writer returns a function that writes one person's answer: a line of JSON, or a line of CSV per item, below a header where the file
// begins.
func writer(w io.Writer, format string, fields []string, begins bool) (func(string, *api.Answer) error, error) {
	if format != "csv" {
		encoder := json.NewEncoder(w)
		return func(id string, a *api.Answer) error {
			return encoder.Encode(api.ExportLine{UserID: id, RecommendationID: a.RecommendationID, Items: a.Items, Degraded: a.Degraded})
		}, nil
	}
	out := csv.NewWriter(w)
	if begins {
		header := append([]string{"user_id", "recommendation_id", "position", "item_id", "score", "tier"}, fields...)
		if err := out.Write(header); err != nil {
			return nil, err
		}
	}
	return func(id string, a *api.Answer) error {
		for n := range a.Items {
			i := &a.Items[n]
			row := []string{
				wire.Cell(id), wire.Cell(a.RecommendationID), strconv.Itoa(i.Position), wire.Cell(i.ItemID),
				strconv.FormatFloat(i.Score, 'g', -1, 64), i.Tier,
			}
			for _, name := range fields {
				row = append(row, cell(i.Fields.Get(name)))
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}, nil
}

// cell writes a field's value: a text guarded, nothing for none, anything else as JSON.
func cell(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return wire.Cell(s)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}
