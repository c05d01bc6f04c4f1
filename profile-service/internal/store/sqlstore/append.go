package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// blockSize is how many seqs share a row of event_blocks. It is part of what is stored: with
// another size the rows there would name other events.
const blockSize = 4096

// Append implements store.EventLog. Types and the shop get their numbers before the
// transaction, which needs no statement for them as a rule.
//
// The steps of run, in order: take the shop's lock with the seqs and read the visitors in the
// same way there and back; find who each event belongs to; mark what is there already by its
// id, then what tells nothing new of its order; say what came back with a whole order; store what
// is left; move the states on; note the oldest times; add up the statistics.
func (s *Store) Append(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) error {
	if err := s.numbers.EnsureTypes(ctx, events); err != nil {
		return err
	}
	shopID, err := s.numbers.EnsureShop(ctx, shop)
	if err != nil {
		return err
	}
	err = s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		a := appendTx{tx: t, shop: shop, shopID: shopID, events: events, rows: make([]stored.Event, len(events))}
		a.counts = store.NewTally(counts)
		t.Committed = func() { s.kept.appended(&a) }
		return a.run(ctx)
	}))
	if err != nil {
		return fmt.Errorf("append %d events: %w", len(events), err)
	}
	for i := range events {
		if e := &events[i]; e.EventID == "" && !e.Result.Duplicate {
			e.EventID = store.MadeID(e.Seq)
		}
	}
	return nil
}

// appendTx is the state of one Append. Its slices are as long as events and in their order; a
// duplicate keeps its place in both.
type appendTx struct {
	*tx
	shop   string
	shopID int64
	last   int64 // seq of the last event
	events []store.NewEvent
	rows   []stored.Event // what is stored of events[i]
	counts *store.Tally
	people people // the subjects of the events, by name and by canonical number
	moved  states // the states that were written, which kept remembers after the commit
}

