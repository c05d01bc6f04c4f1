package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// SessionGap are the seconds without a click that end a visit: of a shop any, of tables that name none.
const SessionGap = 30 * 60

// testSessions is the share of the sessions of a table that are its test part: the latest.
const testSessions = .1

// loadSessions reads sessions whose every prefix is to tell the next click. A folder has train_sessions.txt and test_prefixes.txt, or two
// tables of clicks, train and test, with the ending .txt, .csv or .tsv. One table of clicks is cut by time: its latest tenth, or what
// TrainFraction leaves, is the test part.
func loadSessions(path string, o Options) (*Data, error) {
	d := &Data{Format: Sessions, Relation: ViewedNext, Ordered: true, CappedRecall: true, Skipped: map[string]int{}}
	train, test, tables, err := sessionFiles(path)
	switch {
	case err != nil:
		return nil, err
	case test != "" && o.TrainFraction != 0:
		return nil, errors.New("the files have a test part: leave out the train fraction, or give the path of one table of clicks")
	case !tables:
		return d, d.readPrefixes(train, test)
	}
	return d, d.readClicks(train, test, o)
}

// sessionFiles finds the training and the test part of path, "" for the latter where one table is to be cut, and says whether they are
// tables.
func sessionFiles(path string) (train, test string, tables bool, err error) {
	if info, err := os.Stat(path); err != nil {
		return "", "", false, err
	} else if !info.IsDir() {
		return path, "", true, nil
	}
	if train, err = find(path, "train_sessions.txt"); err == nil {
		test, err = find(path, "test_prefixes.txt")
		return train, test, false, err
	}
	train, err = find(path, "train.txt", "train.csv", "train.tsv")
	if err == nil {
		test, err = find(path, "test.txt", "test.csv", "test.tsv")
		return train, test, true, err
	}
	if train, err = findTable(path, "clicks", "sessions", "events", "views", "interactions"); err != nil {
		err = fmt.Errorf("neither train_sessions.txt nor train.txt, and of one table of clicks: %w", err)
	}
	return train, "", true, err
}

// click is one row of a table of clicks.
type click struct {
	session, item int32
	seconds       int64 // Unix; the number of the row in a table without times
}

// clickTable are clicks with the names of their sessions and items.
type clickTable struct {
	sessions, items idmap.Map
	rows            []click
	paused          bool // sessions are users, whose visits end with a pause
}

// readClicks reads tables of clicks; test is "" for a table that is to be cut.
func (d *Data) readClicks(train, test string, o Options) error {
	t := &clickTable{}
	if err := t.read(train, o, d); err != nil {
		return err
	}
	sessions := t.visits(d)
	cut := len(sessions)
	if test == "" {
		cut = min(int(float64(cut)*cmp.Or(o.TrainFraction, 1-testSessions)), cut-1)
	} else {
		t.rows, t.sessions = nil, idmap.Map{} // an id may stand for another session there
		if err := t.read(test, o, d); err != nil {
			return err
		}
		sessions = append(sessions, t.visits(d)...)
	}
	if cut < 1 {
		return fmt.Errorf("%d sessions of two clicks or more are too few", len(sessions))
	}
	return d.splitSessions(sessions[:cut], sessions[cut:], &t.items)
}

// read adds the clicks of a file.
func (t *clickTable) read(file string, o Options, d *Data) error {
	fallback := []column{sessionColumn, itemColumn, timeColumn}
	return eachRecord(file, o, d, fallback, [][]column{{sessionColumn, userColumn}, {itemColumn}}, func(r *record) error {
		d.Lines++
		who, what := sessionColumn, "session"
		if r.at[sessionColumn] == 0 {
			if r.at[timeColumn] == 0 {
				return r.fail(itemColumn, "no column has sessions, and none has times, which would tell the visits of a user apart")
			}
			who, what, t.paused = userColumn, "user", true
		}
		if r.fields[who] == "" {
			d.Skipped["clicks without a "+what]++
			return nil
		}
		name, err := r.id(who, what)
		if err != nil {
			return err
		}
		if who == sessionColumn && r.fields[userColumn] != "" { // some number the sessions of each user
			name += "\x00" + r.fields[userColumn]
		}
		id, err := r.id(itemColumn, "item")
		if err != nil {
			return err
		}
		c := click{seconds: int64(d.Lines)}
		if r.at[timeColumn] > 0 {
			if c.seconds, err = r.seconds(); err != nil {
				return err
			}
		}
		if c.session, err = t.sessions.Add(name); err != nil {
			return err
		}
		c.item, err = t.items.Add(id)
		t.rows = append(t.rows, c)
		return err
	})
}

