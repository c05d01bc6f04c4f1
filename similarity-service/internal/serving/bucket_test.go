package serving

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aisle-rec/aisle/shared/testenv/faultsql"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
)

// memory is what an object store keeps: each object whole or not at all, as such stores promise.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
}

// bucket is an object store as one process sees it: some call of it fails, or nothing works from one on. It is a blob.Bucket.
type bucket struct {
	memory *memory
	first  int // number of the call that fails, from 1; 0 for none
	kind   faultsql.Kind
	after  func() // is called after each call

	calls   int
	failed  string
	crashed bool
}

// do makes a call, or lets it fail.
func (b *bucket) do(what string, call func(objects map[string][]byte) error) error {
	b.calls++
	hit := b.calls == b.first
	done := b.kind == faultsql.After || b.kind == faultsql.CrashAfter
	if b.crashed || hit && !done {
		b.note(hit, what)
		return faultsql.ErrFault
	}
	b.memory.mu.Lock()
	err := call(b.memory.objects)
	b.memory.mu.Unlock()
	b.note(hit, what)
	if b.after != nil {
		b.after()
	}
	if err == nil && hit {
		err = faultsql.ErrFault
	}
	return err
}

func (b *bucket) note(hit bool, what string) {
	if hit {
		b.failed = fmt.Sprintf("call %d of the object store (%s), %s", b.calls, what, b.kind)
		b.crashed = b.kind == faultsql.CrashBefore || b.kind == faultsql.CrashAfter
	}
}

func (b *bucket) Put(_ context.Context, name string, write func(io.Writer) error) error {
	var data bytes.Buffer
	if err := write(&data); err != nil {
		return err
	}
	return b.do("write "+name, func(objects map[string][]byte) error {
		objects[name] = data.Bytes()
		return nil
	})
}

func (b *bucket) Open(_ context.Context, name string) (r io.ReadCloser, err error) {
	err = b.do("read "+name, func(objects map[string][]byte) error {
		data, ok := objects[name]
		if !ok {
			return blob.ErrNotFound
		}
		r = io.NopCloser(bytes.NewReader(data))
		return nil
	})
	return r, err
}

func (b *bucket) Delete(_ context.Context, name string) error {
	return b.do("delete "+name, func(objects map[string][]byte) error {
		delete(objects, name)
		return nil
	})
}

func (b *bucket) List(_ context.Context, folder string) (names []string, err error) {
	err = b.do("list "+folder, func(objects map[string][]byte) error {
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			if rest, ok := strings.CutPrefix(name, folder+"/"); ok && !strings.Contains(rest, "/") {
				names = append(names, rest)
			}
		}
		return nil
	})
	return names, err
}

func (b *bucket) Ready(context.Context) error { return nil }
