package people

import (
	"context"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/history"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// exportPage is how many events are read at once.
const exportPage = 1000

// Export hands write everything that is held on a person: the record, the aliases, the events in order of acknowledgement, and at last an entry with
// the counts, which tells that nothing is missing.
func (p *People) Export(ctx context.Context, shop, userID string, write func(profileapi.ExportEntry) error) error {
	subject, err := p.store.Canonical(ctx, shop, event.UserSubject(userID))
	if err != nil {
		return err
	}
	canonicalID, _ := event.SplitSubject(subject)
	counts := profileapi.ExportCounts{}
	aliases, err := p.store.Aliases(ctx, shop, canonicalID)
	if err != nil {
		return err
	}
	ids := []string{canonicalID}
	for _, alias := range aliases {
		aliasUser, aliasSession := event.SplitSubject(alias)
		if aliasUser != "" {
			ids = append(ids, aliasUser)
		}
		counts.Aliases++
		if err := write(profileapi.ExportEntry{Kind: "alias", Alias: &profileapi.Alias{AnonymousID: aliasUser, SessionID: aliasSession}}); err != nil {
			return err
		}
	}
	rows, err := p.store.Users(ctx, shop, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
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
	if err := p.exportEvents(ctx, shop, subject, &counts, write); err != nil {
		return err
	}
	return write(profileapi.ExportEntry{Kind: "end", Counts: &counts})
}

func (p *People) exportEvents(ctx context.Context, shop, subject string, counts *profileapi.ExportCounts, write func(profileapi.ExportEntry) error) error {
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
