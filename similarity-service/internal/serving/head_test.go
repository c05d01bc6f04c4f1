package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// slow is a bucket far away: of a file the first part comes at once, the rest when it is let go.
type slow struct {
	blob.Bucket
	first    int64
	released chan struct{}
}

func (s *slow) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := s.Bucket.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, s.first), &waiting{r, s.released}), r}, nil
}

type waiting struct {
	io.Reader
	released chan struct{}
}

func (w *waiting) Read(p []byte) (int, error) {
	<-w.released
	return w.Reader.Read(p)
}

// listed is a model of n items with lists of k.
func listed(n, k int) *snapshot.Content {
	c := &snapshot.Content{Meta: snapshot.Meta{Relation: "similar"}, Lists: neighbours.NewLists(n, k)}
	for i := range n {
		c.Items, c.Support = append(c.Items, fmt.Sprintf("item-%07d", i)), append(c.Support, float32(i%7+1))
		c.Lists.Len[i] = int32(k)
		for p := range k {
			c.Lists.Items[i*k+p], c.Lists.Weight[i*k+p] = int32((i+p+1)%n), 1/float32(p+1+i%3)
		}
	}
	return c
}

// cached is a registry on a bucket, with Redis.
func cached(t testing.TB, bucket blob.Bucket, db *store.Store, redisURL string) *Registry {
	t.Helper()
	a, err := archive.New(bucket)
	if err != nil {
		t.Fatal(err)
	}
	client, err := database.OpenRedis(t.Context(), redisURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); a.Close() })
	return NewRegistry(db, a, rowcache.New(client), slog.New(slog.DiscardHandler), time.Now)
}

// liveModel is a model that a registry with Redis has stored and made live, and what another registry needs to serve it.
type liveModel struct {
	registry         *Registry
	version          string
	folder, redisURL string
	bucket           blob.Bucket
	db               *store.Store
}

// newLiveModel makes one of n items with lists of k.
func newLiveModel(t *testing.T, n, k int) liveModel {
	t.Helper()
	s := liveModel{folder: t.TempDir(), db: storetest.SQLite(t)(t), redisURL: testenv.Redis(t)}
	var err error
	if s.bucket, err = blob.Open(t.Context(), "file://"+s.folder); err != nil {
		t.Fatal(err)
	}
	s.registry = cached(t, s.bucket, s.db, s.redisURL)
	content := listed(n, k)
	m, err := s.registry.Store(t.Context(), shop, New{
		Model: similarityapi.Model{Relation: "similar", JobID: "-one", State: StateReady}, Content: content, TrainOnly: content,
	})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, s.registry, m.Version)
	s.version = m.Version
	return s
}

