package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// ErrFull says that there is no room for another export: all there are go on.
var ErrFull = errors.New("too many exports")

// ExportKey names an export.
type ExportKey struct{ Shop, ID string }

// ExportLease is who writes an export and for how long it is theirs without another word: who
// stops saying so has died, and another process goes on. Times are those of the database, so
// that clocks of processes do not matter.
type ExportLease struct {
	Owner string
	For   time.Duration
}

// ExportWork is an export as its owner has it.
type ExportWork struct {
	ExportKey
	State  api.Export
	Place  string // where to go on, in the words of who writes it; "" at first
	Pieces int    // of the file, that are stored
	// Cancelled says that somebody wishes its end.
	Cancelled bool
}

// InsertExport stores an export that nobody writes yet. A shop has at most so many: the one that ended first makes room, and ErrFull says
// that all of them go on.
func (s *Store) InsertExport(ctx context.Context, shop string, e api.Export, most int) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode an export: %w", err)
	}
	err = s.InTx(ctx, func(tx *database.Tx) error {
		var all int
		row := tx.QueryRowContext(ctx, s.Rebind("select count(*) from exports where shop = $1"), shop)
		if err := row.Scan(&all); err != nil {
			return err
		}
		if all >= most {
			var first string
			row := tx.QueryRowContext(ctx, s.Rebind(
				"select export_id from exports where shop = $1 and active = 0 order by ended_ms, export_id limit 1",
			), shop)
			if err := row.Scan(&first); errors.Is(err, sql.ErrNoRows) {
				return ErrFull
			} else if err != nil {
				return err
			}
			if err := deleteExports(ctx, tx, "shop = $1 and export_id = $2", shop, first); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "insert into exports (shop, export_id, active, created_ms, body) values ($1, $2, 1, $3, $4)",
			shop, e.ExportID, e.CreatedAt.UnixMilli(), string(body))
		return err
	})
	if err != nil {
		return fmt.Errorf("store export %s: %w", e.ExportID, err)
	}
	return nil
}

// deleteExports removes the exports of a condition with their files.
func deleteExports(ctx context.Context, tx *database.Tx, where string, args ...any) error {
	if _, err := tx.Exec(
		ctx, "delete from export_pieces where (shop, export_id) in (select shop, export_id from exports where "+where+")", args...,
	); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "delete from exports where "+where, args...)
	return err
}

// maxFreeExports bounds what one look finds; the next finds the rest.
const maxFreeExports = 100

// FreeExports returns exports of all shops that have not ended and that nobody writes, the
// oldest first, at most maxFreeExports. Who wants one claims it.
func (s *Store) FreeExports(ctx context.Context) ([]ExportKey, error) {
	list, err := query(ctx, s, func(r *sql.Rows, k *ExportKey) error { return r.Scan(&k.Shop, &k.ID) },
		"select shop, export_id from exports where active = 1 and lease_ms <= "+s.NowMs()+" order by created_ms, export_id limit $1",
		maxFreeExports)
	if err != nil {
		return nil, fmt.Errorf("look for exports that nobody writes: %w", err)
	}
	return list, nil
}

// ClaimExport gives an export that has not ended to an owner; false says that it is not to be had.
func (s *Store) ClaimExport(ctx context.Context, k ExportKey, l ExportLease) (w ExportWork, claimed bool, err error) {
	var body string
	w.ExportKey = k
	row := s.Writer.QueryRowContext(ctx, s.Rebind("update exports set owner = $1, lease_ms = "+s.NowMs()+
		" + $2 where shop = $3 and export_id = $4 and active = 1 and lease_ms <= "+s.NowMs()+
		" returning body, place, pieces, cancelled = 1"),
		l.Owner, l.For.Milliseconds(), k.Shop, k.ID)
	err = row.Scan(&body, &w.Place, &w.Pieces, &w.Cancelled)
	if errors.Is(err, sql.ErrNoRows) {
		return w, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &w.State)
	}
	if err != nil {
		return w, false, fmt.Errorf("claim export %s: %w", k.ID, err)
	}
	return w, true, nil
}

