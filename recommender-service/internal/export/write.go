package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/audience"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/database"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// pieceBytes and pieceEvery say when what was written is stored, which is also when progress is seen; that it begins is seen after
	// firstPeople.
	pieceBytes  = 256 << 10
	pieceEvery  = time.Second
	firstPeople = 10
	// saveAgain is the pause after the database did not take a piece.
	saveAgain = time.Second
)

// place is where an export goes on: behind the first Done people of the page at Cursor, the latest of whom was Last.
type place struct {
	Cursor string `json:"cursor,omitempty"`
	Done   int    `json:"done"`
	Last   string `json:"last,omitempty"`
}

// rest are the people of a page that are still to be written. A page that was read again may have changed since.
func (p place) rest(people []string) []string {
	if p.Done == 0 {
		return people
	}
	if at := slices.Index(people, p.Last); at >= 0 {
		return people[at+1:]
	}
	return people[min(p.Done, len(people)):]
}

// writing is an export while it is written.
type writing struct {
	*Manager
	work  *store.ExportWork
	at    place
	piece bytes.Buffer
	one   func(id string, a *api.Answer) error
	saved time.Time // by the clock of this process
}

// write writes the file from its place on: all people of a list or an audience, or page after
// page of a segment. Who takes the export up later reads the page at the place again and goes
// on behind the person that was saved last.
func (m *Manager) write(ctx context.Context, work *store.ExportWork) error {
	if work.Cancelled {
		return errCancelled
	}
	w := &writing{Manager: m, work: work, saved: time.Now()}
	if work.Place != "" {
		if err := json.Unmarshal([]byte(work.Place), &w.at); err != nil {
			return fmt.Errorf("read the place of the export: %w", err)
		}
	}
	r := &work.State.Request
	var err error
	if w.one, err = writer(&w.piece, r.Format, r.Fields, work.Pieces == 0); err != nil {
		return err
	}
	work.State.State = api.ExportRunning
	if err := w.save(ctx); err != nil {
		return err
	}
	for {
		people, next := r.UserIDs, ""
		if r.Audience != nil {
			if people, err = m.audience(ctx, work.Shop, r); err != nil {
				return err
			}
			work.State.Total = len(people)
		}
		if r.Segment != "" {
			if people, next, err = m.segment(ctx, work.Shop, r.Segment, w.at.Cursor); err != nil {
				return err
			}
		}
		if err := w.people(ctx, w.at.rest(people)); err != nil {
			return err
		}
		if next == "" {
			return w.save(ctx)
		}
		w.at = place{Cursor: next}
	}
}

// people asks for each person and writes the answers. Work is saved after the first few, so that progress shows at once,
// then by size and time; who takes the job over goes on behind the last person that was saved.
func (w *writing) people(ctx context.Context, people []string) error {
	r := &w.work.State.Request
	for _, id := range people {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), w.saveLast(ctx))
		}
		answer, err := w.recommend(ctx, w.work.Shop, question(r, id))
		if err != nil {
			return fmt.Errorf("recommend for person %d: %w", w.work.State.Done+1, err)
		}
		if r.Audience == nil || len(answer.Items) > 0 { // who has bought the item meanwhile is told nothing
			if err := w.one(id, &answer); err != nil {
				return err
			}
		}
		w.work.State.Done++
		w.at.Done, w.at.Last = w.at.Done+1, id
		if w.work.State.Done == firstPeople || w.piece.Len() >= pieceBytes || time.Since(w.saved) >= pieceEvery {
			if err := w.save(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// question is what a person is asked with. Nobody waits for one answer, so that each has the
// longest deadline that there is.
func question(r *api.ExportRequest, id string) *api.Request {
	if r.Audience == nil {
		return &api.Request{
			Scenario: r.Scenario, UserID: id, Limit: r.Limit, Fields: r.Fields, Filter: r.Filter, Market: r.Market, DeadlineMS: 5000,
		}
	}
	q := audience.Request(r.Scenario, r.Audience.ItemID, id, r.Filter, r.Market)
	q.Fields = r.Fields
	return q
}

// saveLast saves what was written before the process is to stop.
func (w *writing) saveLast(ctx context.Context) error {
	limited, done := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer done()
	return w.save(limited)
}

// save stores what was written since, with its place. A database that is away is asked again as long as nobody else can have the export.
func (w *writing) save(ctx context.Context) error {
	text, err := json.Marshal(w.at)
	if err != nil {
		return err
	}
	w.work.Place = string(text)
	var piece []byte
	if w.piece.Len() > 0 {
		piece = w.piece.Bytes()
	}
	err = w.store.SaveExport(ctx, w.work, w.lease, piece)
	for err != nil && database.FaultOf(err) == database.Unavailable && time.Since(w.saved) < w.lease.For && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(saveAgain):
		}
		err = w.store.SaveExport(ctx, w.work, w.lease, piece)
	}
	if err != nil {
		return err
	}
	w.piece.Reset()
	w.saved = time.Now()
	if w.work.Cancelled {
		return errCancelled
	}
	return nil
}
