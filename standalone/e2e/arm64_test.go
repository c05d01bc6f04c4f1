//go:build drill

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
)

// TestQuickStartOnArm64 runs the quick start on the program for arm64 through QEMU: scripts/drill-arm64.sh names its folder in
// AISLE_DRILL_PROGRAMS.
func TestQuickStartOnArm64(t *testing.T) {
	folder := os.Getenv("AISLE_DRILL_PROGRAMS")
	if folder == "" {
		t.Fatal("AISLE_DRILL_PROGRAMS is not set: run scripts/drill-arm64.sh")
	}
	admin := freeAddress(t)
	p := startFrom(t, folder, nil, "aisle", "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--admin-listen", admin)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, "it becomes ready", func() error {
		if status, body := get(t, "http://"+admin+"/readyz"); status != http.StatusOK {
			return fmt.Errorf("%d: %s", status, body)
		}
		return nil
	})
	quickStartCommands(t, t.TempDir(), "AISLE_SERVER="+p.url())
}
