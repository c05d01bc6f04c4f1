package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/profile-service/internal/imports/rows"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	batchRows  = 1000             // of items and users; of events see rowsAtOnce
	batchBytes = 8 << 20          // of rows that wait to be stored; what bounds memory when rows are long
	maxErrors  = 100_000          // entries of a report; beyond it rows are only counted
	maxSample  = 200              // bytes of a value that an entry shows
	maxProblem = 2000             // bytes of the sentence about a file as a whole
	endTimeout = 10 * time.Second // for saving how an import ended, also when it was stopped
)

// Sink stores rows that were read, each the JSON of one object. Items, Users and Events return
// a verdict per row, in order. Their error is of the store, or of the batch as a whole, and
// ends the import.
type Sink interface {
	Items(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error)
	Users(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error)
	Events(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error)
	// ArchiveMissing archives the items of the shop that q does not name, of those that were
	// there before q.Before, unless they are more than the share q.MaxGone of them. It returns
	// how many they are and of how many; with q.DryRun it archives nothing.
	ArchiveMissing(ctx context.Context, shop string, q Missing) (gone, of int, err error)
}

// Verdict is what became of one row. Pointers of its errors are relative to the row.
type Verdict struct {
	Duplicate bool                    // of an event that is stored already
	Errors    []profileapi.FieldError // not empty: the row is not stored
	Warnings  []profileapi.FieldError
}

// job is one running import. It is of one goroutine, but for read.
type job struct {
	im      *Imports
	shop    string
	state   profileapi.Import // what save shows
	read    *atomic.Int64     // bytes of the file
	rows    *rows.Reader      // nil until the file was opened
	tally   *tally
	repeats *repeats
	items   *items
	batch   []rows.Row // read and not stored yet

	batchBytes int       // of batch
	entries    int64     // of the report
	savedAt    time.Time // when the state was shown last
}

// run waits for a slot, reads the file and saves how it ended: done, cancelled by somebody,
// interrupted by the end of the process, or failed. It returns when all of that is stored or
// endTimeout has passed.
func (im *Imports) run(ctx context.Context, shop string, state profileapi.Import, file *os.File) {
	j := &job{im: im, shop: shop, state: state, read: &atomic.Int64{}, tally: newTally(), repeats: newRepeats(), items: newItems()}
	ctx = store.DuringImport(ctx, state.ImportID)
	err := j.wait(ctx)
	if err == nil {
		err = j.work(ctx, file)
	}
	switch {
	case im.ctx.Err() != nil:
		j.state.State = profileapi.ImportInterrupted
		j.state.Problem = "The server stopped. Send the file again: what was stored is not stored twice."
	case err == nil:
		j.state.State, j.state.Progress = profileapi.ImportDone, 1
	case errors.Is(err, context.Canceled):
		j.state.State = profileapi.ImportCancelled
	default:
		j.state.State, j.state.Problem = profileapi.ImportFailed, j.problem(err)
	}
	j.found()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := im.save(end, shop, &j.state); err != nil {
		im.o.Logger.Error("the end of an import was not saved", "shop", shop, "import_id", state.ImportID, "error", err)
	}
}

// fileError is a failure that the sender of the file can mend.
type fileError struct{ error }

// problem is the sentence that the sender reads; a failure of ours goes to the log.
func (j *job) problem(err error) string {
	var file fileError
	if errors.As(err, &file) {
		text := strings.TrimSuffix(file.Error(), ".")
		if short := cut(text, maxProblem); short != text { // a file may have as many columns as it likes, which the sentence lists
			text = short + " …"
		}
		return capital(text) + "."
	}
	var known *apierror.Problem
	if errors.As(err, &known) {
		return known.Detail
	}
	j.im.o.Logger.Error("import failed", "shop", j.shop, "import_id", j.state.ImportID, "error", err)
	return "The rows could not be stored. Send the file again: what was stored is not stored twice."
}

