package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestNamesOfDataFolders starts on folders whose names mean something in URLs, writes, starts again and reads. Nothing else than the folder
// is made.
func TestNamesOfDataFolders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"with space", "per%cent", "per%20cent", "q?uest", "h#ash", "ä", "pl+us", "a&b=c;d", "file:x", "it's \"so\"", `back\slash`,
		"deeper/wie so?/100 % #1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			d := startStandalone(t, filepath.Join(parent, name))
			c := d.connect("")
			price := 12.5
			if _, err := c.profile.PutItems(t.Context(), []profileapi.Item{
				{ItemID: "lamp", Title: "Lamp", Price: &price, Currency: "EUR"},
			}); err != nil {
				t.Fatal(err)
			}
			// it finds nothing to learn from, and leaves its document
			job, err := c.similarity.StartJob(t.Context(), similarityapi.JobRequest{})
			if err != nil {
				t.Fatal(err)
			}
			d.programs[0].stop(syscall.SIGTERM)
			c = d.restart(t).connect("")
			if page, err := c.profile.ItemChanges(t.Context(), "", 10, 0); err != nil || len(page.Changes) != 1 ||
				page.Changes[0].Item.Title != "Lamp" {
				t.Errorf("after a restart the catalogue is %+v, %v", page.Changes, err)
			}
			if after, err := c.similarity.Job(t.Context(), job.JobID); err != nil || after.JobID != job.JobID {
				t.Errorf("after a restart the job is %+v, %v", after, err)
			}
			entries, err := os.ReadDir(parent)
			if err != nil || len(entries) != 1 {
				t.Errorf("made were %v, %v", entries, err)
			}
		})
	}
}
