package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const march = int64(1773489600000) // 2026-03-14 12:00 UTC

// oldDatabase makes a database of schema version 2 with a user, a merged session, a session beside the user, an order and an event without
// consent.
func oldDatabase(t *testing.T, dialect, url string) {
	t.Helper()
	driver, address := "pgx", url
	if dialect == "sqlite" {
		driver, address = "sqlite", strings.TrimPrefix(url, "sqlite://")
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%.100s: %v", text, err)
		}
	}
	for _, name := range []string{"0001_initial", "0002_visitor_changes"} {
		text, err := os.ReadFile(filepath.Join("../../../../migrations/profile", dialect, name+".up.sql"))
		if err != nil {
			t.Fatal(err)
		}
		run(string(text))
	}
	shop := "'north'"
	if dialect == "postgres" {
		run("insert into shops (shop) values ('north')")
		run(fmt.Sprintf("select ensure_events_partition(%d)", march))
		shop = "(select shop_id from shops)"
		run("create table schema_migrations (version bigint not null primary key, dirty boolean not null)")
	} else {
		run("create table schema_migrations (version uint64, dirty bool)")
	}
	run("insert into schema_migrations (version, dirty) values (2, false)")
	lines := event.AppendLines(nil, []event.Line{{ItemID: "lamp", Quantity: 2, Price: 3, HasPrice: true}})
	for seq, e := range []struct {
		subject, session, id, kind string
		order                      any
		value                      any
		rest                       any
	}{
		{"'ua'", "null", "1", "view_item", nil, nil, []byte(`{"page":"/"}`)},
		{"'ua'", "'tab'", "2", "purchase", "o7", 6.5, nil},
		{"'ua'", "'login'", "3", "view_item", nil, nil, nil}, // its session is merged
		{"'stab'", "null", "4", "view_item", nil, nil, nil},
		{"null", "null", "5", "view_item", nil, nil, nil},
	} {
		run(fmt.Sprintf(`insert into events
			(%s, seq, subject, session_id, event_id, type, occurred_ms, received_ms, order_id, value, lines, rest)
			values (%s, %d, %s, %s, '%s', '%s', %d, %d, $1, $2, $3, $4)`,
			map[string]string{"postgres": "shop_id", "sqlite": "shop"}[dialect], shop, seq+1, e.subject, e.session, e.id, e.kind,
			march+int64(seq)*1000, march+int64(seq)*1000+250, // acknowledged a quarter of a second later
		), e.order, e.value, lines, e.rest)
	}
	run("insert into counters (shop, name, value) values ('north', 'events', 5)")
	run("insert into orders (shop, subject, order_id, occurred_ms) values ('north', 'ua', 'o7', $1)", march)
	run(
		"insert into identities (shop, subject, canonical, withheld) values ('north', 'slogin', 'ua', false), " +
			"('north', 'ugone', null, true)",
	)
	run("insert into users (shop, user_id, version, created_ms, updated_ms, body) values ('north', 'a', 1, 1, 1, '{}')")
}

// TestAnOlderDatabaseKeepsItsData brings a database of version 2 to the newest and looks at it through the store.
func TestAnOlderDatabaseKeepsItsData(t *testing.T) {
	t.Parallel()
	for dialect, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			address := url(t)
			oldDatabase(t, dialect, address)
			s := storetest.At(t, address)
			var got []string
			if err := s.Scan(t.Context(), "north", store.ScanQuery{UpTo: 99, Limit: 99}, func(e *store.Event) bool {
				value := 0.0
				if e.Value != nil {
					value = *e.Value
				}
				got = append(
					got,
					fmt.Sprint(
						e.Seq, " ", e.Subject, "/", e.SessionID, " ", e.EventID, " ", e.Type, " ", e.OccurredMs-march, " ",
						e.ReceivedMs-march, " ", e.OrderID, " ", value, " ", len(e.Lines), " ", string(e.Rest),
					),
				)
				return true
			}); err != nil {
				t.Fatal(err)
			}
			want := []string{
				`1 ua/ 1 view_item 0 250  0 19 {"page":"/"}`, `2 ua/tab 2 purchase 1000 1250 o7 6.5 19 `,
				`3 ua/login 3 view_item 2000 2250  0 19 `,
				`4 stab/tab 4 view_item 3000 3250  0 19 `, `5 / 5 view_item 4000 4250  0 19 `,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			checkOldVisitor(t, s)
			checkOldRepeats(t, s)
		})
	}
}

