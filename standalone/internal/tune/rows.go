package tune

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/wire"
)

// sampleRows judge the forms of numbers and times of the columns.
const sampleRows = 1000

// rowReader is one row of a table, or one object of NDJSON. It is valid until the next row.
type rowReader struct {
	plan   *table.Plan
	record *table.Record
	set    map[string]string
	object bool // the record is an object as the API takes it
}

// eachRow reads a table of events or items and calls f for every row. Errors name the file and
// the line. Objects of NDJSON are taken as they are unless columns are mapped or set: then
// their members are columns.
func eachRow(path string, kind table.Kind, o FileOptions, f func(rowReader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	asked := len(o.Mapping)+len(o.MapValues)+len(o.Set) > 0
	reader, err := table.Open(file, table.Options{Separator: o.Separator, Encoding: o.Encoding, Known: table.Known(kind), Flatten: asked})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer reader.Close()
	sample := reader.Sample(sampleRows)
	plan, err := table.NewPlan(kind, reader.Columns, table.PlanOptions{
		Mapping: o.Mapping, MapValues: o.MapValues, Set: o.Set, Decimal: o.Decimal, DateFormat: o.DateFormat, Timezone: o.Timezone,
		JSON: reader.Format == table.NDJSON,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	plan.Learn(sample)
	object := reader.Format == table.NDJSON && !asked
	for {
		rec, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case rec.Problem != nil:
			return fmt.Errorf("%s, line %d: %s", path, rec.Line, rec.Problem.Message)
		}
		plan.Add(reader.Columns)
		if err := f(rowReader{plan, &rec, o.Set, object}); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, rec.Line, err)
		}
	}
}

// text returns the value of a field, "" when the row has none.
func (r rowReader) text(field string) string {
	if v := r.set[field]; v != "" {
		return v
	}
	at := r.plan.Column(field)
	if at < 0 {
		return ""
	}
	return r.plan.Columns[at].Say(r.record.Value(at))
}

// number returns the number of a field, nil when the row has none.
func (r rowReader) number(field string) (*float64, error) {
	text := r.text(field)
	if text == "" {
		return nil, nil
	}
	amount, why := r.plan.Columns[r.plan.Column(field)].Numbers.Parse(text)
	if why != "" {
		return nil, fmt.Errorf("%s: %s", field, why)
	}
	return &amount.Value, nil
}

// event makes the event of the row. With a quantity or a price it becomes one line of an event
// with lines, which alone can have them.
func (r rowReader) event() (profileapi.Event, error) {
	if r.object {
		var e profileapi.Event
		err := json.Unmarshal(r.record.Object, &e)
		return e, err
	}
	e := profileapi.Event{
		Type: r.text("type"), UserID: r.text("user_id"), SessionID: r.text("session_id"), ItemID: r.text("item_id"),
		OrderID: r.text("order_id"), EventID: r.text("event_id"),
	}
	if known, ok := table.EventType(e.Type); ok {
		e.Type = known
	}
	if text := r.text("occurred_at"); text != "" {
		at, why := r.plan.Columns[r.plan.Column("occurred_at")].Times.Parse(text)
		if why != "" {
			return e, errors.New(why)
		}
		e.OccurredAt = wire.TimeOf(at)
	}
	quantity, err := r.number("quantity")
	price, err2 := r.number("price")
	value, err3 := r.number("value")
	if e.Value = value; quantity != nil || price != nil {
		e.Items, e.ItemID = []profileapi.EventItem{{ItemID: e.ItemID, Quantity: quantity, Price: price}}, ""
	}
	return e, errors.Join(err, err2, err3)
}

// item makes the item of the row, with what models learn from; other columns are left out.
func (r rowReader) item() (profileapi.Item, error) {
	if r.object {
		var i profileapi.Item
		err := json.Unmarshal(r.record.Object, &i)
		return i, err
	}
	i := profileapi.Item{
		ItemID: r.text("item_id"), Title: r.text("title"), Description: r.text("description"), Brand: r.text("brand"),
		ParentID: r.text("parent_id"),
	}
	for level := range strings.SplitSeq(r.text("category_path"), ">") {
		if level = strings.TrimSpace(level); level != "" {
			i.CategoryPath = append(i.CategoryPath, level)
		}
	}
	price, err := r.number("price")
	sale, err2 := r.number("sale_price")
	i.Price, i.SalePrice = price, sale
	return i, errors.Join(err, err2)
}
