package storetest

import (
	"fmt"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// judge stores verdicts at a time and returns how many changed.
func judge(t *testing.T, s store.Store, verdict store.RobotVerdict, atMs int64, override bool, subjects ...string) int {
	t.Helper()
	var rows []store.RobotRow
	for _, subject := range subjects {
		rows = append(rows, store.RobotRow{Subject: subject, Verdict: verdict, AtMs: atMs, Detail: []byte(`{"by":"x"}`)})
	}
	n, err := s.Judge(t.Context(), shop, rows, override)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// listed returns "subject verdict at" of the verdicts, two at a time, as a caller of the API
// goes from page to page. "ua1 20" says that ua was judged to be a robot at 20 ms, "ua2 20"
// that a person says it is none. The newest come first.
func listed(t *testing.T, s store.Store, verdict store.RobotVerdict) []string {
	t.Helper()
	out := []string{}
	var last store.RobotRow
	for {
		rows, err := s.Robots(t.Context(), shop, verdict, last.AtMs, last.Subject, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if string(r.Detail) != `{"by":"x"}` {
				t.Errorf("the detail of %s is %s", r.Subject, r.Detail)
			}
			out = append(out, fmt.Sprint(r.Subject, r.Verdict, r.AtMs))
			last = r
		}
		if len(rows) < 2 {
			return out
		}
	}
}

// robots checks that a detector's verdict stands until a person says something else, which no detector
// changes. A robot's events are stored but marked, a visitor is one when any of his names is, a
// merge makes him the person's, and erasing a person takes the verdict away.
func robots(t *testing.T, s store.Store) {
	appendAll(t, s, newEvent("ua", "1", 0), newEvent("ub", "2", 0), newEvent("stab", "3", 0), newEvent("uc", "4", 0))
	asOf := func() int64 {
		ms, err := s.RobotsAsOf(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		return ms
	}
	if asOf() != 0 {
		t.Error("verdicts before there were any")
	}
	version := func(user, session string) int64 {
		v, err := s.Visitor(t.Context(), shop, user, session)
		if err != nil || len(v.States) != 1 {
			t.Fatal(v, err)
		}
		return v.States[0].Version
	}
	before := version("a", "")
	// Nobody is no visitor: a subject without a row is not judged.
	if n := judge(t, s, store.Robot, 10, false, "ua", "stab", "unobody"); n != 2 {
		t.Errorf("%d verdicts changed, want 2", n)
	}
	if version("a", "") <= before {
		t.Error("a verdict does not raise the version of the visitor")
	}
	// What robots did is left out where only people are asked for, and is there otherwise.
	same(t, "people", []string{"2 ub/ 2", "4 uc/ 4"}, scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
	same(t, "all", []string{"1 ua/ 1", "2 ub/ 2", "3 stab/tab 3", "4 uc/ 4"}, scan(t, s, shop, store.ScanQuery{}))
	var marked []string
	if err := s.Scan(t.Context(), shop, store.ScanQuery{UpTo: 9, Limit: 9}, func(e *store.Event) bool {
		if e.Robot {
			marked = append(marked, e.Subject)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	same(t, "events of robots", []string{"ua", "stab"}, marked)
	if v, err := s.Visitor(t.Context(), shop, "b", "tab"); err != nil || !v.Robot {
		t.Errorf("a visitor whose session is a robot's is one: %v, %v", v.Robot, err)
	}
	if n := judge(t, s, store.NoRobot, 20, true, "ua"); n != 1 {
		t.Errorf("a person changed %d verdicts", n)
	}
	if n := judge(t, s, store.Robot, 30, false, "ua", "uc"); n != 1 {
		t.Errorf("%d verdicts changed, want that on uc: what a person decided stays", n)
	}
	same(t, "listed", []string{"uc1 30", "ua2 20", "stab1 10"}, listed(t, s, store.Unjudged))
	same(t, "robots listed", []string{"uc1 30", "stab1 10"}, listed(t, s, store.Robot))
	if got := asOf(); got != 30 {
		t.Errorf("as of %d, want 30", got)
	}
	// The session was a robot's, the user is not.
	if _, err := s.Merge(t.Context(), shop, "stab", "b"); err != nil {
		t.Fatal(err)
	}
	same(t, "a session that becomes a person's", []string{"1 ua/ 1", "2 ub/ 2", "3 ub/tab 3"},
		scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
	if n := judge(t, s, store.Robot, 40, false, "stab"); n != 1 {
		t.Errorf("judged under another name: %d", n)
	}
	same(t, "judged under another name", []string{"1 ua/ 1"}, scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
	if _, err := s.Erase(t.Context(), shop, "c", "", store.Receipt{ID: "r", Mode: "erase", AtMs: 1}); err != nil {
		t.Fatal(err)
	}
	same(t, "erased", []string{"ub1 40", "ua2 20"}, listed(t, s, store.Unjudged))
}
