package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

type document struct {
	N int `json:"n"`
}

func open(t *testing.T, folder string, log *bytes.Buffer) *Archive {
	t.Helper()
	handler := slog.DiscardHandler
	if log != nil {
		handler = slog.NewTextHandler(log, nil)
	}
	a, err := Open(t.Context(), "file://"+folder, slog.New(handler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

const fullEnv = "AISLE_TEST_FULL_DISK"

// TestAFullDiskLeavesWhatWasThere writes where no file may grow, as on a full disk: in a process of its own, which alone has that limit.
func TestAFullDiskLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	if folder := os.Getenv(fullEnv); folder != "" {
		signal.Ignore(syscall.SIGXFSZ)
		a := open(t, folder, nil)
		if err := a.PutDocument(t.Context(), "shops/north/jobs/old.json", document{1}); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: 1 << 30}); err != nil {
			t.Fatal(err)
		}
		_, snapshotErr := a.PutSnapshot(t.Context(), "shops/north/snapshots/new.aisle", &snapshot.Content{Items: []string{"a"}, Support: []float32{1}})
		for name, err := range map[string]error{
			"a changed document": a.PutDocument(t.Context(), "shops/north/jobs/old.json", document{2}),
			"a new document":     a.PutDocument(t.Context(), "shops/north/jobs/new.json", document{2}),
			"a fresh document":   a.PutNewDocument(t.Context(), "shops/north/jobs/fresh.json", document{2}),
			"a snapshot":         snapshotErr,
		} {
			if !errors.Is(err, syscall.EFBIG) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return
	}
	folder := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), fullEnv+"="+folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a := open(t, folder, nil)
	var d document
	if err := a.Document(t.Context(), "shops/north/jobs/old.json", &d); err != nil || d.N != 1 {
		t.Errorf("the document of before is %+v, %v", d, err)
	}
	if names, err := a.List(t.Context(), "shops/north/jobs"); err != nil || fmt.Sprint(names) != "[old.json]" {
		t.Errorf("documents are %v, %v", names, err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "shops/north/*/*")); len(left) != 1 {
		t.Errorf("files are %v", left)
	}
}

func TestADamagedDocumentIsLoggedOnce(t *testing.T) {
	t.Parallel()
	folder, log := t.TempDir(), &bytes.Buffer{}
	a := open(t, folder, log)
	if err := a.PutDocument(t.Context(), "shops/north/jobs/one.json", document{1}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "shops/north/jobs/one.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var d document
	for range 3 {
		if err := a.Document(t.Context(), "shops/north/jobs/one.json", &d); !errors.Is(err, ErrDamaged) {
			t.Errorf("error %v", err)
		}
	}
	if said := strings.Count(log.String(), "one.json"); said == 0 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log is %q", log.String())
	}
	if got := a.Damaged(); len(got) != 1 {
		t.Errorf("damaged are %v", got)
	}
	if err := os.WriteFile(path, []byte(`{"n":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Document(t.Context(), "shops/north/jobs/one.json", &d); err != nil || d.N != 2 || len(a.Damaged()) != 0 {
		t.Errorf("once restored it is %+v, %v; damaged are %v", d, err, a.Damaged())
	}
}

// TestOfManyNewDocumentsOneIsKept has many archives, as of as many processes, try to write the same new document.
func TestOfManyNewDocumentsOneIsKept(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var running sync.WaitGroup
	var won, lost atomic.Int32
	for n := range 16 {
		a := open(t, folder, nil)
		running.Go(func() {
			switch err := a.PutNewDocument(t.Context(), "shops/north/live/1.json", document{n}); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ErrExists):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	running.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("%d wrote it and %d were refused", won.Load(), lost.Load())
	}
}

// TestAnUnfinishedFileIsNoDocument finds what a writer that was killed leaves beside the final file.
func TestAnUnfinishedFileIsNoDocument(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	a := open(t, folder, nil)
	if err := a.PutDocument(t.Context(), "shops/north/jobs/one.json", document{1}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "shops/north/jobs/two.json.18f3c.tmp"), []byte(`{"n":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := a.List(t.Context(), "shops/north/jobs"); err != nil || fmt.Sprint(names) != "[one.json]" {
		t.Errorf("documents are %v, %v", names, err)
	}
}

// TestWhoLeavesDoesNotEndTheOpeningOfASnapshot opens a snapshot for one who has left already.
func TestWhoLeavesDoesNotEndTheOpeningOfASnapshot(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), nil)
	const at = "shops/north/snapshots/one.aisle"
	if _, err := a.PutSnapshot(t.Context(), at, &snapshot.Content{Items: []string{"a"}, Support: []float32{1}}); err != nil {
		t.Fatal(err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	_, _ = a.Snapshot(left, at) // which may be in time or not
	a.mu.Lock()
	o := a.open[at]
	a.mu.Unlock()
	if o == nil {
		t.Fatal("the opening ended with its first caller")
	}
	<-o.done
	if o.err != nil {
		t.Errorf("the first caller left, and the opening ended: %v", o.err)
	}
}
