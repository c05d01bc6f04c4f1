package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Documents are what the versions before this database kept of a shop in object storage.
type Documents struct {
	Models    []similarityapi.Model
	Live      map[string]Pointer
	Schedules []similarityapi.Schedule
	Jobs      []similarityapi.Job // none that runs
	Audit     []audit.Entry
}

// TakenOver reports whether the documents of a shop have been taken over.
func (s *Store) TakenOver(ctx context.Context, shop string) (bool, error) {
	n, err := database.Select(ctx, s.Tables, scanString, "select shop from taken_over where shop = $1", shop)
	return len(n) > 0, err
}

// TakeOver stores the documents of a shop in one transaction, once: of several processes that try one does it, and the others return nil.
// What the tables have already, as of a shop that was at work before, stays.
func (s *Store) TakeOver(ctx context.Context, shop string, d Documents, now time.Time) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, "insert into taken_over (shop, at_ms) values ($1, $2) on conflict (shop) do nothing", shop, now.UnixMilli())
		if err != nil || n == 0 {
			return err
		}
		for _, m := range d.Models {
			if err := insertModel(ctx, tx, shop, m); err != nil {
				return err
			}
		}
		for _, v := range d.Schedules {
			if err := insertSchedule(ctx, tx, shop, v); err != nil {
				return err
			}
		}
		for n := range d.Audit {
			if _, err := tx.Exec(ctx, audit.InsertSQL, audit.InsertArgs(shop, &d.Audit[n])...); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, audit.FinishSQL, d.Audit[n].Outcome, string(d.Audit[n].After), shop, d.Audit[n].ID); err != nil {
				return err
			}
		}
		for _, j := range d.Jobs {
			text, err := encoded(j)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "insert into jobs (shop, job_id, kind, active, created_ms, attempts, owner, "+
				"lease_ms, body) values ($1, $2, $3, 0, $4, 1, '', 0, $5)",
				shop, j.JobID, j.Kind, j.CreatedAt.UnixMilli(), text); err != nil {
				return err
			}
		}
		if len(d.Live) == 0 {
			return nil
		}
		text, err := encoded(Live{Relations: d.Live})
		if err != nil {
			return err
		}
		_, err = tx.Exec(
			ctx, "insert into live (shop, generation, at_ms, body) values ($1, 1, $2, $3) on conflict (shop) do nothing", shop,
			now.UnixMilli(), text,
		)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over the documents of shop %s: %w", shop, err)
	}
	return nil
}
