package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Job is a job with who runs it.
type Job struct {
	Shop string
	similarityapi.Job
	Attempts int // how often it was begun; handing it on on purpose does not count
	// Parent is the job, or the part, that a part belongs to, and Spec says what the part is, as JSON. Both are "" for a job.
	Parent, Spec string
}

// Lease is who runs a job and for how long it is theirs without another word.
type Lease struct {
	Owner string
	For   time.Duration
}

// InsertJob stores a job that nobody runs yet. It returns the id of the job of that shop and kind that goes on, if there is one, and stores
// nothing then.
func (s *Store) InsertJob(ctx context.Context, job *Job) (running string, err error) {
	err = s.InTx(ctx, func(tx *database.Tx) error {
		running, err = s.insertJob(ctx, tx, job)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store job %s: %w", job.JobID, err)
	}
	return running, nil
}

func (s *Store) insertJob(ctx context.Context, tx *database.Tx, job *Job) (running string, err error) {
	text, err := encoded(job.Job)
	if err != nil {
		return "", err
	}
	n, err := tx.Exec(ctx, `insert into jobs (shop, job_id, kind, active, created_ms, attempts, owner, lease_ms, body)
		values ($1, $2, $3, 1, $4, 0, '', 0, $5)
		on conflict (shop, kind) where active = 1 do nothing`, job.Shop, job.JobID, job.Kind, job.CreatedAt.UnixMilli(), text)
	if err == nil && n == 1 {
		err = tx.Notify(ctx, workChannel, "")
	}
	if err != nil || n == 1 {
		return "", err
	}
	err = tx.QueryRowContext(
		ctx, s.Rebind("select job_id from jobs where shop = $1 and kind = $2 and active = 1"), job.Shop, job.Kind,
	).Scan(&running)
	return running, err
}

// ClaimJob gives a job to an owner, for as long as a lease, when it has not ended and no lease on it holds. It returns false when it is not
// to be had.
func (s *Store) ClaimJob(ctx context.Context, shop, id string, l Lease) (job Job, claimed bool, err error) {
	now := s.NowMs()
	err = s.InTx(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, "update jobs set owner = $1, lease_ms = "+now+
			" + $2, attempts = attempts + 1 where shop = $3 and job_id = $4 and active = 1 and lease_ms <= "+now,
			l.Owner, l.For.Milliseconds(), shop, id)
		if err != nil || n == 0 {
			return err
		}
		var text string
		job.Shop = shop
		row := tx.QueryRowContext(ctx, s.Rebind("select attempts, parent, spec, body from jobs where shop = $1 and job_id = $2"), shop, id)
		if err := row.Scan(&job.Attempts, &job.Parent, &job.Spec, &text); err != nil {
			return err
		}
		claimed = true
		return decode(text, &job.Job)
	})
	if err != nil {
		return job, false, fmt.Errorf("claim job %s: %w", id, err)
	}
	return job, claimed, nil
}

// JobKey names a job or a part of one.
type JobKey struct {
	Shop, JobID string
	IsPart      bool
}

// maxFree bounds what one look finds; the next finds the rest.
const maxFree = 100

// FreeJobs returns jobs and parts that have not ended and that nobody runs: those handed on, those whose owner is gone and parts that
// nobody has taken yet, the longest free first.
func (s *Store) FreeJobs(ctx context.Context) ([]JobKey, error) {
	list, err := database.Select(ctx, s.Tables, func(r *sql.Rows, k *JobKey) error { return r.Scan(&k.Shop, &k.JobID, &k.IsPart) },
		"select shop, job_id, parent <> '' from jobs where active = 1 and lease_ms <= "+s.NowMs()+
			" order by lease_ms, created_ms, job_id limit $1", maxFree)
	if err != nil {
		return nil, fmt.Errorf("look for jobs that nobody runs: %w", err)
	}
	return list, nil
}

