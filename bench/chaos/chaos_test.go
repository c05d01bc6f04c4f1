package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestAShortDrill breaks both forms for a moment, but not the Postgres and the Redis that other tests use too.
func TestAShortDrill(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := testenv.Programs(bin); err != nil {
		t.Fatal(err)
	}
	for form, faults := range map[string]string{
		"one": "kill-service,kill-migration,damaged-snapshot", "three": "kill-profile,kill-migration,cut-postgres,corrupt-peers",
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			if err := run(t.Context(), &options{form: form, bin: bin, faults: faults, seed: 1, rate: 10}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheVerdictFindsWhatIsBroken gives the drill what must not be, one at a time.
func TestTheVerdictFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	for says, spoil := range map[string]func(d *drill){
		"lost":               func(d *drill) { d.audit.lost = []string{"e-1"} },
		"twice":              func(d *drill) { d.audit.doubled = []string{"e-1"} },
		"changed":            func(d *drill) { d.audit.changed = []string{"e-1"} },
		"never acknowledged": func(d *drill) { d.audit.unknown = []string{"e-1"} },
		"contradict":         func(d *drill) { d.load.ledger.misjudged = []string{"e-1"} },
		"half published":     func(d *drill) { d.models.half = []string{"similar"} },
		"503":                func(d *drill) { d.load.tally.wrong = map[string]int{"503": 1} },
		"not whole again":    func(d *drill) { d.results = []result{{fault: &fault{name: "cut"}, err: errNotWhole}} },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			d := &drill{load: &load{ledger: newLedger()}, models: newModels()}
			if err := d.verdict(); err != nil {
				t.Errorf("of nothing: %v", err)
			}
			spoil(d)
			if err := d.verdict(); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
}

// TestTheLedgerFindsContradictions repeats an event that was acknowledged.
func TestTheLedgerFindsContradictions(t *testing.T) {
	t.Parallel()
	events := []profileapi.Event{{EventID: "1", Type: "view_item", UserID: "a", ItemID: "i"}}
	verdict := func(status string) profileapi.EventsAnswer {
		return profileapi.EventsAnswer{Results: []profileapi.Result{{ID: "1", Status: status}}}
	}
	l := newLedger()
	l.judge(events, verdict(profileapi.StatusAccepted), false)
	l.judge(events, verdict(profileapi.StatusDuplicate), false)
	if len(l.misjudged) != 0 {
		t.Errorf("a repeat is no contradiction: %v", l.misjudged)
	}
	l.judge(events, verdict(profileapi.StatusAccepted), true)
	if len(l.misjudged) != 1 {
		t.Errorf("accepted twice: %v", l.misjudged)
	}
	l = newLedger()
	l.judge(events, verdict(profileapi.StatusDuplicate), false)
	if len(l.misjudged) != 1 {
		t.Errorf("a duplicate of nothing: %v", l.misjudged)
	}
}

// TestModelsThatAreHalfPublishedAreFound damages a published model, and makes one job's models live by two changes.
func TestModelsThatAreHalfPublishedAreFound(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := &world{models: stored{folder, testenv.SQLite(t)}}
	if err := migrations.Up(t.Context(), migrations.Similarity, w.models.url); err != nil {
		t.Fatal(err)
	}
	tables, err := database.OpenTables(t.Context(), w.models.url, 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tables.Close() })
	write := func(version, text string) {
		t.Helper()
		path := filepath.Join(folder, "shops", "default", "snapshots", version+".aisle")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	execute := func(statement string, args ...any) {
		t.Helper()
		if _, err := tables.Exec(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	// SHA-256 of nothing, which `sha256sum </dev/null` prints
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	nothing := "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24" +
		"\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"
	for _, version := range []string{"a", "b"} {
		execute("insert into models (shop, version, relation, created_ms, body) values ('default', $1, 'similar', 0, $2)",
			version, `{"version":"`+version+`","job_id":"7","checksum":"`+sum+`"}`)
	}
	write("a", nothing)
	write("b", nothing[1:]+"x")
	execute(
		"insert into live (shop, generation, at_ms, body) values ('default', 1, 0, $1)",
		`{"relations":{"similar":{"version":"a","at":"1"}}}`,
	)
	m := newModels()
	if err := m.check(t.Context(), w); err != nil || len(m.half) != 0 || len(m.checked) != 1 {
		t.Fatalf("half are %v, %v", m.half, err)
	}
	execute("update live set body = $1", `{"relations":{"similar":{"version":"a","at":"1"},"viewed_next":{"version":"b","at":"2"}}}`)
	if err := m.check(t.Context(), w); err != nil || len(m.half) < 2 {
		t.Errorf("half are %v, %v", m.half, err)
	}
}

// TestCorruptionFlipsBits counts the bytes of a long chunk that differ.
func TestCorruptionFlipsBits(t *testing.T) {
	t.Parallel()
	toxic, left := &corruptToxic{Every: 100}, 0
	got := toxic.flip(&stream.StreamChunk{Data: make([]byte, 100_000)}, rand.New(rand.NewPCG(1, 1)), &left)
	if flipped := len(got.Data) - bytes.Count(got.Data, []byte{0}); flipped < 900 || flipped > 1100 {
		t.Errorf("%d of 100,000 bytes are flipped, want about one in 100", flipped)
	}
}
