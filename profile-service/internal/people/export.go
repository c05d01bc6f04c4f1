package people

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/history"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// exportPage is how many events are read at once. It bounds memory, whatever the length of a
// history.
const exportPage = 1000

// Export hands write everything that is held on a person: the aliases, the records, the events in order of acknowledgement, what imports
// have left, and at last an entry with the counts, which tells that nothing is missing, and with how long it is kept.
// An error of write ends it and is returned as it is. Memory is a page of events.
func (p *People) Export(ctx context.Context, shop, userID string, write func(profileapi.ExportEntry) error) error {
	who, err := p.person(ctx, shop, userID)
	if err != nil {
		return err
	}
	counts := profileapi.ExportCounts{}
	aliases, err := p.store.Aliases(ctx, shop, who.userIDs[0])
	if err != nil {
		return err
	}
	for _, alias := range aliases {
		aliasUser, aliasSession := event.SplitSubject(alias)
		counts.Aliases++
		if err := write(profileapi.ExportEntry{
			Kind: "alias", Alias: &profileapi.Alias{AnonymousID: aliasUser, SessionID: aliasSession},
		}); err != nil {
			return err
		}
	}
	rows, err := p.store.Users(ctx, shop, who.userIDs)
	if err != nil {
		return err
	}
	for _, id := range who.userIDs {
		row, ok := rows[id]
		if !ok {
			continue
		}
		user, err := userOf(row)
		if err != nil {
			return err
		}
		counts.Users++
		if err := write(profileapi.ExportEntry{Kind: "user", User: &user}); err != nil {
			return err
		}
	}
	if err := p.exportEvents(ctx, shop, who.subject, &counts, write); err != nil {
		return err
	}
	held := p.held(shop)
	if err := p.exportTraces(ctx, shop, who, &counts, &held, write); err != nil {
		return err
	}
	return write(profileapi.ExportEntry{Kind: "end", Counts: &counts, Held: held.list(&counts)})
}

// exportTraces writes what imports have left of a person. It notes in held when the latest
// import of each kind was started, since what it left goes with its age.
func (p *People) exportTraces(
	ctx context.Context, shop string, who person, counts *profileapi.ExportCounts, held *held, write func(profileapi.ExportEntry) error,
) error {
	return p.traces(ctx, shop, who, func(t *store.Trace) error {
		entry := profileapi.ExportEntry{Kind: "undo_copy", Import: t.ImportID}
		switch {
		case t.Kind == store.TraceError:
			counts.ImportErrors++
			held.errors = max(held.errors, t.CreatedMs)
			entry.Kind, entry.Error = "import_error", &profileapi.ImportError{}
			if err := json.Unmarshal(t.Body, entry.Error); err != nil {
				return fmt.Errorf("read entry %d of the report of import %s: %w", t.Number, t.ImportID, err)
			}
		default:
			counts.UndoCopies++
			held.copies = max(held.copies, t.CreatedMs)
			if t.Body == nil {
				break // there was no record
			}
			var was store.UserRow
			if err := json.Unmarshal(t.Body, &was); err != nil {
				return fmt.Errorf("read what user %q was: %w", t.UserID, err)
			}
			user, err := userOf(was)
			if err != nil {
				return err
			}
			entry.User = &user
		}
		return write(entry)
	})
}

// held is until when what is held on a person is kept.
type held struct {
	now            time.Time
	retention      time.Duration
	errors, copies int64 // when the latest import was started that left some
}

// held begins the list for a shop.
func (p *People) held(shop string) held { return held{now: p.now(), retention: p.retention(shop)} }

// list says of what was counted how long it is kept; what there is none of is left out.
func (h held) list(counts *profileapi.ExportCounts) []profileapi.Held {
	after := func(ms int64, d time.Duration) wire.Time { return wire.TimeOf(time.UnixMilli(ms).Add(d)) }
	const erased = "when the person is erased"
	all := []profileapi.Held{
		{Where: here, What: "records", Count: int64(counts.Users), Ends: erased},
		{Where: here, What: "aliases", Count: int64(counts.Aliases), Ends: erased},
		{
			Where: here, What: "events, and the state, orders and sessions that are made of them", Count: int64(counts.Events),
			Until: wire.TimeOf(h.now.Add(h.retention)),
		},
		{Where: here, What: "rows that imports have rejected", Count: int64(counts.ImportErrors), Until: after(h.errors, h.retention)},
		{
			Where: here, What: "what the record was before imports, for undoing them", Count: int64(counts.UndoCopies),
			Until: after(h.copies, min(store.UndoFor, h.retention)),
		},
	}
	return slices.DeleteFunc(all, func(e profileapi.Held) bool { return e.Count == 0 })
}

// exportEvents writes the events of a canonical subject up to the last one when it began.
func (p *People) exportEvents(
	ctx context.Context, shop, subject string, counts *profileapi.ExportCounts, write func(profileapi.ExportEntry) error,
) error {
	last, err := p.log.LastSeq(ctx, shop)
	if err != nil {
		return err
	}
	q := store.ScanQuery{UpTo: last, Subjects: []string{subject}, Limit: exportPage}
	for {
		page, err := history.Read(ctx, p.log, shop, q, func(*profileapi.StoredEvent) bool { return true })
		if err != nil {
			return err
		}
		for i := range page {
			counts.Events++
			if err := write(profileapi.ExportEntry{Kind: "event", Event: &page[i]}); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		q.After = page[len(page)-1].Seq
	}
}