// KeepJob prolongs a lease and stores how far the job is. It reports false in held when the job is its owner's no more, and whether
// somebody wishes to cancel it.
func (s *Store) KeepJob(ctx context.Context, job *Job, l Lease) (held, cancelled bool, err error) {
	text, err := encoded(job.Job)
	if err != nil {
		return false, false, err
	}
	var wish int
	err = s.Writer.QueryRowContext(ctx, s.Rebind(
		"update jobs set lease_ms = "+s.NowMs()+
			" + $1, body = $2 where shop = $3 and job_id = $4 and active = 1 and owner = $5 returning cancelled",
	),
		l.For.Milliseconds(), text, job.Shop, job.JobID, l.Owner).Scan(&wish)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("keep job %s: %w", job.JobID, err)
	}
	return true, wish == 1, nil
}

// EndJob stores the end of a job of an owner; ErrNotFound says that it is theirs no more.
func (s *Store) EndJob(ctx context.Context, job *Job, owner string) error {
	return s.leave(ctx, job, owner, "active = 0, lease_ms = 0")
}

// HandJobOn leaves a job to whoever takes it next, after a while at the earliest; ErrNotFound says that it is its owner's no more.
func (s *Store) HandJobOn(ctx context.Context, job *Job, owner string, after time.Duration) error {
	return s.leave(ctx, job, owner, fmt.Sprintf("lease_ms = %s + %d, owner = '', attempts = attempts - 1", s.NowMs(), after.Milliseconds()))
}

// PurgeJobs removes the jobs of all shops that ended and were made before a moment.
func (s *Store) PurgeJobs(ctx context.Context, before time.Time) error {
	if _, err := s.Exec(ctx, "delete from jobs where active = 0 and created_ms < $1", before.UnixMilli()); err != nil {
		return fmt.Errorf("remove old jobs: %w", err)
	}
	return nil
}

func (s *Store) leave(ctx context.Context, job *Job, owner, set string) error {
	text, err := encoded(job.Job)
	if err != nil {
		return err
	}
	n, err := s.Exec(
		ctx, "update jobs set body = $1, "+set+" where shop = $2 and job_id = $3 and active = 1 and owner = $4", text, job.Shop, job.JobID,
		owner,
	)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("leave job %s: %w", job.JobID, err)
	}
	return nil
}

// CancelJob notes the wish to cancel a job, for whoever runs it or, when it waits, for whoever takes it, which may be at once; it returns
// false when the job has ended or there is none.
func (s *Store) CancelJob(ctx context.Context, shop, id string) (bool, error) {
	n, err := s.Exec(
		ctx,
		"update jobs set cancelled = 1, lease_ms = case when owner = '' then 0 else lease_ms end where shop = $1 and "+
			"job_id = $2 and active = 1",
		shop, id,
	)
	if err != nil {
		return false, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return n > 0, nil
}

// CancelRequested reports whether somebody wishes to cancel a job.
func (s *Store) CancelRequested(ctx context.Context, shop, id string) (bool, error) {
	n, err := one(
		ctx, s, func(r *sql.Rows, n *int) error { return r.Scan(n) }, "select cancelled from jobs where shop = $1 and job_id = $2", shop,
		id,
	)
	if err != nil {
		return false, fmt.Errorf("read job %s: %w", id, err)
	}
	return n == 1, nil
}

// Job returns a job, or ErrNotFound. A part is none.
func (s *Store) Job(ctx context.Context, shop, id string) (similarityapi.Job, error) {
	job, err := one(ctx, s, body[similarityapi.Job], "select body from jobs where shop = $1 and job_id = $2 and parent = ''", shop, id)
	if err != nil {
		return job, fmt.Errorf("read job %s: %w", id, err)
	}
	return job, nil
}

// Jobs returns the latest jobs of a shop, at most limit, the newest first.
func (s *Store) Jobs(ctx context.Context, shop string, limit int) ([]similarityapi.Job, error) {
	list, err := database.Select(ctx, s.Tables, body[similarityapi.Job],
		"select body from jobs where shop = $1 and parent = '' order by created_ms desc, job_id desc limit $2", shop, limit)
	if err != nil {
		return nil, fmt.Errorf("list the jobs of shop %s: %w", shop, err)
	}
	return list, nil
}
