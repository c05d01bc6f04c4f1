package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestAFullDisk fills the disk under a running program, which needs one of its own: a small one in memory, where the test may mount it.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // after the program has ended
	admin := unusedAddress(t)
	p := start(t, nil, "aisle", "serve", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--admin-listen", admin)
	c := connectTo(p, "")
	if _, err := c.profile.PutItems(t.Context(), []profileapi.Item{{ItemID: "lamp", Title: "Lamp"}}); err != nil {
		t.Fatal(err)
	}
	job, err := c.similarity.StartJob(t.Context(), similarityapi.JobRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.similarity.WaitForJob(t.Context(), job.JobID, nil); err != nil && !strings.Contains(err.Error(), "job") {
		t.Fatal(err)
	}
	if code, body := get(t, "http://"+admin+"/readyz"); code != http.StatusOK || !strings.Contains(body, "profile-service database: ok") {
		t.Errorf("before, readiness is %d %s", code, body)
	}

	filler := fillDisk(t, filepath.Join(dir, "filler"))
	code, body := call(
		t, "http://"+p.address+"/v1/items/import-me", http.MethodPut,
		fmt.Sprintf(`{"title":"Lamp","description":%q}`, strings.Repeat("long ", 10_000)),
	)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, `"disk_full"`) {
		t.Errorf("an item is answered %d %s", code, body)
	}
	if code, body := call(t, "http://"+p.address+"/v1/jobs", http.MethodPost, `{}`); code != http.StatusServiceUnavailable ||
		!strings.Contains(body, `"disk_full"`) {
		t.Errorf("a job is answered %d %s", code, body)
	}
	if code, body := get(t, "http://"+admin+"/readyz"); code != http.StatusServiceUnavailable ||
		!strings.Contains(body, "profile-service database: no room is left") ||
		!strings.Contains(body, "similarity-service snapshot store: no room is left") {
		t.Errorf("on a full disk readiness is %d %s", code, body)
	}
	if code, body := get(t, "http://"+p.address+"/v1/jobs"); code != http.StatusOK || strings.Count(body, `"job_id"`) != 1 {
		t.Errorf("on a full disk the jobs are %d %s", code, body)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := c.profile.PutItems(t.Context(), []profileapi.Item{{ItemID: "chair", Title: "Chair"}}); err != nil {
		t.Errorf("once there is room again: %v", err)
	}
	if code, body := get(t, "http://"+admin+"/readyz"); code != http.StatusOK {
		t.Errorf("once there is room again readiness is %d %s", code, body)
	}
}

// fillDisk writes a file until nothing more goes in.
func fillDisk(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if n, err := f.Write(make([]byte, size)); err != nil && n == 0 {
			size /= 2
		}
	}
	return path
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	return call(t, url, http.MethodGet, "")
}

// call sends a request and returns status and body, whatever they are.
func call(t *testing.T, url, method, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data)
}
