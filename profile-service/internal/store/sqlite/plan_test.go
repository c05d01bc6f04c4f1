package sqlite

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func TestASessionIsFoundByIndex(t *testing.T) {
	t.Parallel()
	address := testenv.SQLite(t)
	if err := migrations.Up(t.Context(), migrations.Profile, address); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite://"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, order := range map[string]string{"history": " order by occurred_ms desc, seq desc limit ?", "listing": " order by seq limit ?"} {
		rows, err := db.QueryContext(t.Context(), "explain query plan "+selectEvents+" and "+inSession+" and "+notWithheld+order, "shop", "shop", "s", "shop", "s", 10)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		all := strings.Join(plan, "\n")
		if strings.Contains(all, "(shop=?)") || !strings.Contains(all, "events_session (shop=? AND session_id=?)") || !strings.Contains(all, "events_subject (shop=? AND subject=?)") {
			t.Errorf("%s reads more than the session:\n%s", name, all)
		}
	}
}
