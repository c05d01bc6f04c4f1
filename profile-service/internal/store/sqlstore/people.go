package sqlstore

import (
	"context"
	"database/sql"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

// person is a subject and the one that it is stored under.
type person struct {
	visitor          int64 // 0: not known yet
	withheld         bool
	canonical        int64 // its own number where it is not merged
	canonicalSubject string
	weights          int64 // that the state was made with; −1: it has to be made again
	state            []byte
}

// people are subjects of a shop by name, as one append meets them. First every subject is asked
// for, then read reads those that are not remembered in one look-up, then missing and add give
// a row to those that have none. An entry of bySubject is never replaced, only filled in:
// byVisitor points to the same.
type people struct {
	shopID    int64
	bySubject map[string]*person
	byVisitor map[int64]*person // by canonical number
	fresh     map[int64]bool    // those that were added
	kept      *kept

	asked [3]sqldb.Column // shop, subject, 1 with its state
	at    map[string]int  // where a subject stands in asked
}

// ask remembers to read a subject, with its state or only its number. What kept has of it is
// taken without a reading: nobody else writes while this transaction does.
func (p *people) ask(subject string, withState bool) {
	full := int64(0)
	if withState {
		full = 1
	}
	if at, ok := p.at[subject]; ok {
		p.asked[2].Ints[at] |= full
		return
	}
	have := p.bySubject[subject]
	if r, ok := p.kept.row(keptKey{p.shopID, subject}); have == nil && ok {
		have = &r.person
		have.state = r.state.Data
		p.bySubject[subject] = have
	}
	if have != nil {
		if withState {
			p.byVisitor[have.canonical] = have
		}
		return
	}
	p.at[subject] = len(p.asked[1].Texts)
	p.bySubject[subject] = &person{}
	sqldb.Add(p.asked[:], p.shopID, subject, full)
}

// read fills in those that are there, after what goes first, which is to take the shop's lock:
// what is read then stays as it is until the commit. Postgres gets both together.
func (p *people) read(ctx context.Context, t *tx, first sqldb.Query) error {
	p.asked[0].Name, p.asked[1].Name, p.asked[2].Name = "shop", "subject", "with_state"
	statement := t.Keyed(`k.subject, v.visitor, v.withheld, c.visitor, c.subject, coalesce(c.weights, -1),
		case when k.with_state = 1 then c.state end`,
		"visitors", "v", "v.shop_id = k.shop and v.subject = k.subject", "join visitors c on c.visitor = coalesce(v.canonical, v.visitor)")
	scan := func(r sqldb.Row) error {
		var subject string
		var found person
		if err := r.Scan(&subject, &found.visitor, &found.withheld, &found.canonical, &found.canonicalSubject, &found.weights,
			&found.state); err != nil {
			return err
		}
		*p.bySubject[subject] = found
		if p.asked[2].Ints[p.at[subject]] == 1 {
			p.byVisitor[found.canonical] = p.bySubject[subject]
		}
		return nil
	}
	if t.IsPostgres && p.asked[0].Len() > 0 {
		text, args := sqldb.LookUpAll(statement, p.asked[:])
		return t.Together(ctx, first, sqldb.Query{Text: text, Args: args, Scan: scan})
	}
	if err := t.Together(ctx, first); err != nil {
		return err
	}
	return t.LookUp(ctx, statement, p.asked[:], func(r *sql.Rows) error { return scan(r) })
}

// missing adds a subject to a list when it is not known and not on it. One that is on it has
// the number −1 until add.
func (p *people) missing(list []string, subject string) []string {
	if have := p.bySubject[subject]; have.visitor == 0 {
		have.visitor = -1
		return append(list, subject)
	}
	return list
}

// add gives subjects rows and numbers. Their states are empty and made by the present rules.
func (p *people) add(ctx context.Context, t *tx, subjects []string) error {
	if len(subjects) == 0 {
		return nil
	}
	p.fresh = make(map[int64]bool, len(subjects))
	return t.addVisitors(ctx, p.shopID, subjects, int64(t.s.states.Fingerprint()), func(subject string, visitor int64) {
		*p.bySubject[subject] = person{
			visitor: visitor, canonical: visitor, canonicalSubject: subject, weights: int64(t.s.states.Fingerprint()),
		}
		p.byVisitor[visitor] = p.bySubject[subject]
		p.fresh[visitor] = true
	})
}

// addVisitors gives subjects without a row one, and calls added for those only. weights is
// staleWeights where the state is not empty but has to be made from events.
func (t *tx) addVisitors(
	ctx context.Context, shopID int64, subjects []string, weights int64, added func(subject string, visitor int64),
) error {
	columns := []sqldb.Column{{Name: "shop_id"}, {Name: "subject", Texts: subjects}, {Name: "weights"}}
	for range subjects {
		columns[0].Ints, columns[2].Ints = append(columns[0].Ints, shopID), append(columns[2].Ints, weights)
	}
	return t.Insert(ctx, "visitors", columns, "on conflict (shop_id, subject) do nothing returning subject, visitor",
		func(r *sql.Rows) error {
			var subject string
			var visitor int64
			err := r.Scan(&subject, &visitor)
			added(subject, visitor)
			return err
		})
}

// states are states to write, in three lists of one length.
type states struct {
	visitors, versions []int64
	data               [][]byte
}

func (s *states) add(visitor, version int64, data []byte) {
	s.visitors, s.versions, s.data = append(s.visitors, visitor), append(s.versions, version), append(s.data, data)
}

// writeStates stores states that were made with the present weights.
func (t *tx) writeStates(ctx context.Context, s *states) error {
	weights := int64(t.s.states.Fingerprint())
	if t.IsPostgres && len(s.visitors) > 0 {
		return t.Later(ctx, `update visitors v set version = k.version, weights = $4, state = k.state
			from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as k(visitor, version, state) where v.visitor = k.visitor`,
			s.visitors, s.versions, s.data, weights)
	}
	for i := range s.visitors {
		if _, err := t.Exec(ctx, "update visitors set version = $1, weights = $2, state = $3 where visitor = $4",
			s.versions[i], weights, s.data[i], s.visitors[i]); err != nil {
			return err
		}
	}
	return nil
}

// pageOfEvents is how many events of a visitor are in memory at once. Whoever has a longer
// history, as robots do, is read page by page.
const pageOfEvents = 5000

// rebuilt makes the state of a canonical visitor from all of its events; nil when it has none.
func (t *tx) rebuilt(ctx context.Context, visitor int64) ([]byte, error) {
	var state []byte
	err := t.s.pages(ctx, t, "e.visitor = $1", []any{visitor}, func(page []store.Event) error {
		var err error
		state, err = t.s.states.Move(state, page)
		return err
	})
	return state, err
}

// staleWeights is the fingerprint of no weights.
const staleWeights = -1
