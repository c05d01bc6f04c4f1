package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const putSchedule = `insert into schedules (shop, schedule_id, next_ms, body) values ($1, $2, $3, $4)
	on conflict (shop, schedule_id) do update set next_ms = excluded.next_ms, body = excluded.body`

// PutSchedule stores a schedule, in place of an earlier one; it is due at its NextAt, never while it is paused.
func (s *Store) PutSchedule(ctx context.Context, shop string, v similarityapi.Schedule) error {
	return s.InTx(ctx, func(tx *database.Tx) error { return insertSchedule(ctx, tx, shop, v) })
}

func insertSchedule(ctx context.Context, tx *database.Tx, shop string, v similarityapi.Schedule) error {
	text, err := encoded(v)
	if err != nil {
		return err
	}
	due := sql.NullInt64{Int64: v.NextAt.UnixMilli(), Valid: !v.Paused && !v.NextAt.IsZero()}
	if _, err := tx.Exec(ctx, putSchedule, shop, v.ScheduleID, due, text); err != nil {
		return fmt.Errorf("store schedule %s: %w", v.ScheduleID, err)
	}
	return nil
}

// Schedule returns a schedule, or ErrNotFound.
func (s *Store) Schedule(ctx context.Context, shop, id string) (similarityapi.Schedule, error) {
	v, err := one(ctx, s, body[similarityapi.Schedule], "select body from schedules where shop = $1 and schedule_id = $2", shop, id)
	if err != nil {
		return v, fmt.Errorf("read schedule %s: %w", id, err)
	}
	return v, nil
}

// Schedules returns the schedules of a shop in order of id.
func (s *Store) Schedules(ctx context.Context, shop string) ([]similarityapi.Schedule, error) {
	list, err := database.Select(
		ctx, s.Tables, body[similarityapi.Schedule], "select body from schedules where shop = $1 order by schedule_id", shop,
	)
	if err != nil {
		return nil, fmt.Errorf("list the schedules of shop %s: %w", shop, err)
	}
	return list, nil
}

// DeleteSchedule removes a schedule, or returns ErrNotFound.
func (s *Store) DeleteSchedule(ctx context.Context, shop, id string) error {
	n, err := s.Exec(ctx, "delete from schedules where shop = $1 and schedule_id = $2", shop, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete schedule %s: %w", id, err)
	}
	return nil
}

// Due is a schedule whose time has come.
type Due struct {
	Shop     string
	Schedule similarityapi.Schedule
}

// maxDue bounds what is started in one go; the rest is found by the next look.
const maxDue = 100

// DueSchedules returns the schedules of all shops whose time has come by now, the longest due first.
func (s *Store) DueSchedules(ctx context.Context, now time.Time) ([]Due, error) {
	list, err := database.Select(ctx, s.Tables, func(r *sql.Rows, d *Due) error {
		var text string
		if err := r.Scan(&d.Shop, &text); err != nil {
			return err
		}
		return decode(text, &d.Schedule)
	}, "select shop, body from schedules where next_ms <= $1 order by next_ms limit $2", now.UnixMilli(), maxDue)
	if err != nil {
		return nil, fmt.Errorf("look for schedules that are due: %w", err)
	}
	return list, nil
}

// Fire moves a schedule that is due to its next time and stores the job that it starts, in one transaction, so that each time starts one
// job whatever fails. It reports false when another replica has fired it, or somebody changed it. The job is "" in running, or the id of
// the one of its kind that goes on, so that none was stored.
func (s *Store) Fire(ctx context.Context, d Due, next time.Time, job *Job) (fired bool, running string, err error) {
	v := d.Schedule
	due := v.NextAt.UnixMilli()
	v.NextAt.Time = next
	text, err := encoded(v)
	if err != nil {
		return false, "", err
	}
	err = s.InTx(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, "update schedules set next_ms = $1, body = $2 where shop = $3 and schedule_id = $4 and next_ms = $5",
			next.UnixMilli(), text, d.Shop, v.ScheduleID, due)
		if err != nil || n == 0 {
			return err
		}
		fired = true
		if job != nil {
			running, err = s.insertJob(ctx, tx, job)
		}
		return err
	})
	if err != nil {
		return false, "", fmt.Errorf("start what schedule %s is for: %w", v.ScheduleID, err)
	}
	return fired, running, nil
}