// run also serves a call without events, which only adds its counts: of events that were
// rejected.
func (a *appendTx) run(ctx context.Context) error {
	if len(a.events) > 0 {
		for _, step := range []func(context.Context) error{
			a.begin, a.number, a.resolve, a.markRepeats, a.tellOrders, a.nameRefunds, a.insertEvents, a.moveStates, a.noteBlocks,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	for i := range a.events {
		a.counts.Outcome(&a.rows[i].Event, a.events[i].Result)
	}
	return a.addCounts(ctx, a.shop, a.counts)
}

// begin takes the shop's lock with the events' seqs, and reads their visitors. Events that
// withhold consent themselves need no visitor, and of a session beside a user only the number
// is read.
func (a *appendTx) begin(ctx context.Context) error {
	a.people = people{
		shopID: a.shopID, bySubject: map[string]*person{}, byVisitor: map[int64]*person{}, at: map[string]int{}, kept: a.s.kept,
	}
	for i := range a.events {
		e := &a.events[i]
		if e.Withheld || e.Subject == "" {
			continue
		}
		a.people.ask(e.Subject, true)
		if session := sessionBeside(&e.Event); session != "" {
			a.people.ask(session, false)
		}
	}
	raised := sqldb.Query{
		Text: number.RaiseSQL, Args: []any{a.shop, number.Events, len(a.events)}, Scan: func(r sqldb.Row) error { return r.Scan(&a.last) },
	}
	if err := a.people.read(ctx, a.tx, raised); err != nil {
		return fmt.Errorf("number events and resolve identities: %w", err)
	}
	return nil
}

// number gives the events their seqs and imports. An import is noted once with the span of seqs
// of this call.
func (a *appendTx) number(ctx context.Context) (err error) {
	last, numbers := a.last, map[string]int64{}
	for i := range a.events {
		e, row := &a.events[i], &a.rows[i]
		e.Seq, e.Result = last-int64(len(a.events))+1+int64(i), store.Outcome{}
		row.Event, row.IDHash = e.Event, e.Seq
		if e.Import == "" {
			continue
		}
		if numbers[e.Import] == 0 {
			if numbers[e.Import], err = imports.Note(ctx, a.Tx, a.shop, e.Import, e.Seq, last); err != nil {
				return err
			}
		}
		row.ImportNo = numbers[e.Import]
	}
	return nil
}

// resolve puts the events under their canonical visitors. A visitor gets a row with the first
// event that consent allows to keep for it. Whether consent is withheld is known for subjects
// that have a row; others have not said so.
func (a *appendTx) resolve(ctx context.Context) error {
	var missing []string
	for i := range a.events {
		e := &a.events[i]
		if e.Withheld || e.Subject == "" || a.people.bySubject[e.Subject].withheld {
			continue
		}
		missing = a.people.missing(missing, e.Subject)
		if session := sessionBeside(&e.Event); session != "" {
			missing = a.people.missing(missing, session)
		}
	}
	if err := a.people.add(ctx, a.tx, missing); err != nil {
		return fmt.Errorf("number visitors: %w", err)
	}
	for i := range a.events {
		if err := a.place(&a.events[i], &a.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// sessionBeside is the subject that is the session of a known user's event; "" for an event
// without a session, and for one of a session alone, whose subject it is.
func sessionBeside(e *store.Event) string {
	if user, _ := event.SplitSubject(e.Subject); user != "" && e.SessionID != "" {
		return event.SessionSubject(e.SessionID)
	}
	return ""
}

// place sets visitor, session and hash of an event. One without consent keeps nothing that
// leads to its person: it is visitor 0's, which all such events share, so that its hash is made
// of the subject, too.
func (a *appendTx) place(e *store.NewEvent, row *stored.Event) (err error) {
	if p := a.people.bySubject[e.Subject]; p != nil && !e.Withheld && !p.withheld {
		row.Visitor, row.Subject = p.canonical, p.canonicalSubject
		if e.Subject[0] == 's' {
			row.SessionID = e.Subject[1:]
		}
		if session := sessionBeside(&e.Event); session != "" {
			row.Session = a.people.bySubject[session].visitor
		} else if p.canonical != p.visitor && e.Subject[0] == 's' {
			row.Session = p.visitor // a session that is merged into its user
		}
		if e.EventID != "" {
			row.IDHash = event.Hash(e.EventID)
		}
		return nil
	}
	row.Visitor, row.Subject, row.SessionID, row.OrderID, row.Rest = 0, "", "", "", nil
	if e.EventID != "" {
		row.IDHash = event.Hash(e.Subject + "\x00" + e.EventID)
	}
	row.Lines, err = event.WithoutRecommendations(e.Lines)
	return err
}

// repeatKey is what an event is recognised by. Events lie in this order in the table.
type repeatKey struct{ visitor, hash int64 }

// compare orders keys as the primary key of events does.
func (k repeatKey) compare(l repeatKey) int {
	return cmp.Or(cmp.Compare(k.visitor, l.visitor), cmp.Compare(k.hash, l.hash))
}

// keys returns what a repeat of the event may be stored under, its own key first: an event of a
// session may be sent again when its user is known.
func (a *appendTx) keys(i int) []repeatKey {
	row := &a.rows[i]
	keys := []repeatKey{{row.Visitor, row.IDHash}}
	if session := sessionBeside(&a.events[i].Event); session != "" && row.Visitor != 0 {
		if p := a.people.bySubject[session]; p.canonical != row.Visitor {
			keys = append(keys, repeatKey{p.canonical, row.IDHash})
		}
	}
	return keys
}

// markRepeats finds the events whose ids are there already, or are those of an event before
// them in the same call. It is one look-up of all keys; those of visitors that this call has
// added are not asked for.
func (a *appendTx) markRepeats(ctx context.Context) error {
	var asked []repeatKey
	for i := range a.events {
		if a.events[i].EventID == "" {
			continue
		}
		for _, k := range a.keys(i) {
			if !a.people.fresh[k.visitor] {
				asked = append(asked, k)
			}
		}
	}
	slices.SortFunc(asked, repeatKey.compare) // neighbours lie on one page
	columns := sqldb.NewColumns("visitor", "id_hash", "shop_id")
	for _, k := range asked {
		sqldb.Add(columns, k.visitor, k.hash, a.shopID) // a visitor is of one shop, but nobody, 0, is of all
	}
	seen := make(map[repeatKey]bool, len(asked))
	// The sign keeps SQLite from reading all events of the shop by the index of seqs.
	same := "e.visitor = k.visitor and e.id_hash = k.id_hash and +e.shop_id = k.shop_id"
	there := a.Keyed("k.visitor, k.id_hash", "events", "e", same, "")
	err := a.LookUp(ctx, there, columns, func(r *sql.Rows) error {
		var k repeatKey
		err := r.Scan(&k.visitor, &k.hash)
		seen[k] = true
		return err
	})
	if err != nil {
		return fmt.Errorf("look for event ids: %w", err)
	}
	for i := range a.events {
		if a.events[i].EventID == "" {
			continue
		}
		keys := a.keys(i)
		for _, k := range keys {
			a.events[i].Result.Duplicate = a.events[i].Result.Duplicate || seen[k]
		}
		seen[keys[0]] = true
	}
	return nil
}

// tellOrders takes lines out of purchases that their orders have already; a purchase of which
// no line is left is a duplicate. An event that was marked as a repeat is told of only when it
// is an import's: see stored.Teller.Tell.
func (a *appendTx) tellOrders(ctx context.Context) error {
	var keys []stored.OrderKey
	for i := range a.rows {
		if row := &a.rows[i]; row.IsOrder() {
			keys = append(keys, row.Order())
		}
	}
	if keys == nil {
		return nil
	}
	orders, err := a.readOrders(ctx, keys)
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	b := stored.NewTeller(orders)
	for i := range a.rows {
		row, e := &a.rows[i], &a.events[i]
		known := e.Result.Duplicate
		if !row.IsOrder() || known && row.ImportNo == 0 {
			continue
		}
		leftOut, all, err := b.Tell(row, e.Call, i, known)
		if err != nil {
			return err
		}
		if all {
			e.Result.Duplicate = true
		} else {
			e.Result.LeftOut = leftOut
		}
	}
	if err := a.writeOrders(ctx, orders); err != nil {
		return fmt.Errorf("write orders: %w", err)
	}
	return nil
}

// copyFrom is how many events Postgres is given by COPY rather than as arguments. For fewer the
// statement of arguments is the cheaper one, since pgx has it prepared.
const copyFrom = 50

// insertEvents stores the accepted events, and in which sessions known users were seen. The
// bodies are slices of one buffer: an event costs no allocation of its own as long as the
// buffer holds.
func (a *appendTx) insertEvents(ctx context.Context) error {
	columns := sqldb.NewColumns("visitor", "seq", "occurred_ms", "id_hash", "session", "shop_id", "type")
	for c := range columns {
		columns[c].Ints = make([]int64, 0, len(a.rows))
	}
	columns[4].Null, columns[5].Size, columns[6].Size = true, 4, 2
	bodies := sqldb.Column{Name: "body", Blobs: make([][]byte, 0, len(a.rows))}
	pairs := []sqldb.Column{{Name: "session"}, {Name: "visitor"}}
	seen := map[[2]int64]bool{}
	buffer := make([]byte, 0, 64*len(a.rows))
	for _, row := range a.accepted() {
		kind := a.s.numbers.Type(row.Type)
		for c, v := range [...]int64{row.Visitor, row.Seq, row.OccurredMs, row.IDHash, row.Session, a.shopID, kind} {
			columns[c].Ints = append(columns[c].Ints, v)
		}
		start := len(buffer)
		buffer = stored.AppendBody(buffer, row)
		bodies.Blobs = append(bodies.Blobs, buffer[start:len(buffer):len(buffer)])
		if pair := [2]int64{row.Session, row.Visitor}; row.Session != 0 && !seen[pair] {
			seen[pair] = true
			pairs[0].Ints, pairs[1].Ints = append(pairs[0].Ints, row.Session), append(pairs[1].Ints, row.Visitor)
		}
	}
	columns = append(columns, bodies)
	var err error
	if a.IsPostgres && len(bodies.Blobs) >= copyFrom {
		err = a.CopyRows(ctx, "events", columns)
	} else {
		err = a.Insert(ctx, "events", columns, "", nil)
	}
	if err == nil {
		err = a.Insert(ctx, "visitor_sessions", pairs, "on conflict do nothing", nil)
	}
	if err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

// accepted returns the accepted events, for SQLite as they lie together: by visitor. Postgres packs the index of seqs half as tight when
// they do not come in order.
func (a *appendTx) accepted() []*stored.Event {
	rows := make([]*stored.Event, 0, len(a.rows))
	for i := range a.rows {
		if !a.events[i].Result.Duplicate {
			rows = append(rows, &a.rows[i])
		}
	}
	if !a.IsPostgres {
		slices.SortFunc(rows, func(x, y *stored.Event) int {
			return repeatKey{x.Visitor, x.IDHash}.compare(repeatKey{y.Visitor, y.IDHash})
		})
	}
	return rows
}

// moveStates takes the states of the events' visitors on, each once, by all of its events in
// the order of seqs. The version of a state is the seq of the last of them.
func (a *appendTx) moveStates(ctx context.Context) error {
	events := map[int64][]store.Event{}
	var order []int64
	for i := range a.rows {
		row := &a.rows[i]
		if row.Visitor == 0 || a.events[i].Result.Duplicate {
			continue
		}
		if events[row.Visitor] == nil {
			order = append(order, row.Visitor)
		}
		e := row.Event
		if e.EventID == "" {
			e.EventID = store.MadeID(e.Seq)
		}
		events[row.Visitor] = append(events[row.Visitor], e)
	}
	slices.Sort(order)
	for _, visitor := range order {
		state, err := a.move(ctx, a.people.byVisitor[visitor], events[visitor])
		if err != nil {
			return fmt.Errorf("move the state of visitor %d: %w", visitor, err)
		}
		a.moved.add(visitor, events[visitor][len(events[visitor])-1].Seq, state)
	}
	if err := a.writeStates(ctx, &a.moved); err != nil {
		return fmt.Errorf("write states: %w", err)
	}
	return nil
}

// move makes one state. One that was made by other rules is made from the stored events, which
// those of this call are among by then.
func (a *appendTx) move(ctx context.Context, p *person, events []store.Event) ([]byte, error) {
	if p.weights != int64(a.s.states.Fingerprint()) {
		return a.rebuilt(ctx, p.canonical)
	}
	return a.s.states.Move(p.state, events)
}

// noteBlocks keeps the oldest time of each run of seqs, from which Retain sees where it has to
// look. A call adds a row for each run that it reaches into: one or two.
func (a *appendTx) noteBlocks(ctx context.Context) error {
	columns := sqldb.NewColumns("shop_id", "block", "oldest_ms")
	for i := range a.rows {
		if a.events[i].Result.Duplicate {
			continue
		}
		block, at, n := a.rows[i].Seq/blockSize, a.rows[i].OccurredMs, len(columns[1].Ints)
		if n > 0 && columns[1].Ints[n-1] == block {
			columns[2].Ints[n-1] = min(columns[2].Ints[n-1], at)
			continue
		}
		sqldb.Add(columns, a.shopID, block, at)
	}
	err := a.Insert(ctx, "event_blocks", columns, `on conflict (shop_id, block) do update set oldest_ms = excluded.oldest_ms
		where excluded.oldest_ms < event_blocks.oldest_ms`, nil)
	if err != nil {
		return fmt.Errorf("note the oldest events: %w", err)
	}
	return nil
}

// addCounts adds statistics, in the order of hours and names.
func (t *tx) addCounts(ctx context.Context, shop string, tally *store.Tally) error {
	columns := sqldb.NewColumns("shop", "hour_ms", "name", "count")
	for _, c := range tally.Sorted() {
		sqldb.Add(columns, shop, c.HourMs, c.Name, c.N)
	}
	err := t.Insert(ctx, "event_stats", columns,
		"on conflict (shop, hour_ms, name) do update set count = event_stats.count + excluded.count", nil)
	if err != nil {
		return fmt.Errorf("add statistics: %w", err)
	}
	return nil
}