// TestAFullOlderDatabaseKeepsEveryEvent brings a table of version 2 with fourteen months, a partition each, to the newest.
func TestAFullOlderDatabaseKeepsEveryEvent(t *testing.T) {
	t.Parallel()
	const events, months = 42_000, 14
	address := testenv.Postgres(t)
	oldDatabase(t, "postgres", address)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	monthMs := int64(30 * 24 * 3600 * 1000)
	for _, text := range []string{
		fmt.Sprintf("select ensure_events_partition(%d + n * %d::bigint) from generate_series(0, %d) n", march, monthMs, months),
		fmt.Sprintf(`insert into events (shop_id, seq, subject, event_id, type, occurred_ms, received_ms)
			select (select shop_id from shops), 5 + n, 'uv' || n %% 700, 'full ' || n, 'view_item', %[1]d + n %% %[2]d * %[3]d::bigint,
			%[1]d + n %% %[2]d * %[3]d::bigint from generate_series(1, %[4]d) n`, march, months, monthMs, events),
		fmt.Sprintf("update counters set value = %d where name = 'events'", events+5),
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	s := storetest.At(t, address)
	count, perMonth := 0, map[int64]int{}
	err = s.Scan(t.Context(), "north", store.ScanQuery{After: 5, UpTo: 1 << 40, Limit: 1 << 20}, func(e *store.Event) bool {
		if count++; e.Seq != int64(count+5) || e.EventID != fmt.Sprint("full ", count) || e.Subject != fmt.Sprint("uv", count%700) {
			t.Fatalf("event %d is %+v", count, e)
		}
		perMonth[(e.OccurredMs-march)/monthMs]++
		return true
	})
	if err != nil || count != events || len(perMonth) != months || perMonth[0] != events/months {
		t.Errorf("%d events, by month %v, %v", count, perMonth, err)
	}
	if n, err := s.Retain(t.Context(), "north", march+6*monthMs); err != nil || n != 6*events/months+5 {
		t.Errorf("retention removed %d, %v", n, err)
	}
}

func checkOldVisitor(t *testing.T, s store.Store) {
	t.Helper()
	v, err := s.Visitor(t.Context(), "north", "a", "tab")
	if err != nil || v.User == nil || len(v.States) != 2 || !v.States[1].Beside {
		t.Fatalf("visitor %+v, %v", v, err)
	}
	state, err := visitorstate.Decode(v.States[0].Data)
	if err != nil || state.Seq != 3 || len(state.Items) != 1 || state.Items[0].Count != 3 || state.Items[0].Quantity() != 2 {
		t.Errorf("state %+v, %v", state, err)
	}
	if v, err := s.Visitor(t.Context(), "north", "gone", ""); err != nil || !v.Withheld {
		t.Errorf("who withheld consent: %+v, %v", v, err)
	}
	if aliases, err := s.Aliases(t.Context(), "north", "a"); err != nil || len(aliases) != 1 || aliases[0] != "slogin" {
		t.Errorf("aliases %v, %v", aliases, err)
	}
}

// checkOldRepeats sends again what the older version has stored.
func checkOldRepeats(t *testing.T, s store.Store) {
	t.Helper()
	at := func(subject, id, kind, order, item string) store.NewEvent {
		return store.NewEvent{Event: store.Event{Undated: true, Subject: subject, EventID: id, Type: kind, OrderID: order,
			OccurredMs: march, ReceivedMs: march,
			Lines: event.AppendLines(nil, []event.Line{{ItemID: item, Quantity: 2, Price: 3, HasPrice: true}})}}
	}
	events := []store.NewEvent{
		at("ua", "1", "view_item", "", "lamp"), at("slogin", "3", "view_item", "", "lamp"), at("stab", "4", "view_item", "", "lamp"),
		at("ua", "", "purchase", "o7", "lamp"), at("ua", "", "purchase", "o7", "vase"), at("ua", "new", "view_item", "", "lamp"),
	}
	if err := s.Append(t.Context(), "north", events, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, true, true, false, false} {
		if events[i].Result.Duplicate != want {
			t.Errorf("event %d: duplicate %v, want %v", i, !want, want)
		}
	}
}