// wait returns when a slot is free.
func (j *job) wait(ctx context.Context) error {
	select {
	case j.im.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// countingReader counts what is read of the file, for the progress.
type countingReader struct {
	io.ReadSeeker
	n *atomic.Int64
}

// Read implements io.Reader.
func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.ReadSeeker.Read(p)
	r.n.Add(int64(n))
	return n, err
}

// Seek implements io.Seeker.
func (r countingReader) Seek(offset int64, whence int) (int64, error) {
	at, err := r.ReadSeeker.Seek(offset, whence)
	r.n.Store(at)
	return at, err
}

// work reads the file row by row and stores batches of them until it ends, fails or is cancelled; what was stored stays.
// Rows that are wrong cost themselves alone; an error is of the file as a whole, a fileError, or of the store. It gives
// its slot back at the end. Memory is a batch, however long the file.
func (j *job) work(ctx context.Context, file io.ReadSeeker) error {
	defer func() { <-j.im.slots }()
	j.state.State = profileapi.ImportRunning
	if err := j.save(ctx); err != nil {
		return err
	}
	if replaced := j.state.Spec.Replace; replaced != "" && !j.state.Spec.DryRun {
		// undoing this import shall not bring that one back
		if err := j.im.o.Undoer.UndoImport(store.DuringImport(ctx, ""), j.shop, replaced); err != nil {
			return err
		}
	}
	var err error
	j.rows, err = rows.Open(ctx, j.state.Spec, countingReader{file, j.read}, j.im.o.Now())
	defer j.rows.Close()
	j.found()
	if err != nil {
		return fileError{err}
	}
	for {
		r, err := j.rows.Next()
		if errors.Is(err, io.EOF) {
			return j.end(ctx)
		}
		if err != nil {
			return errors.Join(j.flush(ctx), fileError{
				fmt.Errorf("the file cannot be read behind row %d: %w", j.state.Rows+int64(len(j.batch)), err),
			})
		}
		j.batchBytes += len(r.Object)
		if j.batch = append(j.batch, r); len(j.batch) == j.rowsAtOnce() || j.batchBytes >= batchBytes {
			if err := j.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// end stores what is left, and judges the file as a whole.
func (j *job) end(ctx context.Context) error {
	if err := j.flush(ctx); err != nil {
		return err
	}
	j.found()
	if j.state.Rows == 0 {
		return fileError{errors.New(
			"the file has no row: there is nothing below its header. Check that it is the right file, and its separator and format",
		)}
	}
	if j.state.Spec.Complete {
		return j.archiveMissing(ctx)
	}
	return nil
}

// found shows what was found out about the file: what became of each column, notes such as a
// separator that is no comma, and the warnings so far.
func (j *job) found() {
	if j.rows != nil {
		j.state.Columns, j.state.Notes = j.rows.Columns(), j.rows.Notes()
	}
	j.state.Warnings = j.tally.list()
}

// rowsAtOnce is how many rows are stored in one commit. Events go through ingest, which says
// how many it takes at once.
func (j *job) rowsAtOnce() int {
	if j.state.Spec.Kind == "events" {
		return ingest.MaxRows
	}
	return batchRows
}

// flush stores the batch, notes its errors and saves the progress, at most once a second. Rows
// that could not be read never reach the sink. Entries of the report are in the order of the
// file.
func (j *job) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var good []rows.Row
	var report []profileapi.ImportError
	for _, r := range j.batch {
		j.items.see(&r, j.state.Spec.Kind)
		if r.Bad != nil {
			report = append(report, profileapi.ImportError{
				Line: r.Line, Column: r.Bad.Column, Code: r.Bad.Code, Message: r.Bad.Message, Sample: cut(r.Bad.Sample, maxSample),
				Record: r.Object,
			})
			j.state.Rejected++
			continue
		}
		good = append(good, r)
	}
	verdicts, err := j.store(ctx, good)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if len(v.Errors) > 0 {
			j.state.Rejected++
			report = append(report, entries(good[i], v.Errors)...)
			continue
		}
		j.accept(&good[i], v)
	}
	slices.SortStableFunc(report, func(a, b profileapi.ImportError) int { return cmp.Compare(a.Line, b.Line) })
	j.state.Rows += int64(len(j.batch))
	j.batch, j.batchBytes = j.batch[:0], 0
	if err := j.report(ctx, report); err != nil {
		return err
	}
	if j.im.o.Now().Sub(j.savedAt) < time.Second {
		return nil
	}
	return j.save(ctx)
}

// maxPreview is how many rows a dry run shows as they would be stored.
const maxPreview = 5

// accept counts a stored row and its warnings, of which one kind is shown once however often it
// comes.
func (j *job) accept(r *rows.Row, v Verdict) {
	if v.Duplicate {
		j.state.Duplicates++
	} else {
		j.state.Accepted++
	}
	if j.state.Spec.DryRun && len(j.state.Preview) < maxPreview {
		j.state.Preview = append(j.state.Preview, r.Object)
	}
	if len(v.Warnings)+len(r.Warnings) == 0 {
		return
	}
	j.state.Warned++
	for _, w := range r.Warnings {
		j.tally.add(r.Line, w)
	}
	for _, w := range v.Warnings {
		j.tally.add(r.Line, rows.Warning{Code: w.Code, Column: r.Column(w.Pointer), Example: r.Value(w.Pointer), Detail: w.Detail})
	}
}

// store hands rows to the sink; no row is no call.
func (j *job) store(ctx context.Context, batch []rows.Row) ([]Verdict, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	objects := make([][]byte, len(batch))
	for i := range batch {
		objects[i] = batch[i].Object
	}
	put := j.im.o.Sink.Items
	switch j.state.Spec.Kind {
	case "users":
		put = j.im.o.Sink.Users
	case "events":
		put = j.im.o.Sink.Events
	}
	return put(ctx, j.shop, objects, Batch{DryRun: j.state.Spec.DryRun, repeats: j.repeats})
}

// entries makes the report entries of one row, one for each error; the record is in the first
// only, so that a mended report imports each row once.
func entries(r rows.Row, errs []profileapi.FieldError) []profileapi.ImportError {
	out := make([]profileapi.ImportError, len(errs))
	for i, e := range errs {
		out[i] = profileapi.ImportError{
			Line: r.Line, Column: r.Column(e.Pointer), Code: e.Code, Message: e.Detail, Sample: cut(r.Value(e.Pointer), maxSample),
		}
		if e.Code == "unknown_type" {
			out[i].Message += fmt.Sprintf(
				" Or say what it means: --map-value 'type:%s=view_item' (map_values in the API).", cut(out[i].Sample, 40),
			)
		}
	}
	out[0].Record = r.Object
	return out
}

// cut cuts a value to a number of bytes, at the border of a character. The report is UTF-8
// whatever the file was.
func cut(text string, most int) string {
	for most = min(most, len(text)); most > 0 && most < len(text) && !utf8.RuneStart(text[most]); {
		most--
	}
	return strings.ToValidUTF8(text[:most], "\uFFFD")
}

// report stores entries, until there are maxErrors: a file of another kind would else fill the
// database.
func (j *job) report(ctx context.Context, report []profileapi.ImportError) error {
	if left := maxErrors - j.entries; int64(len(report)) > left {
		report = report[:left]
	}
	if len(report) == 0 {
		return nil
	}
	stored := make([]store.ImportError, len(report))
	for i, e := range report {
		j.entries++
		stored[i] = store.ImportError{Number: j.entries, Body: rows.Encode(e)}
	}
	return j.im.o.Store.AddImportErrors(ctx, j.shop, j.state.ImportID, stored)
}

// save shows the progress and finds out whether another process was asked to cancel the import;
// context.Canceled says that it was. The progress is of the bytes read, which for a compressed
// file are the compressed ones.
func (j *job) save(ctx context.Context) error {
	j.savedAt = j.im.o.Now()
	j.state.Warnings = j.tally.list()
	if j.state.BytesTotal > 0 {
		j.state.Progress = min(1, float64(j.read.Load())/float64(j.state.BytesTotal))
	}
	row, err := j.im.o.Store.Import(ctx, j.shop, j.state.ImportID)
	if err != nil {
		return err
	}
	if row.Cancelled {
		return context.Canceled
	}
	return j.im.save(ctx, j.shop, &j.state)
}
