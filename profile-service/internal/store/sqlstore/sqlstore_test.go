package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

func TestOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.SQLite)
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Postgres)
}

// TestTwoReplicasShareADatabase has two stores append to the same visitors and orders at once: nothing is counted twice, and each state is
// what the events give.
func TestTwoReplicasShareADatabase(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	replicas := []store.Store{storetest.At(t, url), storetest.At(t, url)}
	const batches, people = 30, 5
	var wg sync.WaitGroup
	var accepted [2]int
	for r, s := range replicas {
		wg.Go(func() {
			for b := range batches {
				var events []store.NewEvent
				for p := range people {
					e := store.Event{Subject: fmt.Sprint("u", p), EventID: fmt.Sprint(b), Type: fmt.Sprint("kind", b%7), OccurredMs: march +
						int64(b), ReceivedMs: march,
						Lines: event.AppendLines(nil, []event.Line{{ItemID: fmt.Sprint(b), Quantity: 1}})}
					order := e
					order.EventID, order.Type, order.OrderID = "", event.TypePurchase, "1"
					events = append(events, store.NewEvent{Event: e}, store.NewEvent{Event: order})
				}
				if err := s.Append(t.Context(), "north", events, nil); err != nil {
					t.Error(err)
					return
				}
				for i := range events {
					if !events[i].Result.Duplicate {
						accepted[r]++
					}
				}
			}
		})
	}
	wg.Wait()
	if n := accepted[0] + accepted[1]; n != 2*batches*people {
		t.Errorf("%d events accepted of %d", n, 2*batches*people)
	}
	mover := visitor.NewMover(profileapi.DefaultEventWeights(), storetest.HalfLife)
	for p := range people {
		v, err := replicas[0].Visitor(t.Context(), "north", fmt.Sprint(p), "")
		if err != nil {
			t.Fatal(err)
		}
		var made []byte
		if err := replicas[1].History(t.Context(), "north", store.HistoryQuery{
			Subjects: []string{fmt.Sprint("u", p)},
		}, func(page []store.Event) error {
			made, err = mover.Move(made, page)
			return err
		}); err != nil || len(made) == 0 || string(made) != string(v.States[0].Data) {
			t.Errorf("the state of %d is not what its events give, %v", p, err)
		}
	}
}

// TestAPanicInATransactionLeavesTheStoreUsable panics where the only connection that writes is held.
func TestAPanicInATransactionLeavesTheStoreUsable(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			func() {
				defer func() {
					if v := recover(); v != "a bug" {
						t.Errorf("recovered %v", v)
					}
				}()
				_ = s.UpdateItems(
					ctx, "north", []string{"lamp"}, func(map[string]store.ItemRow) ([]store.ItemRow, error) { panic("a bug") },
				)
			}()
			if err := s.UpdateItems(ctx, "north", []string{"lamp"}, func(map[string]store.ItemRow) ([]store.ItemRow, error) {
				return []store.ItemRow{{ItemID: "lamp", Version: 1}}, nil
			}); err != nil {
				t.Fatal(err)
			}
			if last, err := s.LastPosition(ctx, "north"); err != nil || last != 1 {
				t.Errorf("the position is %d, %v: what panicked was not undone", last, err)
			}
		})
	}
}

func TestAFileHasOneOwner(t *testing.T) {
	t.Parallel()
	url := testenv.SQLite(t)
	first := storetest.At(t, url)
	if second, err := sqlstore.Open(t.Context(), url, nil); err == nil || !strings.Contains(err.Error(), "in use") {
		if err == nil {
			second.Close()
		}
		t.Errorf("opened twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := sqlstore.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// TestOtherWeightsMakeStatesAgain opens a store with other weights than its states were made with.
func TestOtherWeightsMakeStatesAgain(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := url(t)
			s := storetest.At(t, address)
			view := func(s store.Store, id string) {
				t.Helper()
				e := store.NewEvent{Event: store.Event{Subject: "ua", EventID: id, Type: "view_item", OccurredMs: march, ReceivedMs: march,
					Lines: event.AppendLines(nil, []event.Line{{ItemID: "lamp", Quantity: 1}})}}
				if err := s.Append(t.Context(), "north", []store.NewEvent{e}, nil); err != nil {
					t.Fatal(err)
				}
			}
			view(s, "1")
			view(s, "2")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			heavy, err := sqlstore.Open(t.Context(), address, visitor.NewMover(event.Weights{"view_item": 7}, storetest.HalfLife))
			if err != nil {
				t.Fatal(err)
			}
			defer heavy.Close()
			for n, want := range []float32{14, 21} {
				v, err := heavy.Visitor(t.Context(), "north", "a", "")
				if err != nil {
					t.Fatal(err)
				}
				state, err := visitorstate.Decode(v.States[0].Data)
				if err != nil || state.Items[0].Weight != want {
					t.Errorf("%d: state %+v, %v", n, state, err)
				}
				view(heavy, "3")
			}
		})
	}
}
