package recompute

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// keptFor is how long a process keeps a data set in memory after it was last asked for: the parts of a job follow each other.
const keptFor = time.Minute

// Work is the files through which the parts of a job give each other data: shops/<shop>/parts/<job>/…, removed at the job's end. What
// is in them is gob of this program's own types; processes of another version refuse data sets of another format.
type Work struct {
	blob.Bucket

	mu   sync.Mutex
	kept map[string]*dataset.Data // by path; of one run
	drop *time.Timer              // forgets what was kept; nil before the first
	// measures points on the data set at a path, with what earlier points had in common
	measures   *sessions.Trials
	measuresOf string
}

// workFolder is the folder of a job's files: that of the whole job, also for one of its parts.
func workFolder(t *jobs.Task) string { return archive.Path(t.Shop, "parts", t.Root()) }

// put stores a value as gob; the file is there as a whole or not at all.
func (w *Work) put(ctx context.Context, path string, v any) error {
	return w.Put(ctx, path, func(to io.Writer) error {
		if err := gob.NewEncoder(to).Encode(v); err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
		return nil
	})
}

// get reads a value that put has stored.
func (w *Work) get(ctx context.Context, path string, v any) error {
	from, err := w.Open(ctx, path)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := gob.NewDecoder(from).Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// putData stores a data set, which this process need not read again. Nobody may change it from
// then on.
func (w *Work) putData(ctx context.Context, path string, d *dataset.Data) error {
	w.keep(path, d)
	return w.Put(ctx, path, func(to io.Writer) error { return dataset.Write(to, d) })
}

// data returns a data set, which nobody may change.
func (w *Work) data(ctx context.Context, path string) (*dataset.Data, error) {
	w.mu.Lock()
	d := w.kept[path]
	w.mu.Unlock()
	if d == nil {
		from, err := w.Open(ctx, path)
		if err != nil {
			return nil, err
		}
		defer from.Close()
		if d, err = dataset.Read(from); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	w.keep(path, d)
	return d, nil
}

// keep keeps a data set for the next part, beside those of the same run only.
func (w *Work) keep(path string, d *dataset.Data) {
	w.mu.Lock()
	defer w.mu.Unlock()
	run := path[:strings.LastIndex(path, ".")+1]
	for other := range w.kept {
		if !strings.HasPrefix(other, run) {
			delete(w.kept, other)
		}
	}
	if w.kept == nil {
		w.kept = map[string]*dataset.Data{}
	}
	w.kept[path] = d
	if w.drop == nil {
		w.drop = time.AfterFunc(keptFor, w.forget)
	}
	w.drop.Reset(keptFor)
}

// forget lets go of the data sets and measures, whose memory a process should not hold between
// jobs.
func (w *Work) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept, w.measures, w.measuresOf = nil, nil, ""
}

// trials returns what measures points of session models on the data set at a path, made once. A process does one part at a time, so that
// nobody else has it.
func (w *Work) trials(ctx context.Context, path string, make func() (*sessions.Trials, error)) (*sessions.Trials, error) {
	w.mu.Lock()
	known, of := w.measures, w.measuresOf
	w.mu.Unlock()
	if of == path {
		if _, err := w.data(ctx, path); err != nil { // which keeps it
			return nil, err
		}
		return known, nil
	}
	t, err := make()
	if err == nil {
		w.mu.Lock()
		w.measures, w.measuresOf = t, path
		w.mu.Unlock()
	}
	return t, err
}

// remove removes the files of a job whose names begin with prefix; "" removes all, and the
// folder. Files that are gone are no error.
func (w *Work) remove(ctx context.Context, t *jobs.Task, prefix string) error {
	names, err := w.List(ctx, workFolder(t))
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			if err := w.Delete(ctx, workFolder(t)+"/"+name); err != nil {
				return err
			}
		}
	}
	if prefix == "" {
		return w.Delete(ctx, workFolder(t)) // a folder that is empty now; in object storage there is none
	}
	return nil
}

// listRange is the lists of the items from From on, without the room between them: Len has the
// length of each, Items and Weights have them one behind the other.
type listRange struct {
	From    int
	Len     []int32
	Items   []int32
	Weights []float32
}

// rangeOf copies the lists of the items [from, to).
func rangeOf(l *neighbours.Lists, from, to int) listRange {
	r := listRange{From: from, Len: l.Len[from:to]}
	for i := from; i < to; i++ {
		items, weights := l.Of(int32(i))
		r.Items, r.Weights = append(r.Items, items...), append(r.Weights, weights...)
	}
	return r
}

// into writes the lists into those of all items; what does not fit there is an error, as of a
// file of another run.
func (r listRange) into(l *neighbours.Lists) error {
	at := 0
	for n, count := range r.Len {
		i, k := r.From+n, int(count)
		if i >= l.N() || k > l.K || at+k > len(r.Items) || at+k > len(r.Weights) {
			return fmt.Errorf("lists from item %d on do not fit %d lists of %d", r.From, l.N(), l.K)
		}
		l.Len[i] = count
		copy(l.Items[i*l.K:], r.Items[at:at+k])
		copy(l.Weight[i*l.K:], r.Weights[at:at+k])
		at += k
	}
	return nil
}
