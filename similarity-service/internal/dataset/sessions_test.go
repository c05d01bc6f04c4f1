package dataset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

// sessionsOf writes the training sessions and the test cases of d.
func sessionsOf(d *dataset.Data) (train, tests []string) {
	for _, s := range d.Sessions {
		train = append(train, strings.Join(ids(d, s), " "))
	}
	for _, c := range d.Tests {
		tests = append(tests, strings.Join(ids(d, c.Seeds), " ")+" > "+strings.Join(ids(d, c.Relevant), " "))
	}
	return train, tests
}

func TestTablesOfClicks(t *testing.T) {
	t.Parallel()
	// Ten sessions of two clicks; the latest clicks on c, which no other session has, and stands first.
	var rows strings.Builder
	rows.WriteString("9,b,2024-01-10 12:05\n9,c,2024-01-10 12:10\n9,a,2024-01-10 12:20\n9,b,2024-01-10 12:00\n")
	var want []string
	for s := range 9 {
		fmt.Fprintf(&rows, "%d,b,2024-01-0%d 12:01\n%d,a,2024-01-0%d 12:00\n", s, s+1, s, s+1)
		want = append(want, "a b")
	}
	const single = "x,a,2024-01-01 00:00\n"
	for _, c := range []struct {
		name         string
		files        map[string]string
		options      dataset.Options
		train, tests []string
		skipped      map[string]int
		notes        int
	}{
		{
			"one table, its latest tenth", map[string]string{"clicks.csv": "SessionId,ItemId,Time\n" + rows.String() + single},
			dataset.Options{},
			want, []string{"b > b", "b b > a"},
			map[string]int{"sessions of one click": 1, "test clicks on items that the training part does not have": 1}, 0,
		},
		{
			"two tables, whose ids have nothing in common", map[string]string{
				"train.txt": "SessionId\tItemId\tTime\n1\tx\t1592337718.0\n1\ty\t1592337700.0\n",
				"test.txt":  "SessionId\tItemId\tTime\n1\tx\t1593536687.0\n1\ty\t1593536689.5\n", "valid.txt": "",
			}, dataset.Options{},
			[]string{"y x"}, []string{"x > y"}, map[string]int{}, 0,
		},
		{
			"visits end with a pause where users are all that is known", map[string]string{
				"log.csv": "visitorid,event,itemid,transactionid,timestamp\n" +
					"u,view,a,,2024-01-01T10:00:00Z\nu,view,b,,2024-01-01T10:30:00Z\nu,addtocart,b,,2024-01-01T11:00:01Z\n" +
					"u,transaction,a,7,2024-01-01T11:00:02Z\n,view,a,,2024-01-01T10:00:00Z\n",
			}, dataset.Options{TrainFraction: .5},
			[]string{"a b"}, []string{"b > a"}, map[string]int{"clicks without a user": 1}, 1,
		},
		{
			"numbers of sessions that each user has", map[string]string{
				"log.csv": "user_id,session_id,item_id\nu,1,a\nv,1,b\nu,1,b\nv,1,a\n",
			}, dataset.Options{TrainFraction: .5},
			[]string{"a b"}, []string{"b > a"}, map[string]int{}, 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.options.Format = dataset.Sessions
			d := load(t, c.files, c.options)
			train, tests := sessionsOf(d)
			if diff := cmp.Diff(c.train, train); diff != "" {
				t.Errorf("training part: %s", diff)
			}
			if diff := cmp.Diff(c.tests, tests); diff != "" {
				t.Errorf("test part: %s", diff)
			}
			if diff := cmp.Diff(c.skipped, d.Skipped); diff != "" || len(d.Notes) != c.notes {
				t.Errorf("notes %q, left out: %s", d.Notes, diff)
			}
		})
	}
}

func TestTablesOfClicksThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	const clicks = "session_id,item_id\n1,a\n1,b\n"
	for _, c := range []struct {
		files    map[string]string
		fraction float64
		want     string
	}{
		{map[string]string{"x.csv": "user_id,item_id\nu,a\n"}, 0, "none has times"},
		{map[string]string{"x.csv": "item_id,date\na,2024-01-01\n"}, 0, `no column "session"`},
		{map[string]string{"x.csv": clicks}, 0, "1 sessions of two clicks or more are too few"},
		{map[string]string{"train.csv": clicks, "test.csv": clicks}, .5, "leave out the train fraction"},
		{map[string]string{"train.csv": clicks}, 0, "no file test.txt or test.csv"},
		{map[string]string{"a.csv": clicks, "b.csv": clicks}, 0, "neither train_sessions.txt nor train.txt"},
	} {
		_, err := dataset.Load(folder(t, c.files), dataset.Options{Format: dataset.Sessions, TrainFraction: c.fraction})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