// SaveExport stores how far an owner's export is and the piece of its file that was written since, nil for none, and prolongs the lease.
// ErrNotFound says that the export is theirs no more; then nothing was stored.
func (s *Store) SaveExport(ctx context.Context, w *ExportWork, l ExportLease, piece []byte) error {
	body, err := json.Marshal(w.State)
	if err != nil {
		return fmt.Errorf("encode an export: %w", err)
	}
	pieces := w.Pieces
	if piece != nil {
		pieces++
	}
	err = s.InTx(ctx, func(tx *database.Tx) error {
		row := tx.QueryRowContext(ctx, s.Rebind("update exports set lease_ms = "+s.NowMs()+` + $1, body = $2, place = $3, pieces = $4
			where shop = $5 and export_id = $6 and active = 1 and owner = $7 returning cancelled = 1`),
			l.For.Milliseconds(), string(body), w.Place, pieces, w.Shop, w.ID, l.Owner)
		if err := row.Scan(&w.Cancelled); errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		} else if err != nil || piece == nil {
			return err
		}
		// a commit whose answer was lost is made again with the same piece
		_, err := tx.Exec(ctx, `insert into export_pieces (shop, export_id, piece, data) values ($1, $2, $3, $4)
			on conflict (shop, export_id, piece) do update set data = excluded.data`, w.Shop, w.ID, w.Pieces, piece)
		return err
	})
	if err != nil {
		return fmt.Errorf("save export %s: %w", w.ID, err)
	}
	w.Pieces = pieces
	return nil
}

// LeaveExport stores the state of an owner's export, which has ended or, when not, goes on where somebody takes it. ErrNotFound says that
// it is theirs no more.
func (s *Store) LeaveExport(ctx context.Context, w *ExportWork, owner string) error {
	body, err := json.Marshal(w.State)
	if err != nil {
		return fmt.Errorf("encode an export: %w", err)
	}
	active, ended := 1, int64(0)
	if !w.State.FinishedAt.IsZero() {
		active, ended = 0, w.State.FinishedAt.UnixMilli()
	}
	n, err := s.Exec(ctx, `update exports set active = $1, ended_ms = $2, body = $3, owner = '', lease_ms = 0
		where shop = $4 and export_id = $5 and active = 1 and owner = $6`, active, ended, string(body), w.Shop, w.ID, owner)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("leave export %s: %w", w.ID, err)
	}
	return nil
}

// CancelExport notes the wish to end an export; one that has ended stays as it is. ErrNotFound says that there is none.
func (s *Store) CancelExport(ctx context.Context, k ExportKey) error {
	n, err := s.Exec(ctx, "update exports set cancelled = 1 where shop = $1 and export_id = $2", k.Shop, k.ID)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("cancel export %s: %w", k.ID, err)
	}
	return nil
}

// Export returns the state of an export and the number of pieces that its file has, or ErrNotFound.
func (s *Store) Export(ctx context.Context, k ExportKey) (e api.Export, pieces int, err error) {
	var body string
	row := s.Reader.QueryRowContext(ctx, s.Rebind("select body, pieces from exports where shop = $1 and export_id = $2"), k.Shop, k.ID)
	err = row.Scan(&body, &pieces)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &e)
	}
	if err != nil {
		return e, 0, fmt.Errorf("read export %s: %w", k.ID, err)
	}
	return e, pieces, nil
}

// ExportPiece returns a piece of the file of an export, counted from 0, or ErrNotFound.
func (s *Store) ExportPiece(ctx context.Context, k ExportKey, piece int) (data []byte, err error) {
	row := s.Reader.QueryRowContext(
		ctx, s.Rebind("select data from export_pieces where shop = $1 and export_id = $2 and piece = $3"), k.Shop, k.ID, piece,
	)
	err = row.Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read piece %d of export %s: %w", piece, k.ID, err)
	}
	return data, nil
}

// PurgeExports removes the exports that ended before a moment, of all shops.
func (s *Store) PurgeExports(ctx context.Context, before time.Time) error {
	err := s.InTx(ctx, func(tx *database.Tx) error {
		return deleteExports(ctx, tx, "active = 0 and ended_ms < $1", before.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("remove old exports: %w", err)
	}
	return nil
}
