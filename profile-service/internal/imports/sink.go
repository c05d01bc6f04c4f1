package imports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/people"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Services is the Sink that stores through the same packages as the API.
type Services struct {
	Catalogue *catalogue.Catalogue
	People    *people.People
	Ingest    *ingest.Ingest
}

// Items implements Sink.
func (s Services) Items(ctx context.Context, shop string, rows [][]byte, dryRun bool) ([]Verdict, error) {
	verdicts, items := judge(rows, catalogue.Decode)
	if dryRun || len(items) == 0 {
		return verdicts, nil
	}
	_, err := s.Catalogue.PutAll(ctx, shop, items)
	return verdicts, err
}

// Users implements Sink.
func (s Services) Users(ctx context.Context, shop string, rows [][]byte, dryRun bool) ([]Verdict, error) {
	verdicts, users := judge(rows, people.Decode)
	if dryRun || len(users) == 0 {
		return verdicts, nil
	}
	return verdicts, s.People.PutAll(ctx, shop, users)
}

// judge decodes rows and returns the good ones.
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

// Events implements Sink. The rows are judged as one body; an event without an event_id gets one from its content, so that the same file can be sent again.
func (s Services) Events(ctx context.Context, shop string, rows [][]byte, dryRun bool) ([]Verdict, error) {
	body, err := s.Ingest.DecodeRows(shop, append(append([]byte{'['}, bytes.Join(rows, []byte{','})...), ']'))
	if err != nil {
		return nil, fileError{err}
	}
	verdicts := make([]Verdict, len(rows))
	for i := range body.Events {
		e := &body.Events[i]
		if e.Event.ID == "" {
			sum := sha256.Sum256(rows[i])
			e.Event.ID = "import-" + hex.EncodeToString(sum[:16])
		}
		prefix := len("/") + len(strconv.Itoa(i))
		for _, f := range e.Errors {
			f.Pointer = f.Pointer[prefix:]
			verdicts[i].Errors = append(verdicts[i].Errors, f)
		}
	}
	if dryRun {
		return verdicts, nil
	}
	answer, err := s.Ingest.Post(ctx, shop, body.Events)
	if err != nil {
		return nil, err
	}
	for i, r := range answer.Results {
		verdicts[i].Duplicate = r.Status == profileapi.StatusDuplicate
	}
	return verdicts, nil
}
