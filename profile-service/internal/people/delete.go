package people

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Delete removes a person, or makes the events nobody's, and returns a receipt that says what is left. It is safe to repeat: what imports
// have left goes first, while the names of the person are still known. mode is
// profileapi.ModeErase or profileapi.ModeAnonymize. A user of whom nothing is held is erased as
// well, with a receipt.
func (p *People) Delete(ctx context.Context, shop, userID, mode string) (profileapi.ErasureReceipt, error) {
	now := p.now()
	who, err := p.person(ctx, shop, userID)
	if err != nil {
		return profileapi.ErasureReceipt{}, err
	}
	var rows profileapi.ErasedRows
	running, err := p.eraseTraces(ctx, shop, who, &rows)
	if err != nil {
		return profileapi.ErasureReceipt{}, err
	}
	receipt := store.Receipt{ID: uuid.NewString(), Mode: mode, AtMs: now.UnixMilli()}
	pseudonym := ""
	if mode == profileapi.ModeAnonymize {
		pseudonym = event.UserSubject("anonymous-" + uuid.NewString())
	}
	removed, err := p.store.Erase(ctx, shop, userID, pseudonym, receipt)
	if err != nil {
		return profileapi.ErasureReceipt{}, err
	}
	rows.Users, rows.Events, rows.Aliases, rows.Orders = removed.Users, removed.Events, removed.Aliases, removed.Orders
	out := profileapi.ErasureReceipt{
		ReceiptID: receipt.ID, Mode: mode, At: wire.TimeOf(now), Rows: rows,
		Models: "Models computed from now on do not count this person; a published one is replaced by the next recompute.",
	}
	if pseudonym == "" {
		removed.Events = 0
	}
	out.Left = p.left(now, shop, removed.Events, running)
	return out, nil
}

// here is this service as the place of what is held.
const here = "profile-service"

// left says what an erasure cannot take or leaves on purpose: anonymous events, running
// imports, and what other places hold, each with until when.
func (p *People) left(now time.Time, shop string, anonymous, running int64) []profileapi.Held {
	list := []profileapi.Held{
		{Where: here, What: "the receipt of this erasure, which does not name the person", Count: 1, Ends: "kept as a proof"},
	}
	if anonymous > 0 {
		list = append(list, profileapi.Held{Where: here, Count: anonymous, Until: wire.TimeOf(now.Add(p.retention(shop))),
			What: "events under a random name: type, time, items with quantity and price, and value"})
	}
	if running > 0 {
		list = append(list, profileapi.Held{Where: here,
			What: "running imports, whose files and reports may name the person", Count: running,
			Ends: "with a repeat of the erasure after their end"})
	}
	return append(list,
		profileapi.Held{Where: here, What: "rows of rejected files that hold neither the id of the user nor one of a session",
			Until: wire.TimeOf(now.Add(p.retention(shop)))},
		profileapi.Held{
			Where: here, What: "the bytes of deleted rows in free space of the database", Ends: "when the database writes over them",
		},
		profileapi.Held{
			Where: "similarity-service", What: "counts in published models, without ids of people", Ends: "with the next recompute",
		},
		profileapi.Held{
			Where: "backups and logs", What: "what was copied from the database, and ids in paths of failed requests",
			Ends: "with the backups and logs: Aisle does not know them",
		},
	)
}
