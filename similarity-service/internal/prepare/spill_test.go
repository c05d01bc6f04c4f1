package prepare

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

// many are 60,000 interactions of few enough visitors that their buckets have several chunks.
func many() []*profileapi.InteractionBlock {
	var users, sessions, orders, items []string
	for u := range 20 {
		users = append(users, fmt.Sprint("user ", u))
	}
	for n := range 200 {
		sessions, orders, items = append(
			sessions, fmt.Sprint("session ", n),
		), append(orders, fmt.Sprint("order ", n)), append(items, fmt.Sprint("item ", n*7%200))
	}
	b := &profileapi.InteractionBlock{Users: users, Sessions: sessions, Orders: orders, Items: items, Types: []string{"purchase"}}
	for n := range 60_000 {
		b.User, b.Session, b.Order = append(b.User, int32(n%20)), append(b.Session, int32(n%200)), append(b.Order, int32(n%200))
		b.Item, b.Type = append(b.Item, int32(n*n%199)), append(b.Type, 0)
		b.Weight, b.OccurredAt = append(b.Weight, float32(n%7)-1), append(b.OccurredAt, int64(n)*100_000)
	}
	return []*profileapi.InteractionBlock{b}
}

func prepared(t *testing.T, o Options) *Prepared {
	t.Helper()
	o.BotEventsPerDay = 1 << 30
	c := NewCollector(o)
	for _, b := range many() {
		c.Add(b)
	}
	p, err := c.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if spilled := p.collector != nil; spilled != (o.SpillAfter > 0 && o.Relation == similarityapi.Similar && o.Warn == nil) {
		t.Errorf("left for later is %t", spilled)
	}
	if err := p.Complete(); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestInteractionsInAFileGiveTheSame prepares the same interactions in memory and from a file.
func TestInteractionsInAFileGiveTheSame(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			same(t, prepared(t, Options{Relation: relation}), prepared(t, Options{Relation: relation, SpillAfter: 1}))
		})
	}
}

func same(t *testing.T, want, got *Prepared) {
	t.Helper()
	for name, both := range map[string][2]*dataset.Data{"full": {want.Full, got.Full}, "split": {want.Split, got.Split}} {
		if diff := cmp.Diff(both[0].Train, both[1].Train, cmpopts.IgnoreUnexported(csr.Matrix{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(both[0].Sessions, both[1].Sessions); diff != "" {
			t.Errorf("sessions of %s: %s", name, diff)
		}
		if diff := cmp.Diff(both[0].Tests, both[1].Tests); diff != "" {
			t.Errorf("tests of %s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(want.Report, got.Report); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(want.Support, got.Support) || want.Until != got.Until {
		t.Error("support or the latest time differ")
	}
}

func TestWithoutRoomForTheFileEverythingStaysInMemoryAndSaysSo(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	told := 0
	got := prepared(t, Options{Relation: similarityapi.Similar, SpillAfter: 1, Warn: func(error) { told++ }})
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	same(t, prepared(t, Options{Relation: similarityapi.Similar}), got)
}

func TestAFileThatWasChangedIsNoticed(t *testing.T) {
	t.Parallel()
	c := NewCollector(Options{Relation: similarityapi.Similar, SpillAfter: 1})
	for _, b := range many() {
		c.Add(b)
	}
	if _, err := c.log.file.file.WriteAt([]byte{1, 2, 3}, 100); err != nil {
		t.Fatal(err)
	}
	if p, err := c.Finish(); err == nil {
		t.Errorf("nothing is wrong with %+v", p)
	}
}
