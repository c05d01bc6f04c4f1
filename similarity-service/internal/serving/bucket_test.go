package serving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// Errors of the bucket of simulations.
var (
	errFault   = errors.New("a fault of the simulation")
	errMissing = errors.New("no such object")
	errThere   = errors.New("there is such an object")
)

// memory is what an object store keeps: each object whole or not at all, as such stores promise.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
}

// faultKind is how a call fails: not made or made, and with or without all later ones.
type faultKind struct{ done, crash bool }

// bucket is an object store as one process sees it: some call of it fails, or nothing works from one on. It implements driver.Bucket.
type bucket struct {
	memory *memory
	first  int // number of the call that fails, from 1; 0 for none
	kind   faultKind
	after  func() // is called after each call

	calls   int
	failed  string
	crashed bool
}

// buckets finds the bucket that a URL names.
var buckets sync.Map

const bucketScheme = "simulated"

var registerBuckets = sync.OnceFunc(func() { blob.DefaultURLMux().RegisterBucket(bucketScheme, bucketOpener{}) })

type bucketOpener struct{}

func (bucketOpener) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	b, ok := buckets.Load(u.Host)
	if !ok {
		return nil, fmt.Errorf("no bucket %s", u.Host)
	}
	return blob.NewBucket(b.(*bucket)), nil
}

// do makes a call, or lets it fail.
func (b *bucket) do(what string, call func(objects map[string][]byte) error) error {
	b.calls++
	hit := b.calls == b.first
	if b.crashed || hit && !b.kind.done {
		b.note(hit, what)
		return errFault
	}
	b.memory.mu.Lock()
	err := call(b.memory.objects)
	b.memory.mu.Unlock()
	b.note(hit, what)
	if b.after != nil {
		b.after()
	}
	if err == nil && hit {
		err = errFault
	}
	return err
}

func (b *bucket) note(hit bool, what string) {
	if hit {
		b.failed = fmt.Sprintf("call %d (%s), done %v, killed %v", b.calls, what, b.kind.done, b.kind.crash)
		b.crashed = b.kind.crash
	}
}

func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, errMissing):
		return gcerrors.NotFound
	case errors.Is(err, errThere):
		return gcerrors.FailedPrecondition
	}
	return gcerrors.Unknown
}

func (b *bucket) As(any) bool             { return false }
func (b *bucket) ErrorAs(error, any) bool { return false }
func (b *bucket) Close() error            { return nil }

func (b *bucket) Attributes(_ context.Context, key string) (a *driver.Attributes, err error) {
	err = b.do("look at "+key, func(objects map[string][]byte) error {
		data, ok := objects[key]
		if !ok {
			return errMissing
		}
		a = &driver.Attributes{Size: int64(len(data)), ModTime: time.Now()}
		return nil
	})
	return a, err
}

func (b *bucket) ListPaged(_ context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	page := &driver.ListPage{}
	err := b.do("list "+o.Prefix, func(objects map[string][]byte) error {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			rest, ok := strings.CutPrefix(key, o.Prefix)
			if ok && !strings.Contains(rest, "/") {
				page.Objects = append(page.Objects, &driver.ListObject{Key: key, ModTime: time.Now(), Size: int64(len(objects[key]))})
			}
		}
		return nil
	})
	return page, err
}

// reading is an object that is being read.
type reading struct {
	io.Reader
	size int64
}

func (r *reading) Close() error { return nil }
func (r *reading) As(any) bool  { return false }
func (r *reading) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{Size: r.size, ModTime: time.Now()}
}

func (b *bucket) NewRangeReader(_ context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (r driver.Reader, err error) {
	err = b.do("read "+key, func(objects map[string][]byte) error {
		data, ok := objects[key]
		if !ok {
			return errMissing
		}
		part := data[offset:]
		if length >= 0 {
			part = part[:min(length, int64(len(part)))]
		}
		r = &reading{bytes.NewReader(part), int64(len(data))}
		return nil
	})
	return r, err
}

// writing is an object that is being written: it is there once it is closed.
type writing struct {
	bytes.Buffer
	ctx   context.Context
	b     *bucket
	key   string
	fresh bool
}

func (w *writing) Close() error {
	if err := w.ctx.Err(); err != nil {
		return err // given up: nothing of it is there
	}
	return w.b.do("write "+w.key, func(objects map[string][]byte) error {
		if _, there := objects[w.key]; there && w.fresh {
			return errThere
		}
		objects[w.key] = w.Bytes()
		return nil
	})
}

func (b *bucket) NewTypedWriter(ctx context.Context, key, _ string, o *driver.WriterOptions) (driver.Writer, error) {
	return &writing{ctx: ctx, b: b, key: key, fresh: o.IfNotExist}, nil
}

func (b *bucket) Delete(_ context.Context, key string, _ *driver.DeleteOptions) error {
	return b.do("delete "+key, func(objects map[string][]byte) error {
		if _, ok := objects[key]; !ok {
			return errMissing
		}
		delete(objects, key)
		return nil
	})
}

func (b *bucket) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return errors.ErrUnsupported
}

func (b *bucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errors.ErrUnsupported
}
