package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestNothingIsCountedAsPopularBeforeTheCatalogueIsRead starts over a catalogue that takes a while: lists without the items that are still
// to come would be shown as whole ones.
func TestNothingIsCountedAsPopularBeforeTheCatalogueIsRead(t *testing.T) {
	t.Parallel()
	p, read := shop(3), make(chan struct{})
	held := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/changes/") {
			select {
			case <-read:
			case <-r.Context().Done():
				return
			}
		}
		p.ServeHTTP(w, r)
	})
	c, _ := startService(t, held, settings(t))
	for range 25 { // what is published at once would be seen
		if list, err := c.Popular(deadline(t), similarityapi.PopularQuery{Limit: 100}); err == nil {
			t.Fatalf("while the catalogue is being read %d items are popular", len(list.Items))
		}
		time.Sleep(20 * time.Millisecond)
	}
	close(read)
	eventually(t, "popularity is counted", func() error {
		list, err := c.Popular(deadline(t), similarityapi.PopularQuery{Limit: 100})
		if err == nil && len(list.Items) != groups*groupItems {
			t.Fatalf("the first list has %d items", len(list.Items))
		}
		if err != nil {
			return fmt.Errorf("not yet: %w", err)
		}
		return nil
	})
}
