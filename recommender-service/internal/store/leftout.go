package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
)

// LeftOut says whether figures leave a visitor out, who is or was judged to be a robot.
type LeftOut struct {
	Visitor   string
	Out       bool
	TrustedMs int64  // answers before it count, whatever he was taken for then; 0 until he was said to be none
	Seq       int64  // of the last event that had been counted when that changed
	Taken     Counts // what was taken out of the figures when Out; hours, visitors and lines
}

// LeftOut returns what is known of those of the visitors who are or were left out, by visitor.
func (s *Store) LeftOut(ctx context.Context, shop string, visitors []string) (map[string]LeftOut, error) {
	found := map[string]LeftOut{}
	if len(visitors) == 0 {
		return found, nil
	}
	args := []any{shop}
	marks := make([]string, len(visitors))
	for n, v := range visitors {
		args = append(args, v)
		marks[n] = fmt.Sprintf("$%d", n+2)
	}
	list, err := query(ctx, s, func(r *sql.Rows, l *LeftOut) error {
		var taken []byte
		if err := r.Scan(&l.Visitor, &l.Out, &l.TrustedMs, &l.Seq, &taken); err != nil {
			return err
		}
		return l.Taken.read(taken)
	}, "select visitor, out = 1, trusted_ms, seq, taken from left_out where shop = $1 and visitor in ("+
		strings.Join(marks, ", ")+")", args...)
	if err != nil {
		return nil, fmt.Errorf("read who is left out of figures: %w", err)
	}
	for _, l := range list {
		found[l.Visitor] = l
	}
	return found, nil
}

// Turn adds the counts with which a visitor is left out, or is no longer, and notes that he is. ErrMoved when he is already or when the
// position is no longer at From, and then nothing is changed.
func (s *Store) Turn(ctx context.Context, shop string, l LeftOut, c Counts, p *Position) error {
	taken, err := l.Taken.text()
	if err != nil {
		return err
	}
	out := 0
	if l.Out {
		out = 1
	}
	err = s.inTx(ctx, func(t *tx) error {
		if err := t.move(ctx, p); err != nil {
			return err
		}
		n, err := t.Exec(ctx, `insert into left_out (shop, visitor, out, trusted_ms, seq, taken) values ($1, $2, $3, $4, $5, $6)
			on conflict (shop, visitor) do update set out = excluded.out, trusted_ms = excluded.trusted_ms,
				seq = excluded.seq, taken = excluded.taken
			where left_out.out <> excluded.out`, shop, l.Visitor, out, l.TrustedMs, l.Seq, taken)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrMoved
		}
		if err := t.addCounts(ctx, c); err != nil {
			return err
		}
		for k := range c.Visitors { // who did nothing is no visitor of an experiment
			if _, err := t.Exec(ctx, `delete from experiment_visitors where shop = $1 and experiment = $2 and arm = $3 and visitor = $4
				and impressions <= 0 and clicks <= 0 and orders <= 0`, k.Shop, k.Experiment, k.Arm,
				visitorHash(k.Shop, k.Experiment, k.Visitor)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("leave a visitor out of figures, or no longer: %w", err)
	}
	return nil
}

// taken is how counts are kept as text: JSON has no maps by several columns. Only what Turn can
// take out again is in it.
type taken struct {
	Hours    []takenHour    `json:"hours,omitempty"`
	Visitors []takenVisitor `json:"visitors,omitempty"`
	Lines    []StoredLine   `json:"lines,omitempty"`
}

// takenHour and takenVisitor are a key with its value; the members' names are those of the Go
// fields.
type takenHour struct {
	HourKey
	Value float64
}

type takenVisitor struct {
	VisitorKey
	VisitorCount
}

// text returns hours, visitors and lines as text.
func (c *Counts) text() (string, error) {
	var t taken
	for _, k := range inOrder(c.Hours, HourKey.compare) {
		t.Hours = append(t.Hours, takenHour{k, c.Hours[k]})
	}
	for _, k := range inOrder(c.Visitors, VisitorKey.compare) {
		t.Visitors = append(t.Visitors, takenVisitor{k, c.Visitors[k]})
	}
	for _, k := range inOrder(c.Lines, LineKey.compare) {
		t.Lines = append(t.Lines, StoredLine{k, c.Lines[k]})
	}
	data, err := json.Marshal(t)
	return string(data), err
}

// read is the way back from text; it replaces the maps of c.
func (c *Counts) read(text []byte) error {
	var t taken
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("read what was taken out of figures: %w", err)
	}
	c.Hours, c.Visitors, c.Lines = map[HourKey]float64{}, map[VisitorKey]VisitorCount{}, map[LineKey]Line{}
	for _, h := range t.Hours {
		c.Hours[h.HourKey] = h.Value
	}
	for _, v := range t.Visitors {
		c.Visitors[v.VisitorKey] = v.VisitorCount
	}
	for _, l := range t.Lines {
		c.Lines[l.LineKey] = l.Line
	}
	return nil
}

// Negative returns what takes hours, visitors and lines out again. Its maps are new.
func (c *Counts) Negative() Counts {
	n := Counts{Hours: map[HourKey]float64{}, Visitors: map[VisitorKey]VisitorCount{}, Lines: map[LineKey]Line{}}
	for k, v := range c.Hours {
		n.Hours[k] = -v
	}
	for k, v := range c.Visitors {
		n.Visitors[k] = VisitorCount{FirstMs: v.FirstMs, Impressions: -v.Impressions, Clicks: -v.Clicks, Orders: -v.Orders,
			Revenue: -v.Revenue}
	}
	for k, l := range c.Lines {
		l.Quantity, l.Revenue = -l.Quantity, -l.Revenue
		n.Lines[k] = l
	}
	return n
}

// Add adds hours, visitors and lines of o to the maps of c, which must not be nil.
func (c *Counts) Add(o Counts) {
	for k, v := range o.Hours {
		c.Hours[k] += v
	}
	for k, v := range o.Visitors {
		sum := c.Visitors[k]
		if sum.FirstMs == 0 || v.FirstMs < sum.FirstMs {
			sum.FirstMs = v.FirstMs
		}
		sum.Impressions, sum.Clicks = sum.Impressions+v.Impressions, sum.Clicks+v.Clicks
		sum.Orders, sum.Revenue = sum.Orders+v.Orders, sum.Revenue+v.Revenue
		c.Visitors[k] = sum
	}
	for k, l := range o.Lines {
		sum := c.Lines[k]
		l.Quantity, l.Revenue = l.Quantity+sum.Quantity, l.Revenue+sum.Revenue
		c.Lines[k] = l
	}
}
