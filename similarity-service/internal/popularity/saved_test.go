package popularity

import (
	"bytes"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
)

func folder(t *testing.T) blob.Bucket {
	t.Helper()
	files, err := blob.Open(t.Context(), (&url.URL{Scheme: "file", Path: t.TempDir()}).String())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestAStartGoesOnWhereTheLastOneWas counts, starts again over the same files, and looks behind which event the second one reads.
func TestAStartGoesOnWhereTheLastOneWas(t *testing.T) {
	t.Parallel()
	seen := func(id string, n int) []profileapi.Interaction {
		return slices.Repeat([]profileapi.Interaction{{
			ItemID: id, UserID: "ann", Type: "view_item", Weight: 1, OccurredAt: wire.TimeOf(start),
		}}, n)
	}
	files := folder(t)
	e := &events{list: slices.Concat(seen("a", 2), seen("b", 3), seen("c", 1))}
	server := httptest.NewServer(e)
	defer server.Close()
	shelves := &shelves{items: map[string][]string{}}
	for _, id := range []string{"a", "b", "c"} {
		shelves.put(id)
	}
	client := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server.URL}))
	var logged bytes.Buffer
	now := start
	begin := func() *Popularity {
		logged.Reset()
		return New(client, shelves, files, time.Minute, slog.New(slog.NewTextHandler(&logged, nil)), func() time.Time { return now })
	}
	order := func(p *Popularity) string {
		p.refresh(t.Context(), "north")
		answer, err := p.List(t.Context(), "north", similarityapi.PopularWindow{Name: "popular"}, "", 10)
		if err != nil {
			return err.Error()
		}
		ids := ""
		for _, n := range answer.Items {
			ids += n.ItemID
		}
		return ids
	}
	reads := func(want ...string) {
		t.Helper()
		e.mu.Lock()
		defer e.mu.Unlock()
		if diff := cmp.Diff(want, e.after); diff != "" {
			t.Errorf("read behind (-want +got):\n%s", diff)
		}
		e.after = nil
	}

	p := begin()
	if got := order(p); got != "bac" {
		t.Fatalf("counted from the start: %q", got)
	}
	reads("")
	e.list = append(e.list, seen("c", 5)...)
	if got := order(begin()); got != "cba" {
		t.Errorf("what came since, behind what was saved: %q", got)
	}
	reads("6")
	if now = now.Add(saveAfter); order(p) != "cba" {
		t.Error("the first one lacks what came since")
	}
	reads("6")
	if got := order(begin()); got != "cba" {
		t.Errorf("saved again after %s: %q", saveAfter, got)
	}
	reads("11")

	t.Log("what is due to be counted from the start is shown first")
	now = now.Add(rebuildAfter)
	p = begin()
	if got := order(p) + order(p); got != "cbacba" {
		t.Errorf("a day later: %q", got)
	}
	reads("11", "")

	t.Log("events weigh otherwise")
	e.refunds = -2
	if got := order(begin()); got != "cba" {
		t.Errorf("with other weights: %q", got)
	}
	reads("")

	t.Log("a file that is damaged is not gone on with, and it is told")
	err := files.Put(t.Context(), savedPath("north"), func(w io.Writer) error {
		_, err := w.Write([]byte("torn"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := order(begin()); got != "cba" || !strings.Contains(logged.String(), "cannot be read") {
		t.Errorf("with a damaged file: %q, logged %q", got, logged.String())
	}
	reads("")

	t.Log("a database that was restored from a backup knows less than was counted")
	e.list = e.list[:5]
	p = begin()
	if first, second := order(p), order(p); !strings.Contains(first, "for the first time") || second != "ba" {
		t.Errorf("after a restore: %q, then %q", first, second)
	}
	reads("11", "")
	e.list = append(e.list, seen("c", 6)...)

	t.Log("a stream that is cut is gone on with")
	e.cut = 4
	if err := files.Delete(t.Context(), savedPath("north")); err != nil {
		t.Fatal(err)
	}
	p = begin()
	if got := order(p); !strings.Contains(got, "for the first time") {
		t.Errorf("half of it: %q", got)
	}
	e.cut = 0
	if got := order(p); got != "cba" {
		t.Errorf("and the rest: %q", got)
	}
	reads("", "4")
}
