package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buckets are the implementations, each empty.
func buckets(t *testing.T) map[string]Bucket {
	t.Helper()
	folder, err := Open(t.Context(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Bucket{"folder": folder, "s3": newS3(t, ""), "s3 below a prefix": newS3(t, "/some/prefix")}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func read(t *testing.T, b Bucket, name string) string {
	t.Helper()
	r, err := b.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	for name, b := range buckets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if err := b.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			if names, err := b.List(ctx, "shops"); err != nil || len(names) > 0 {
				t.Errorf("in an empty bucket there are %v, %v", names, err)
			}
			if _, err := b.Open(ctx, "shops/a/x"); !errors.Is(err, ErrNotFound) {
				t.Errorf("a missing file: %v", err)
			}
			if err := b.Delete(ctx, "shops/a/x"); err != nil {
				t.Errorf("a missing file was deleted: %v", err)
			}
			for _, file := range []string{"shops/b/y", "shops/a/x", "shops/a/deep/z", "other"} {
				if err := b.Put(ctx, file, text("of "+file)); err != nil {
					t.Fatal(err)
				}
			}
			for folder, want := range map[string][]string{"shops": {"a", "b"}, "shops/a": {"deep", "x"}, "shops/c": nil} {
				if names, err := b.List(ctx, folder); err != nil || !slices.Equal(names, want) {
					t.Errorf("in %s there are %v, %v; want %v", folder, names, err, want)
				}
			}
			failed := errors.New("on purpose")
			err := b.Put(ctx, "shops/a/x", func(w io.Writer) error {
				_, err := io.WriteString(w, "half")
				return errors.Join(err, failed)
			})
			if got := read(t, b, "shops/a/x"); !errors.Is(err, failed) || got != "of shops/a/x" {
				t.Errorf("after a write that failed (%v) it holds %q", err, got)
			}
			if err := b.Put(ctx, "shops/a/x", text("")); err != nil {
				t.Fatal(err)
			}
			if got := read(t, b, "shops/a/x"); got != "" {
				t.Errorf("replaced by nothing it holds %q", got)
			}
			if err := b.Delete(ctx, "shops/a/x"); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Open(ctx, "shops/a/x"); !errors.Is(err, ErrNotFound) {
				t.Errorf("once deleted: %v", err)
			}
		})
	}
}

// TestALargeFileComesBackWhole stores more than two parts.
func TestALargeFileComesBackWhole(t *testing.T) {
	t.Parallel()
	block := make([]byte, 1<<20)
	for n := range block {
		block[n] = byte(n * 7 >> 3)
	}
	const blocks = 2*partSize>>20 + 1
	for name, b := range buckets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := b.Put(t.Context(), "large", func(w io.Writer) error {
				for range blocks {
					if _, err := w.Write(block); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, b, "large")
			if len(got) != blocks*len(block) {
				t.Fatalf("%d bytes came back", len(got))
			}
			for n := range blocks {
				if !bytes.Equal([]byte(got[n*len(block):(n+1)*len(block)]), block) {
					t.Fatalf("block %d is another", n)
				}
			}
		})
	}
}

// TestWritersAtOnceLeaveOneWhole has 16 write the same name at once, while others read it.
func TestWritersAtOnceLeaveOneWhole(t *testing.T) {
	t.Parallel()
	whole := func(s string) bool { return len(s) == 10_000 && strings.Count(s, s[:1]) == len(s) }
	for name, b := range buckets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := b.Put(t.Context(), "one", text(strings.Repeat("-", 10_000))); err != nil {
				t.Fatal(err)
			}
			var running sync.WaitGroup
			for n := range 16 {
				running.Go(func() {
					if err := b.Put(t.Context(), "one", text(strings.Repeat(string(rune('a'+n)), 10_000))); err != nil {
						t.Error(err)
					}
				})
				running.Go(func() {
					r, err := b.Open(t.Context(), "one")
					if err != nil {
						t.Error(err)
						return
					}
					defer r.Close()
					// an object store may say that it was replaced meanwhile
					if data, err := io.ReadAll(r); err == nil && !whole(string(data)) {
						t.Errorf("a reader got %d bytes", len(data))
					}
				})
			}
			running.Wait()
			if !whole(read(t, b, "one")) {
				t.Error("what is left is not whole")
			}
		})
	}
}

const fullEnv = "AISLE_TEST_FULL_DISK"

// TestAFullDiskLeavesWhatWasThere writes where no file may grow, as on a full disk: in a process of its own, which alone has that limit.
func TestAFullDiskLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(fullEnv); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		b, err := Open(t.Context(), "file://"+path)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), "shops/north/old", text("old")); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: 1 << 30}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"shops/north/old", "shops/north/new"} {
			if err := b.Put(t.Context(), name, text("new")); !errors.Is(err, syscall.EFBIG) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return
	}
	path := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), fullEnv+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := Open(t.Context(), "file://"+path)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, "shops/north/old"); got != "old" {
		t.Errorf("what was there holds %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(path, "shops/north/*")); len(left) != 1 {
		t.Errorf("files are %v", left)
	}
}

// TestWhatAKilledWriterLeaves finds an unfinished file, of now and of two days ago.
func TestWhatAKilledWriterLeaves(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	left := filepath.Join(path, "shops/north/two.18f3c.tmp")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), "file://"+path)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := b.List(t.Context(), "shops/north"); err != nil || len(names) > 0 {
		t.Errorf("files are %v, %v", names, err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("somebody's unfinished file was removed: %v", err)
	}
	before := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(left, before, before); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "file://"+path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("an unfinished file of two days ago was left")
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"gs://bucket":               "s3://BUCKET?endpoint=storage.googleapis.com",
		"azblob://container":        "blobfuse2",
		"ftp://host":                "file:///path or s3://bucket",
		"s3:///x":                   "names no bucket",
		"s3://b?endpont=x":          `"endpont" is no setting`,
		"s3://b?endpoint=a%20b":     "a b",
		"file:///%zz":               "written %25",
		"s3://b?endpoint=host:9000": "",
		"s3://b?region=eu-west-1":   "",
	} {
		_, err := Open(context.Background(), url)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

// TestABucketThatIsMissingOrAway says what to do.
func TestABucketThatIsMissingOrAway(t *testing.T) {
	t.Parallel()
	b := newS3(t, "").(*bucket)
	missing := &bucket{client: b.client, name: "missing"}
	if err := missing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "make it") {
		t.Errorf("a bucket that is missing: %v", err)
	}
	if err := missing.Put(t.Context(), "x", text("x")); err == nil {
		t.Error("a file was stored in a bucket that is missing")
	}
	if _, err := missing.Open(t.Context(), "x"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("a file of a bucket that is missing: %v", err)
	}
}
