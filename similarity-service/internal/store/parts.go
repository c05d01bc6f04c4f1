package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// workChannel is notified when there is work that nobody has taken.
const workChannel = "aisle_work"

// workerGone is the silence after which a process is taken to have ended.
const workerGone = 30 * time.Second

// InsertParts stores parts of a job that nobody does yet. One whose id is there already stays as it is, so that a job that is begun again
// finds what was done.
func (s *Store) InsertParts(ctx context.Context, parts []*Job) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		for _, p := range parts {
			text, err := encoded(p.Job)
			if err != nil {
				return err
			}
			// the kind is the part's own name: any number of them are there at the same time
			if _, err := tx.Exec(ctx, `insert into jobs
				(shop, job_id, kind, active, created_ms, attempts, owner, lease_ms, body, parent, spec)
				values ($1, $2, $3, 1, $4, 0, '', 0, $5, $6, $7) on conflict (shop, job_id) do nothing`,
				p.Shop, p.JobID, p.JobID, p.CreatedAt.UnixMilli(), text, p.Parent, p.Spec); err != nil {
				return err
			}
		}
		return tx.Notify(ctx, workChannel, "")
	})
	if err != nil {
		return fmt.Errorf("store %d parts of a job: %w", len(parts), err)
	}
	return nil
}

// Part is a part of a job and whether somebody does it now.
type Part struct {
	similarityapi.Job
	Taken bool
}

// Parts returns the parts that wait for or belong to a job, in the order in which they were made.
func (s *Store) Parts(ctx context.Context, shop, parent string) ([]Part, error) {
	list, err := database.Select(ctx, s.Tables, func(r *sql.Rows, p *Part) error {
		var text string
		if err := r.Scan(&text, &p.Taken); err != nil {
			return err
		}
		return decode(text, &p.Job)
	}, "select body, active = 1 and lease_ms > "+s.NowMs()+" from jobs where shop = $1 and parent = $2 order by created_ms, job_id",
		shop, parent)
	if err != nil {
		return nil, fmt.Errorf("read the parts of job %s: %w", parent, err)
	}
	return list, nil
}

// RemoveParts removes all parts of a job and theirs. Who does one of them finds at the next word that it is theirs no more.
func (s *Store) RemoveParts(ctx context.Context, shop, id string) error {
	if _, err := s.Exec(ctx, "delete from jobs where shop = $1 and parent <> '' and job_id like $2", shop, id+"/%"); err != nil {
		return fmt.Errorf("remove the parts of job %s: %w", id, err)
	}
	return nil
}

// RemovePartsOf removes parts by their ids.
func (s *Store) RemovePartsOf(ctx context.Context, shop string, ids []string) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(ctx, "delete from jobs where shop = $1 and job_id = $2 and parent <> ''", shop, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove %d parts of a job: %w", len(ids), err)
	}
	return nil
}

// RemoveFreePart removes a part that nobody has taken and that has not ended, and reports whether there was one.
func (s *Store) RemoveFreePart(ctx context.Context, shop, id string) (bool, error) {
	n, err := s.Exec(
		ctx, "delete from jobs where shop = $1 and job_id = $2 and parent <> '' and active = 1 and lease_ms <= "+s.NowMs(), shop, id,
	)
	if err != nil {
		return false, fmt.Errorf("remove part %s: %w", id, err)
	}
	return n > 0, nil
}

// WorkerHere notes that a process takes jobs, and returns how many others do.
func (s *Store) WorkerHere(ctx context.Context, owner string) (others int, err error) {
	err = s.InTx(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, "insert into workers (owner, seen_ms) values ($1, "+s.NowMs()+
			") on conflict (owner) do update set seen_ms = excluded.seen_ms", owner); err != nil {
			return err
		}
		gone := fmt.Sprintf("%s - %d", s.NowMs(), workerGone.Milliseconds())
		if _, err := tx.Exec(ctx, "delete from workers where seen_ms <= "+gone); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, s.Rebind("select count(*) from workers where owner <> $1"), owner).Scan(&others)
	})
	if err != nil {
		return 0, fmt.Errorf("note that this process takes jobs: %w", err)
	}
	return others, nil
}

// WorkerGone notes that a process takes no more jobs.
func (s *Store) WorkerGone(ctx context.Context, owner string) error {
	if _, err := s.Exec(ctx, "delete from workers where owner = $1", owner); err != nil {
		return fmt.Errorf("note that this process takes no more jobs: %w", err)
	}
	return nil
}

// FollowWork calls f when there may be work that nobody has taken; see database.Tables.Listen.
func (s *Store) FollowWork(ctx context.Context, f func()) {
	s.Listen(ctx, workChannel, func(string) { f() })
}
