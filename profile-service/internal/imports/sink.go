package imports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/people"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Batch is what rows are stored with.
type Batch struct {
	DryRun  bool     // only judge
	repeats *repeats // of the file, for ids of events
}

// Services is the Sink that stores through the same packages as the API.
type Services struct {
	Catalogue *catalogue.Catalogue
	People    *people.People
	Ingest    *ingest.Ingest
}

// Items implements Sink. All good rows of a batch are put in one transaction; in a dry run they
// are only judged.
func (s Services) Items(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error) {
	verdicts, items := judge(rows, catalogue.Decode)
	for i, data := range rows {
		verdicts[i].Warnings = catalogue.Warnings(&profileapi.Item{}, data, "") // the reader of files has looked at prices
	}
	if b.DryRun || len(items) == 0 {
		return verdicts, nil
	}
	_, err := s.Catalogue.PutAll(ctx, shop, items)
	return verdicts, err
}

// Users implements Sink.
func (s Services) Users(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error) {
	verdicts, users := judge(rows, people.Decode)
	if b.DryRun || len(users) == 0 {
		return verdicts, nil
	}
	return verdicts, s.People.PutAll(ctx, shop, users)
}

// judge decodes rows by the API's rules and returns the good ones, in order; verdicts has one
// for each row.
func judge[T any](rows [][]byte, decode func([]byte, string) (T, []profileapi.FieldError)) ([]Verdict, []T) {
	verdicts := make([]Verdict, len(rows))
	good := make([]T, 0, len(rows))
	for i, data := range rows {
		v, errs := decode(data, "")
		verdicts[i].Errors = errs
		if len(errs) == 0 {
			good = append(good, v)
		}
	}
	return verdicts, good
}

// Events implements Sink. The rows are judged as one body. An event without an event_id gets one from its content, so that the same file
// can be sent again: "import-" and a digest; the n-th event that is equal in everything to one before it in the file has "-n" behind it
// and is one more of the same.
func (s Services) Events(ctx context.Context, shop string, rows [][]byte, b Batch) ([]Verdict, error) {
	body, err := s.Ingest.DecodeRows(shop, append(append([]byte{'['}, bytes.Join(rows, []byte{','})...), ']'))
	if err != nil {
		return nil, fileError{err}
	}
	verdicts := make([]Verdict, len(rows))
	for i := range body.Events {
		e := &body.Events[i]
		if e.Event.ID == "" && len(e.Errors) == 0 {
			var again int
			e.Event.ID, again = contentID(rows[i], b.repeats)
			if again > 1 {
				verdicts[i].Warnings = []profileapi.FieldError{{Code: "repeated_row",
					Detail: "The row is equal in everything to one before it in the file: it counts as one more of " +
						"the same. Remove it if it was exported twice."}}
			}
		}
		verdicts[i].Errors = relative(e.Errors, i)
		if b.DryRun {
			verdicts[i].Warnings = append(verdicts[i].Warnings, relative(e.Warnings, i)...)
		}
	}
	if b.DryRun {
		return verdicts, nil
	}
	answer, err := s.Ingest.Post(ctx, shop, body.Events, robots.Sender{})
	if err != nil {
		return nil, err
	}
	for i, r := range answer.Results {
		verdicts[i].Duplicate = r.Status == profileapi.StatusDuplicate
		verdicts[i].Warnings = append(verdicts[i].Warnings, relative(r.Warnings, i)...)
	}
	return verdicts, nil
}

// contentID makes an event_id of a row, as "import-" and the first 16 bytes of its SHA-256
// digest in hex, and says which occurrence of the row it is, from 1. Without seen it is always
// the first.
func contentID(row []byte, seen *repeats) (id string, occurrence int) {
	sum := sha256.Sum256(row)
	id, occurrence = "import-"+hex.EncodeToString(sum[:16]), 1
	if seen != nil {
		occurrence = seen.next(binary.LittleEndian.Uint64(sum[:8]))
	}
	if occurrence > 1 {
		id += "-" + strconv.Itoa(occurrence)
	}
	return id, occurrence
}

// relative makes the pointers of the i-th row relative to it: "/3/type" is "/type" of row 3. It
// copies.
func relative(errs []profileapi.FieldError, i int) []profileapi.FieldError {
	prefix := "/" + strconv.Itoa(i)
	var out []profileapi.FieldError
	for _, e := range errs {
		if len(e.Pointer) >= len(prefix) && e.Pointer[:len(prefix)] == prefix {
			e.Pointer = e.Pointer[len(prefix):]
		}
		out = append(out, e)
	}
	return out
}
