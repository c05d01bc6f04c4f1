package sqldb_test

import (
	"context"
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

var (
	// allOf is a step of a plan that reads a whole table, or all that a shop has in one.
	allOf = regexp.MustCompile(`^SCAN (\w+)( USING .*)?$|^SEARCH (\w+) USING .*\(shop(_id)?=\?\)$`)
	// parameter is one of a statement.
	parameter = regexp.MustCompile(`\$(\d+)|\?`)
)

// small are the tables, and what is named like one, that do not grow with a shop.
var small = map[string]bool{"event_types": true, "shops": true, "counters": true, "always": true, "json_each": true, "imports": true}

// wanted begin the statements that are about all that a shop has.
var wanted = []string{
	"select parent_id from items", // other names lie in the bodies
	"select block from event_blocks",
}

// TestNoStatementReadsATable runs the whole suite on SQLite and looks at the plan of each statement that it compiled. Those that read in
// pages, with a limit, may begin at the shop. SQLite chooses without statistics, as in a new shop; Postgres has the same indexes.
func TestNoStatementReadsATable(t *testing.T) {
	var mu sync.Mutex
	texts := map[string]bool{}
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			s := storetest.SQLite(t)
			t.Cleanup(func() {
				mu.Lock()
				defer mu.Unlock()
				for _, text := range s.(*sqlstore.Store).Statements() {
					texts[text] = true
				}
			})
			return s
		})
	})
	if len(texts) < 100 {
		t.Fatalf("the suite compiled %d statements", len(texts))
	}
	s := storetest.SQLite(t).(*sqlstore.Store)
	for text := range texts {
		for _, step := range planOf(t, s.DB, text) {
			found := allOf.FindStringSubmatch(step)
			if found == nil || small[found[1]] || small[found[3]] || found[3] != "" && strings.Contains(text, "limit") {
				continue
			}
			if !begins(text, wanted) {
				t.Errorf("%s\nin %.600s", step, text)
			}
		}
	}
}

func begins(text string, with []string) bool {
	text = strings.Join(strings.Fields(text), " ")
	for _, w := range with {
		if strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}

// planOf returns the steps by which SQLite would answer a statement.
func planOf(t *testing.T, db *sqldb.DB, text string) (steps []string) {
	t.Helper()
	parameters := 0
	for _, p := range parameter.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(p[1])
		if err != nil {
			n = parameters + 1
		}
		parameters = max(parameters, n)
	}
	err := db.Each(context.Background(), "explain query plan "+text, make([]any, parameters), func(r *sql.Rows) error {
		var id, parent, unused int
		var step string
		err := r.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		t.Errorf("%.300s: %v", text, err)
	}
	return steps
}
