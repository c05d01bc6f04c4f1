package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/testenv"
)

const (
	monthMs     = int64(30 * 24 * time.Hour / time.Millisecond)
	laterMonths = 13
	oldEvents   = 2_000_000 // of the oldest month, a hundred of each visitor; each later month has a tenth of them
)

// BenchmarkRetention removes the events of a month by retention, while somebody appends, and says what the parts of
// another way cost: a table of events with a partition for each month, appends to it, and the dropping of one. It takes
// six minutes: -benchtime 1x -v.
func BenchmarkRetention(b *testing.B) {
	url := testenv.Postgres(b)
	s := storetest.At(b, url)
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	run := func(text string) {
		b.Helper()
		began := time.Now()
		if _, err := conn.Exec(b.Context(), text); err != nil {
			b.Fatalf("%s: %v", text, err)
		}
		b.Logf("%6.2f s: %s", time.Since(began).Seconds(), text)
	}
	fillMonths(b, s)
	run("vacuum analyze")
	timeAppends(b, s, "one table")
	run("create table months (like events including all) partition by range (occurred_ms)")
	for month := range int64(laterMonths + 1) {
		from, to := march+month*monthMs, march+(month+1)*monthMs
		run(fmt.Sprintf("create table events_%d partition of months for values from (%d) to (%d)", month, from, to))
	}
	run("insert into months select * from events")
	run("alter table events rename to one_table; alter table months rename to events")
	run("vacuum analyze")
	timeAppends(b, s, "a partition for each month")
	run("begin; drop table events_0; rollback")
	run("begin; update visitors set weights = null, state = null where visitor in (select distinct visitor from events_0); rollback")
	run("alter table events rename to months; alter table one_table rename to events")
	run(fmt.Sprintf("begin; delete from events where occurred_ms < %d; rollback", march+monthMs))
	run("vacuum analyze")
	retainWhileAppending(b, s)
}

// fillMonths has visitors look at things, most of them in the oldest month.
func fillMonths(b *testing.B, s *sqlstore.Store) {
	b.Helper()
	const visitors, batch = oldEvents / 100, 5000
	for month := range laterMonths + 1 {
		count := oldEvents
		if month > 0 {
			count = oldEvents / 10
		}
		for from := 0; from < count; from += batch {
			var events []store.NewEvent
			for n := from; n < from+batch; n++ {
				events = append(events, look(n%visitors, fmt.Sprint(month, "-", n), march+int64(month)*monthMs+int64(n)))
			}
			if err := s.Append(b.Context(), "north", events, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func look(visitor int, id string, at int64) store.NewEvent {
	return store.NewEvent{Event: store.Event{
		Subject: event.UserSubject(fmt.Sprint(visitor)), EventID: id, Type: "view_item", OccurredMs: at, ReceivedMs: at,
		Lines: event.AppendLines(nil, []event.Line{{ItemID: fmt.Sprint(visitor % 1000), Quantity: 1}}),
	}}
}

// timeAppends logs how long an append takes, of one event and of a hundred, twice: the first time pages are read.
func timeAppends(b *testing.B, s *sqlstore.Store, what string) {
	b.Helper()
	const times = 400
	for round := range 2 {
		for _, each := range []int{1, 100} {
			began := time.Now()
			for n := range times {
				var events []store.NewEvent
				for k := range each {
					id := fmt.Sprint(what, round, each, "-", n, "-", k)
					events = append(events, look((n*7+k)%1000, id, march+laterMonths*monthMs+int64(n)))
				}
				if err := s.Append(b.Context(), "north", events, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.Logf("%s: an append of %d takes %.2f ms", what, each, time.Since(began).Seconds()*1000/times)
		}
	}
}

func retainWhileAppending(b *testing.B, s *sqlstore.Store) {
	b.Helper()
	var slowest time.Duration
	appended := 0
	ctx, stop := context.WithCancel(b.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for ; ctx.Err() == nil; appended++ {
			began := time.Now()
			e := look(appended%1000, fmt.Sprint("meanwhile ", appended), march+laterMonths*monthMs)
			if err := s.Append(b.Context(), "north", []store.NewEvent{e}, nil); err != nil {
				b.Error(err)
				return
			}
			slowest = max(slowest, time.Since(began))
		}
	})
	began := time.Now()
	removed, err := s.Retain(b.Context(), "north", march+monthMs)
	took := time.Since(began)
	stop()
	writer.Wait()
	if err != nil || removed != oldEvents {
		b.Fatalf("%d removed, %v", removed, err)
	}
	b.ReportMetric(took.Seconds(), "s/month")
	b.ReportMetric(slowest.Seconds()*1000, "ms/slowest-append")
	b.ReportMetric(took.Seconds()*1000/float64(appended), "ms/append")
}
