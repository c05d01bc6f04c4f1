package archive

import (
	"context"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// TestWhoLeavesDoesNotEndTheOpeningOfASnapshot opens a snapshot for one who has left already.
func TestWhoLeavesDoesNotEndTheOpeningOfASnapshot(t *testing.T) {
	t.Parallel()
	a, err := Open(t.Context(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
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
