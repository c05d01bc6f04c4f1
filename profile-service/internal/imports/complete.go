package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/imports/rows"
)

// maxSeen bounds the items whose ids are held in memory, 16 bytes each. Of a file with more
// nothing is archived.
const maxSeen = 5_000_000

// Missing says which items a complete file has.
type Missing = catalogue.Missing

// items are the ids of a file, for an import that says it is the whole catalogue, and to warn
// of an id that comes twice.
type items struct {
	ids     map[int64]bool // by hash; true when a row of it was stored or rejected, false when only a variant names it
	full    bool           // there were more than maxSeen
	unknown int64          // rows whose id could not be read
}

func newItems() *items { return &items{ids: map[int64]bool{}} }

// see takes note of the id of a row and its product, and warns of an id that came before.
// Rejected rows count as well: their item is in the file and must not be archived for a wrong
// price. A product that only its variants name is kept, too.
func (c *items) see(r *rows.Row, kind string) {
	if kind != "items" {
		return
	}
	var ids struct {
		ItemID   any `json:"item_id"`
		ParentID any `json:"parent_id"`
	}
	if r.Object == nil || json.Unmarshal(r.Object, &ids) != nil || ids.ItemID == nil {
		c.unknown++
		return
	}
	if len(c.ids) >= maxSeen {
		c.full = true
		return
	}
	hash := event.Hash(fmt.Sprint(ids.ItemID))
	if c.ids[hash] {
		r.Warnings = append(r.Warnings, rows.Warning{
			Code: "repeated_id", Column: r.Column("/item_id"), Example: fmt.Sprint(ids.ItemID),
			Detail: "The id stands in the file before: the last row with it counts.",
		})
	}
	c.ids[hash] = true
	if ids.ParentID != nil {
		if parent := event.Hash(fmt.Sprint(ids.ParentID)); !c.ids[parent] {
			c.ids[parent] = false
		}
	}
}

// archiveMissing archives what a complete file lacked, in one step, unless that is suspiciously
// much: a file that broke off or was filtered by mistake shall not empty a shop. Where it
// archives nothing it says so as a fileError, whose text is the import's problem; the rows are
// stored by then.
func (j *job) archiveMissing(ctx context.Context) error {
	switch {
	case j.items.full:
		return fileError{fmt.Errorf("nothing was archived: a complete file can have %d items", maxSeen)}
	case j.items.unknown > 0:
		return fileError{fmt.Errorf("nothing was archived: the ids of %d rejected rows cannot be read, so that what the file lacks is not "+
			"certain. "+
			"Mend them and send the file again", j.items.unknown)}
	}
	most := j.state.Spec.MaxGone
	if most == 0 {
		most = defaultMaxGone
	}
	gone, of, err := j.im.o.Sink.ArchiveMissing(ctx, j.shop, Missing{
		Has:    func(id string) bool { _, has := j.items.ids[event.Hash(id)]; return has },
		Before: j.state.CreatedAt.Time, MaxGone: most, DryRun: j.state.Spec.DryRun,
	})
	if errors.Is(err, catalogue.ErrTooManyGone) {
		return fileError{fmt.Errorf("nothing was archived: the file lacks %d of the catalogue's %d items, more than %g %% of them. "+
			"If it is the whole catalogue, send it again with --max-gone %.2g (max_gone in the API), or 1",
			gone, of, most*100, min(1, float64(gone)/float64(max(of, 1))+.01))}
	}
	j.state.Archived = int64(gone)
	return err
}

// ArchiveMissing implements Sink.
func (s Services) ArchiveMissing(ctx context.Context, shop string, q Missing) (gone, of int, err error) {
	return s.Catalogue.ArchiveMissing(ctx, shop, q)
}