// visits are the sessions of two clicks or more, each in the order of its clicks, in the order of their last ones.
func (t *clickTable) visits(d *Data) [][]int32 {
	type visit struct {
		items []int32
		last  int64
	}
	slices.SortStableFunc(t.rows, func(x, y click) int {
		return cmp.Or(cmp.Compare(x.session, y.session), cmp.Compare(x.seconds, y.seconds))
	})
	var all []visit
	for n, c := range t.rows {
		if n == 0 || c.session != t.rows[n-1].session || t.paused && c.seconds-t.rows[n-1].seconds > SessionGap {
			all = append(all, visit{})
		}
		v := &all[len(all)-1]
		v.items, v.last = append(v.items, c.item), c.seconds
	}
	before := len(all)
	all = slices.DeleteFunc(all, func(v visit) bool { return len(v.items) < 2 })
	if gone := before - len(all); gone > 0 {
		d.Skipped["sessions of one click"] += gone
	}
	slices.SortStableFunc(all, func(x, y visit) int { return cmp.Compare(x.last, y.last) })
	out := make([][]int32, len(all))
	for n, v := range all {
		out[n] = v.items
	}
	return out
}

// splitSessions makes the training sessions and the test cases. Clicks of the test part on items that the training part does not have are
// left out, as papers do: nothing could list them.
func (d *Data) splitSessions(train, test [][]int32, items *idmap.Map) error {
	var known idmap.Map
	number := slices.Repeat([]int32{-1}, items.Len())
	for _, s := range train {
		for _, j := range s {
			k, err := known.Add(items.ID(j))
			if err != nil {
				return err
			}
			number[j] = k
		}
	}
	for n, s := range test {
		test[n] = slices.DeleteFunc(s, func(j int32) bool { return number[j] < 0 })
		if gone := len(s) - len(test[n]); gone > 0 {
			d.Skipped["test clicks on items that the training part does not have"] += gone
		}
	}
	renumberRows(train, number)
	renumberRows(test, number)
	sorted, renumber, err := byID(&known)
	if err != nil {
		return fmt.Errorf("order items: %w", err)
	}
	renumberRows(train, renumber)
	renumberRows(test, renumber)
	d.Items, d.Sessions, d.Tests = sorted, train, NextClicks(test)
	return nil
}

// readPrefixes reads a session per line, oldest first, and test cases: the clicks so far, a tab and the next click.
func (d *Data) readPrefixes(trainPath, testPath string) error {
	var items idmap.Map
	click := func(s *source, row *[]int32, base int) func(int, string) error {
		return func(column int, t string) error {
			if err := s.id(base+column, "item id", t); err != nil {
				return err
			}
			j, err := items.Add(t)
			*row = append(*row, j)
			return err
		}
	}
	err := each(trainPath, func(s *source, text string) error {
		d.Lines++
		var session []int32
		err := tokens(text, click(s, &session, 0))
		d.Sessions = append(d.Sessions, session)
		return err
	})
	if err != nil {
		return err
	}
	err = each(testPath, func(s *source, text string) error {
		d.Lines++
		prefix, next, found := strings.Cut(text, "\t")
		if !found {
			return s.fail(len(text)+1, "no tab between the clicks so far and the next click")
		}
		c := Case{Row: -1}
		if err := tokens(prefix, click(s, &c.Seeds, 0)); err != nil {
			return err
		}
		if err := tokens(next, click(s, &c.Relevant, len(prefix)+1)); err != nil {
			return err
		}
		if len(c.Seeds) == 0 || len(c.Relevant) != 1 {
			return s.fail(1, "%d clicks so far and %d next clicks, want at least 1 and exactly 1", len(c.Seeds), len(c.Relevant))
		}
		d.Tests = append(d.Tests, c)
		return nil
	})
	if err != nil {
		return err
	}
	sorted, renumber, err := byID(&items)
	if err != nil {
		return fmt.Errorf("order items: %w", err)
	}
	renumberRows(d.Sessions, renumber)
	for _, c := range d.Tests {
		renumberRows([][]int32{c.Seeds, c.Relevant}, renumber)
	}
	d.Items = sorted
	return nil
}