func rowsOf(t testing.TB, r *Registry, items ...int32) [][]snapshot.Entry {
	t.Helper()
	m, err := r.Model(t.Context(), shop, "similar", "")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := r.Rows(t.Context(), m, items)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// rowsOfRedis are the rows of a registry whose snapshot does not come: where Redis takes too long, as beside other tests it may, a registry
// goes to its snapshot, and has to be asked again.
func rowsOfRedis(t testing.TB, r *Registry, items ...int32) [][]snapshot.Entry {
	t.Helper()
	for limit := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		m, err := r.Model(ctx, shop, "similar", "")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := r.Rows(ctx, m, items)
		if cancel(); err == nil {
			return rows
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

// TestWithRedisAReplicaStartsWithoutTheSnapshot starts one while the lists of the snapshot do not come: it answers from Redis. Once they
// have come it answers the same without Redis.
func TestWithRedisAReplicaStartsWithoutTheSnapshot(t *testing.T) {
	t.Parallel()
	s := newLiveModel(t, 20_000, 20)
	first, bucket, db, redisURL := s.registry, s.bucket, s.db, s.redisURL
	want := rowsOf(t, first, 0, 7, 19_999)

	far := &slow{bucket, 20_000 * 32, make(chan struct{})} // the head takes 27 bytes an item
	second := cached(t, far, db, redisURL)
	if err := second.Start(t.Context(), []string{shop}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, rowsOfRedis(t, second, 0, 7, 19_999)); diff != "" {
		t.Error(diff)
	}
	head, err := second.Model(t.Context(), shop, "similar", "")
	if err != nil || !head.head {
		t.Fatalf("it has waited for the snapshot: %v", err)
	}
	rows := second.rows
	second.rows = nil // Redis is lost while the snapshot does not come: who asks waits no longer than he wants to
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := second.Rows(short, head, []int32{7}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the row that nobody has: %v", err)
	}
	second.rows = rows
	close(far.released)
	whole := untilWhole(t, second)
	second.rows = nil // as if Redis were lost
	if diff := cmp.Diff(want, rowsOf(t, second, 0, 7, 19_999)); diff != "" || whole.Snapshot.Checksum != head.Snapshot.Checksum {
		t.Error(diff)
	}
	row, err := head.Snapshot.Row(7) // who still holds the head reads the copy
	if err != nil || len(row) != 20*8 {
		t.Errorf("%d bytes, %v", len(row), err)
	}
}

func untilWhole(t testing.TB, r *Registry) *Model {
	t.Helper()
	var m *Model
	eventually(t, func() (whole bool) {
		var err error
		m, err = r.Model(t.Context(), shop, "similar", "")
		return err == nil && !m.head
	})
	return m
}

// TestADamagedSnapshotIsNoticedBehindItsHead damages the lists of a snapshot, and the head of another one.
func TestADamagedSnapshotIsNoticedBehindItsHead(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(size int) int{
		"in its lists": func(size int) int { return size - 100 }, "in its head": func(int) int { return 2000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, db, redisURL := t.TempDir(), storetest.SQLite(t)(t), testenv.Redis(t)
			bucket, err := blob.Open(t.Context(), "file://"+folder)
			if err != nil {
				t.Fatal(err)
			}
			first := cached(t, bucket, db, redisURL)
			var versions []string
			for n := range 2 {
				content := listed(500+n, 5)
				m, err := first.Store(t.Context(), shop, New{Model: similarityapi.Model{
					Relation: "similar", JobID: fmt.Sprint("-job", n), State: StateReady,
				}, Content: content, TrainOnly: content})
				if err != nil {
					t.Fatal(err)
				}
				publish(t, first, m.Version)
				versions = append(versions, m.Version)
			}
			damageFile(t, filepath.Join(folder, filepath.FromSlash(snapshotPath(shop, versions[1]))), at)
			second := cached(t, bucket, db, redisURL)
			if err := second.Start(t.Context(), []string{shop}); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return second.Live(shop)["similar"] == versions[0] && second.FellBack(shop, "similar") })
		})
	}
}

// TestDamageFoundWhileTheHeadIsTaken finds the only snapshot of a relation damaged after its head was opened and before that is live.
func TestDamageFoundWhileTheHeadIsTaken(t *testing.T) {
	t.Parallel()
	s := newLiveModel(t, 500, 5)
	damageFile(t, filepath.Join(s.folder, filepath.FromSlash(snapshotPath(shop, s.version))), func(size int) int { return size - 100 })

	second := cached(t, s.bucket, s.db, s.redisURL)
	unlock := second.lockTaking(shop) // in the place of take
	if head, err := second.open(t.Context(), shop, s.version); err != nil || !head.head {
		t.Fatalf("%+v, %v", head, err)
	}
	eventually(t, func() bool {
		_, found := second.wary.Load(shop + "/" + s.version)
		return found
	})
	second.see(shop, "similar", served{s.version, VerdictUnknown})
	unlock()
	eventually(t, func() bool { return second.FellBack(shop, "similar") })
	if live := second.Live(shop); len(live) > 0 {
		t.Errorf("a damaged model is live: %v", live)
	}
}

// damageFile changes one bit of a file.
func damageFile(t *testing.T, file string, at func(size int) int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[at(len(data))] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); !f(); {
		select {
		case <-limit:
			t.Fatal("not within a minute")
		case <-tick.C:
		}
	}
}

// TestHeads reads heads that are none.
func TestHeads(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	if _, err := snapshot.Write(&file, &snapshot.Content{Items: []string{"a"}, Support: []float32{1}, Sessions: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := snapshot.ReadHead(strings.NewReader(file.String()), nil); !errors.Is(err, snapshot.ErrNoHead) {
		t.Errorf("of sessions: %v", err)
	}
	file.Reset()
	if _, err := snapshot.Write(&file, listed(50, 3)); err != nil {
		t.Fatal(err)
	}
	for n := range slices.Values([]int{0, 5, 30, 100, 1000}) {
		if _, _, err := snapshot.ReadHead(strings.NewReader(file.String()[:n]), nil); err == nil {
			t.Errorf("of %d bytes there is a head", n)
		}
	}
}
