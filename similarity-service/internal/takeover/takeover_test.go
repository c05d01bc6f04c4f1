package takeover

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// now is when documents are taken over here: after they were written.
func now() time.Time { return time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC) }

// copied returns the folder of a copy of documents of testdata.
func copied(t *testing.T, name string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return folder
}

func takeOver(t *testing.T, folder string, s *store.Store, log *bytes.Buffer) error {
	t.Helper()
	b, err := blob.Open(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	if log == nil {
		log = &bytes.Buffer{}
	}
	takeover := Takeover{Bucket: b, Store: s, Logger: slog.New(slog.NewTextHandler(log, nil)), Now: now}
	return takeover.Run(t.Context())
}

// TestDocumentsAreTakenOverOnce takes over what the version before wrote until it was killed while jobs ran: by four processes at once,
// then again.
func TestDocumentsAreTakenOverOnce(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		folder := copied(t, "format2")
		before := files(t, folder)
		var running sync.WaitGroup
		for range 4 {
			s := open(t)
			running.Go(func() {
				if err := takeOver(t, folder, s, nil); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		s := open(t)
		live, err := s.Live(t.Context(), "default")
		if err != nil || live.Generation != 1 || live.Relations["similar"].Version != "similar-20261129T012031.177-d5bc" ||
			len(live.Relations) != 2 {
			t.Errorf("live are %+v, %v", live, err)
		}
		m, err := s.Model(t.Context(), "default", live.Relations["similar"].Version)
		if err != nil || m.Checksum == "" || m.Gate == nil || !m.Gate.Passed || len(m.Metrics) == 0 || m.Preparation == nil {
			t.Errorf("the live model is %+v, %v", m, err)
		}
		due, err := s.DueSchedules(t.Context(), now().Add(24*time.Hour))
		if err != nil || len(due) != 1 || due[0].Schedule.ScheduleID != "schedule-65e09558" {
			t.Errorf("of two schedules, one paused, due are %+v, %v", due, err)
		}
		entries, err := audit.Table{Tables: s.Tables}.List(t.Context(), "default", audit.Query{Limit: 100})
		if err != nil || len(entries) != 7 || entries[0].ID != "01a224e3-f686-779c-a2ea-47a311602871" {
			t.Errorf("%d entries of the audit log, %v", len(entries), err)
		}
		// A change afterwards is not undone by a later start.
		if err := s.DeleteSchedule(t.Context(), "default", "schedule-200990e8"); err != nil {
			t.Fatal(err)
		}
		if err := takeOver(t, folder, s, nil); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Schedules(t.Context(), "default"); err != nil || len(list) != 1 {
			t.Errorf("once one was deleted there are %d schedules, %v", len(list), err)
		}
		if after := files(t, folder); after != before {
			t.Errorf("documents were changed:\n%s\n%s", before, after)
		}
	})
}

func TestAJobThatRanHasFailed(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)(t)
	if err := takeOver(t, copied(t, "format2"), s, nil); err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	list, err := s.Jobs(t.Context(), "default", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range list {
		states[j.State]++
	}
	if len(list) != 3 || states[similarityapi.JobSucceeded] != 2 || states[similarityapi.JobFailed] != 1 {
		t.Errorf("jobs are %v", states)
	}
	if free, err := s.FreeJobs(t.Context()); err != nil || len(free) != 0 {
		t.Errorf("jobs of before would be run again: %v, %v", free, err)
	}
}

func TestTheFirstFormat(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)(t)
	if err := takeOver(t, copied(t, "format1"), s, nil); err != nil {
		t.Fatal(err)
	}
	live, err := s.Live(t.Context(), "north")
	if err != nil || live.Relations["similar"].Version != "similar-2" || live.Relations["similar"].Previous[0] != "similar-1" ||
		live.Relations["viewed_next"].Version != "viewed_next-1" {
		t.Errorf("live are %+v, %v", live, err)
	}
}

// TestWhatCannotBeTakenOver spoils documents: a damaged one is named and left, of a newer form nothing is taken.
func TestWhatCannotBeTakenOver(t *testing.T) {
	t.Parallel()
	live := "shops/default/live/"
	for name, c := range map[string]struct {
		file, text string
		fails      string // part of the error; "" when the rest is taken over
		live       int    // relations
	}{
		"an emptied model":                        {"shops/default/models/similar-20261129T012031.177-d5bc.json", "", "", 2},
		"the newest of two that say what is live": {live + "00000000000000000002.json", `{"rel`, "", 2},
		"the only one that says what is live":     {live + "00000000000000000001.json", `{"rel`, "", 0},
		"one of a newer program":                  {live + "00000000000000000002.json", `{"format":3}`, "newer program", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, s, log := copied(t, "format2"), storetest.SQLite(t)(t), &bytes.Buffer{}
			path := filepath.Join(folder, filepath.FromSlash(c.file))
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := takeOver(t, folder, s, log)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v", err)
				}
				if done, err := s.TakenOver(t.Context(), "default"); err != nil || done {
					t.Errorf("the shop counts as taken over, %v", err)
				}
				return
			}
			if err != nil || !strings.Contains(log.String(), c.file) {
				t.Errorf("error %v, the log is %q", err, log)
			}
			if now, err := s.Live(t.Context(), "default"); err != nil || len(now.Relations) != c.live {
				t.Errorf("live are %+v, %v", now.Relations, err)
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != c.text {
				t.Errorf("the damaged document is %q, %v", left, err)
			}
		})
	}
}

// files lists the files below a folder with their contents.
func files(t *testing.T, folder string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(strings.TrimPrefix(path, folder) + "\n" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
