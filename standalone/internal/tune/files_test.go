package tune

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

const someEvents = `{"type":"purchase","user_id":"ann","items":[{"item_id":"b"}],"occurred_at":"2024-02-01T00:00:00Z"}

{"type":"view_item","session_id":"s","item_id":"a","occurred_at":1704067200000}
`

func TestEventsAreReadPlainAndCompressed(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write([]byte(someEvents)) // into memory
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"events.ndjson": []byte(someEvents), "events.ndjson.gz": zipped.Bytes(),
		"events.ndjson.zst": encoder.EncodeAll([]byte(someEvents), nil),
	} {
		dir := t.TempDir()
		write(t, dir, name, data)
		for _, path := range []string{dir, filepath.Join(dir, name)} {
			shop, err := Load(path, FormatEvents, FileOptions{}, time.Now())
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if len(shop.Events) != 2 || shop.Events[0].ItemID != "a" || len(shop.Items) != 2 || shop.Items[1].ItemID != "b" {
				t.Errorf("%s: %+v", path, shop)
			}
		}
	}
}

func TestAFolderMayHoldACatalogue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "events.ndjson", []byte(someEvents))
	write(t, dir, "items.ndjson", []byte(`{"item_id":"a","title":"A"}`))
	shop, err := Load(dir, FormatEvents, FileOptions{}, time.Now())
	if err != nil || len(shop.Items) != 1 || shop.Items[0].Title != "A" {
		t.Errorf("%v: %+v", err, shop)
	}
}

func TestEventsMayBeATable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(
		t, dir, "events.csv",
		[]byte("Kunde;Artikelnr;Was;Datum;Menge;Preis\nann;b;gekauft;01.02.2024;2;19,99\nann;a;view;31.01.2024 10:00;;\n"),
	)
	write(t, dir, "items.csv", []byte("id,name,category,price\na,A,Home > Mugs,1.50\nb,B,Home,2\n"))
	o := FileOptions{
		Mapping: map[string]string{"Was": "type"}, MapValues: map[string]map[string]string{"type": {"gekauft": "purchase"}},
		Timezone: "Europe/Berlin",
	}
	shop, err := Load(dir, FormatEvents, o, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	view, bought := shop.Events[0], shop.Events[1]
	if view.Type != "view_item" || view.ItemID != "a" || view.OccurredAt.Format(time.DateTime) != "2024-01-31 09:00:00" {
		t.Errorf("the first: %+v", view)
	}
	if bought.Type != "purchase" || bought.UserID != "ann" || *bought.Items[0].Quantity != 2 || *bought.Items[0].Price != 19.99 {
		t.Errorf("the second: %+v", bought)
	}
	if len(shop.Items) != 2 || shop.Items[0].CategoryPath[1] != "Mugs" || *shop.Items[0].Price != 1.5 {
		t.Errorf("items: %+v", shop.Items)
	}
}

func TestSessionsGetTimesInTheirOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "train_sessions.txt", []byte("1 2 3\n4 5\n"))
	write(t, dir, "test_prefixes.txt", []byte("not to be read"))
	shop, err := Load(dir, FormatSessions, FileOptions{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, e := range shop.Events {
		order += e.SessionID[len("session-"):] + e.ItemID + " "
	}
	if order != "01 02 03 14 15 " || shop.Events[3].OccurredAt.Sub(shop.Events[0].OccurredAt.Time) != sessionsSpan/2 {
		t.Errorf("read %s: %+v", order, shop.Events)
	}
}

func TestBadFilesAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, format, want string }{
		"no JSON":      {someEvents + "{", FormatEvents, "line 4"},
		"no time":      {`{"type":"view_item","user_id":"ann","item_id":"a"}`, FormatEvents, "occurred_at"},
		"nothing":      {"", FormatEvents, "empty"},
		"other format": {"", "parquet", "want one of events"},
	} {
		dir := t.TempDir()
		write(t, dir, "events.ndjson", []byte(c.data))
		if _, err := Load(dir, c.format, FileOptions{}, time.Now()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(t.TempDir(), FormatSessions, FileOptions{}, time.Now()); err == nil ||
		!strings.Contains(err.Error(), "train_sessions.txt") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestTheCarriedDataKeepsItsOwnTimes(t *testing.T) {
	t.Parallel()
	shop, err := Load("", FormatOnlineRetail, FileOptions{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	first, last := shop.Events[0].OccurredAt, shop.Events[len(shop.Events)-1].OccurredAt
	if first.Format(time.DateTime) != "2010-12-01 08:26:00" || last.Format(time.DateTime) != "2011-12-09 12:50:00" {
		t.Errorf("from %s to %s", first, last)
	}
}
