package people

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// person is a user with every name that something of theirs may be under: the canonical user,
// those merged into it and the sessions that are its.
type person struct {
	subject string   // that their events are stored under
	userIDs []string // the canonical one first
	names   names
}

// person looks up the names of a user, of whom nothing need be held.
func (p *People) person(ctx context.Context, shop, userID string) (person, error) {
	subject, err := p.store.Canonical(ctx, shop, event.UserSubject(userID))
	if err != nil {
		return person{}, err
	}
	subjects, err := p.store.Subjects(ctx, shop, subject)
	if err != nil {
		return person{}, err
	}
	canonicalID, _ := event.SplitSubject(subject)
	who := person{subject: subject, userIDs: []string{canonicalID}, names: names{userID: true}}
	for _, s := range subjects {
		user, session := event.SplitSubject(s)
		if user != "" && user != canonicalID {
			who.userIDs = append(who.userIDs, user)
		}
		who.names[user+session] = true
	}
	delete(who.names, "")
	return who, nil
}

// names are the ids of one person: of the user and of the sessions.
type names map[string]bool

// insideFrom is the length from which an id is also looked for inside longer texts, such as addresses and messages; a shorter one is in too
// many.
const insideFrom = 8

// ofItems are the members of a row whose values are no ids of people; a short numeric id would be found among them.
var ofItems = []string{"item_id", "product_id", "sku", "quantity", "price", "value", "position", "type", "occurred_at", "line", "code"}

// in reports whether a JSON value names the person; what is no JSON does not.
func (n names) in(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	return d.Decode(&v) == nil && n.within(v, ofItems)
}

// within reports whether a value names the person, beside members of the names left out.
func (n names) within(v any, leftOut []string) bool {
	switch v := v.(type) {
	case string:
		return n.text(v)
	case json.Number:
		return n[v.String()]
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return n.within(inner, leftOut) })
	case map[string]any:
		for name, inner := range v {
			below := leftOut
			if name == "properties" { // whose members are the shop's own, whatever they are called
				below = nil
			}
			if !slices.Contains(leftOut, name) && n.within(inner, below) {
				return true
			}
		}
	}
	return false
}

// text reports whether a text is one of the ids, or holds a long one.
func (n names) text(text string) bool {
	if n[text] {
		return true
	}
	for id := range n {
		if len(id) >= insideFrom && strings.Contains(text, id) {
			return true
		}
	}
	return false
}

// traces calls see with what imports have left of a person. Of a row with several errors only the first holds the row: the others go with
// it.
func (p *People) traces(ctx context.Context, shop string, who person, see func(*store.Trace) error) error {
	var row struct {
		importID string
		line     int64
	}
	return p.store.Traces(ctx, shop, who.userIDs, func(t *store.Trace) error {
		if t.Kind != store.TraceError {
			return see(t)
		}
		var entry struct {
			Line int64 `json:"line"`
		}
		if err := json.Unmarshal(t.Body, &entry); err != nil {
			return fmt.Errorf("read entry %d of the report of import %s: %w", t.Number, t.ImportID, err)
		}
		same := row.importID == t.ImportID && row.line == entry.Line
		if !same && !who.names.in(t.Body) {
			return nil
		}
		row.importID, row.line = t.ImportID, entry.Line
		return see(t)
	})
}

// eraseTraces removes what imports have left of a person, and counts it. What is found is held
// in memory by its place, not with its content.
func (p *People) eraseTraces(ctx context.Context, shop string, who person, rows *profileapi.ErasedRows) (running int64, err error) {
	var found []store.Trace
	err = p.traces(ctx, shop, who, func(t *store.Trace) error {
		if t.Kind == store.TraceError {
			rows.ImportErrors++
		} else {
			rows.UndoCopies++
		}
		found = append(found, store.Trace{Kind: t.Kind, ImportID: t.ImportID, Number: t.Number, UserID: t.UserID})
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := p.store.EraseTraces(ctx, shop, found); err != nil {
		return 0, err
	}
	return p.erasePreviews(ctx, shop, who, rows)
}

const (
	// importsAtOnce is how many states of imports are in memory at once.
	importsAtOnce = 200
	// alive is how recently a running import has saved its state.
	alive = 5 * time.Minute
)

// erasePreviews takes rows and values of a person out of the states of imports. It returns how many imports are running: what they show is
// theirs to write. It reads every import of the shop, some at a time.
func (p *People) erasePreviews(ctx context.Context, shop string, who person, rows *profileapi.ErasedRows) (running int64, err error) {
	for before := ""; ; {
		page, err := p.store.ListImports(ctx, shop, before, importsAtOnce)
		if err != nil {
			return running, err
		}
		for _, row := range page {
			before = row.ImportID
			var state profileapi.Import
			if err := json.Unmarshal(row.Body, &state); err != nil {
				return running, fmt.Errorf("read import %s: %w", row.ImportID, err)
			}
			if !state.Ended() && p.now().Sub(time.UnixMilli(row.UpdatedMs)) < alive {
				running++
				continue
			}
			removed := who.names.takeFrom(&state)
			if removed == 0 {
				continue
			}
			rows.ImportPreviews += removed
			if row.Body, err = json.Marshal(state); err != nil {
				return running, fmt.Errorf("encode import: %w", err)
			}
			if err := p.store.PutImport(ctx, shop, row); err != nil {
				return running, err
			}
		}
		if len(page) < importsAtOnce {
			return running, nil
		}
	}
}

// takeFrom removes rows and examples that name the person from the state of an import and returns their number.
func (n names) takeFrom(state *profileapi.Import) (removed int64) {
	before := len(state.Preview)
	state.Preview = slices.DeleteFunc(state.Preview, func(row json.RawMessage) bool { return n.in(row) })
	removed = int64(before - len(state.Preview))
	for i := range state.Warnings {
		if w := &state.Warnings[i]; w.Example != "" && n.text(w.Example) {
			w.Example = ""
			removed++
		}
	}
	return removed
}
