package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// nameRefunds gives refunds of whole orders the lines that came back, before they are stored: whoever reads the event then knows them, and
// of a refund that comes again nothing is left to take back. Only visitors with such a refund cost anything.
func (a *appendTx) nameRefunds(ctx context.Context) error {
	events := map[int64][]*store.Event{}
	for i := range a.rows {
		if row := &a.rows[i]; row.WholeOrder() && row.Visitor != 0 && !a.events[i].Result.Duplicate {
			events[row.Visitor] = nil
		}
	}
	if len(events) == 0 {
		return nil
	}
	for i := range a.rows {
		row := &a.rows[i]
		if _, named := events[row.Visitor]; named && !a.events[i].Result.Duplicate {
			events[row.Visitor] = append(events[row.Visitor], &row.Event)
		}
	}
	for _, visitor := range slices.Sorted(maps.Keys(events)) {
		p := a.people.byVisitor[visitor]
		before, err := p.state, error(nil)
		if p.weights != int64(a.s.states.Fingerprint()) {
			before, err = a.rebuilt(ctx, p.canonical)
		}
		if err == nil {
			err = a.s.states.NameLines(before, events[visitor])
		}
		if err != nil {
			return fmt.Errorf("name the lines of refunds of visitor %d: %w", visitor, err)
		}
	}
	return nil
}
