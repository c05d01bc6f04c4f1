package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const importGoal = 50_000 // rows per CPU second, on SQLite

// importRows imports a file of events, a row each with an id, and prints what a row costs. The
// file is made before the time is taken; waiting for the job costs the service a request each
// 100 ms.
func importRows(ctx context.Context, s *subject, events int) error {
	random := rand.New(rand.NewPCG(9, 10))
	now := time.Now()
	var file bytes.Buffer
	encoder := json.NewEncoder(&file)
	for n := range events {
		e := makeEvent(random, random.IntN(events/perVisitor), now)
		e.EventID = fmt.Sprint("row-", n)
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	before := s.usage()
	job, err := s.client().StartImport(ctx, profileapi.ImportSpec{Kind: "events", Format: "ndjson"}, &file)
	for err == nil && !job.Ended() {
		time.Sleep(100 * time.Millisecond)
		job, err = s.client().Import(ctx, job.ImportID)
	}
	if err != nil {
		return err
	}
	used := s.usage().minus(before)
	fmt.Printf("import: %d of %d rows stored: %.0f rows per CPU second (goal %d), service %.1f and Postgres %.1f µs a "+
		"row\n", job.Accepted, events,
		float64(events)/(used.service+used.postgres).Seconds(), importGoal, perEvent(used.service, events), perEvent(used.postgres, events))
	return nil
}
