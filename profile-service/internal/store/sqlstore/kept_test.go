package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

// TestWhatIsRememberedIsWhatIsStored changes visitors in every way that there is while others read them, and looks after each change
// whether they are answered as they are stored.
func TestWhatIsRememberedIsWhatIsStored(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t).(*sqlstore.Store)
	ctx, seed := t.Context(), rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	ids := []string{"1", "2", "3", ""}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Visitor(ctx, "north", ids[n%4], ids[n/4%4]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer readers.Wait()
	defer close(stop)
	remembered := 0
	for n := range 300 {
		user, session := ids[rng.IntN(3)], ids[rng.IntN(3)]
		during := ctx
		if rng.IntN(4) == 0 {
			during = store.DuringImport(ctx, fmt.Sprint("import-", n%5))
		}
		what, err := "append", error(nil)
		switch k := rng.IntN(40); k {
		case 0:
			what = "merge"
			_, err = s.Merge(ctx, "north", event.SessionSubject(session), user)
			if err != nil { // a session of somebody else
				err = nil
			}
		case 1:
			what = "erase"
			_, err = s.Erase(ctx, "north", user, "", store.Receipt{ID: fmt.Sprint(n), Mode: "erase"})
		case 2, 3:
			what = "record"
			err = s.UpdateUsers(during, "north", []string{user}, func(map[string]store.UserRow) ([]store.UserRow, error) {
				return []store.UserRow{
					{UserID: user, Version: int64(n + 1), Withheld: rng.IntN(3) == 0, Body: fmt.Appendf(nil, `{"n":%d}`, n)},
				}, nil
			})
		case 4:
			what = "undo"
			err = s.PutImport(ctx, "north", store.ImportRow{ImportID: fmt.Sprint("import-", n%5)})
			if err == nil {
				_, err = s.UndoImport(ctx, "north", fmt.Sprint("import-", n%5))
			}
		case 5:
			what = "item"
			err = s.UpdateItems(ctx, "north", []string{"lamp"}, func(map[string]store.ItemRow) ([]store.ItemRow, error) {
				return []store.ItemRow{{ItemID: "lamp", Version: int64(n + 1)}}, nil
			})
		case 6:
			what = "retain"
			_, err = s.Retain(ctx, "north", march+int64(rng.IntN(n+1)))
		default:
			e := store.Event{EventID: fmt.Sprint("e", rng.IntN(150)), Type: "view_item", OccurredMs: march + int64(n), ReceivedMs: march,
				Lines: event.AppendLines(nil, []event.Line{{ItemID: fmt.Sprint(rng.IntN(9)), Quantity: 1}})}
			switch k % 3 {
			case 0:
				e.Subject = event.UserSubject(user)
			case 1:
				e.Subject, e.SessionID = event.SessionSubject(session), session
			default:
				e.Subject, e.SessionID = event.UserSubject(user), session
			}
			err = s.Append(during, "north", []store.NewEvent{{Event: e}}, nil)
		}
		if err != nil {
			t.Fatalf("seed %d, step %d, %s: %v", seed, n, what, err)
		}
		for _, u := range ids {
			for _, of := range ids {
				if u == "" && of == "" {
					continue
				}
				if s.Remembers("north", u, of) {
					remembered++
				}
				got, err := s.Visitor(ctx, "north", u, of)
				want, errStored := s.Stored(ctx, "north", u, of)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Visitor{}, "LastSeq")); err != nil || errStored != nil ||
					diff != "" {
					t.Fatalf(
						"seed %d, step %d, %s of %s and %s: user %q, session %q: %v %v %s", seed, n, what, user, session, u, of, err,
						errStored, diff,
					)
				}
			}
		}
	}
	if remembered < 100 {
		t.Errorf("only %d readings were answered from memory", remembered)
	}
}
