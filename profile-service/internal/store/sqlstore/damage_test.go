package sqlstore_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestDamageOfFreePagesIsFoundAndStaysTold damages the list of the pages that removed events have left, which belongs to no table: the
// next write that needs room meets it.
func TestDamageOfFreePagesIsFoundAndStaysTold(t *testing.T) {
	t.Parallel()
	url := testenv.SQLite(t)
	s := storetest.At(t, url)
	grow := func(s store.Store, visit string) error {
		events := make([]store.NewEvent, 1500)
		for i := range events {
			e := store.Event{Subject: fmt.Sprint("u", visit, i), EventID: fmt.Sprint(i), Type: "view_item"}
			e.OccurredMs, e.ReceivedMs = march, march
			events[i].Event = e
		}
		return s.Append(t.Context(), "north", events, nil)
	}
	if err := grow(s, "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retain(t.Context(), "north", march+1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := database.SQLitePath(url)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The header of the file: the first page of the list, and the size of a page.
	page, size := int(binary.BigEndian.Uint32(data[32:])), int(binary.BigEndian.Uint16(data[16:]))
	if page == 0 {
		t.Fatal("no page is free")
	}
	copy(data[(page-1)*size:], strings.Repeat("\xa5", size))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}

	met := storetest.At(t, url)
	if err := grow(met, "second"); err == nil || database.FaultOf(err) != database.Damaged {
		t.Fatalf("the append says %v", err)
	}
	told := met.Sound()
	if told == nil {
		t.Fatal("what a write has met is not told")
	}
	if err := met.Check(t.Context()); err == nil {
		t.Error("the look does not find it")
	}
	if err := met.Sound(); err == nil || err.Error() != told.Error() {
		t.Errorf("after the look: %v", err)
	}
	if err := met.Close(); err != nil {
		t.Fatal(err)
	}
	looked := storetest.At(t, url)
	if err := looked.Check(t.Context()); err == nil || looked.Sound() == nil {
		t.Errorf("a look before any write: %v, told: %v", err, looked.Sound())
	}
}
