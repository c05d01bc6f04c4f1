package rotation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var someNews = []news{
	{key: Key{"north", "u/ann", "home.for_you"}, list: List{1773489600000, []string{"lamp", ""}}},
	{key: Key{"north", "s/tab", ""}, list: List{0, []string{}}, forget: true},
	{key: Key{"south", "u/ann", "home.for_you"}, list: List{-1, []string{}}},
}

func messageOf(origin string, list []news) string {
	m := beginMessage(origin)
	for _, n := range list {
		m = appendNews(m, n)
	}
	return string(m)
}

func read(message, origin string) (got []news) {
	readMessage(message, origin, func(n news) { got = append(got, n) })
	return got
}

func TestNewsArriveAsTheyWereTold(t *testing.T) {
	t.Parallel()
	message := messageOf("one", someNews)
	if diff := cmp.Diff(someNews, read(message, "other"), cmp.AllowUnexported(news{})); diff != "" {
		t.Error(diff)
	}
	if got := read(message, "one"); got != nil {
		t.Errorf("a replica heard itself: %v", got)
	}
	if got := read("\x02"+message[1:], "other"); got != nil {
		t.Errorf("another version: %v", got)
	}
	for n := range len(message) {
		if got := read(message[:n], "other"); len(got) >= len(someNews) {
			t.Errorf("%d of %d bytes give %d news", n, len(message), len(got))
		}
	}
}

func FuzzNews(f *testing.F) {
	f.Add(messageOf("one", someNews))
	f.Add("\x01\x00\x80")
	f.Fuzz(func(t *testing.T, message string) {
		got := read(message, "nobody")
		if diff := cmp.Diff(got, read(messageOf("one", got), "nobody"), cmp.AllowUnexported(news{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheLatestListsAreKept(t *testing.T) {
	t.Parallel()
	l := NewLog(1<<20, nil, "one")
	defer l.Close()
	k := Key{"north", "u/ann", "home"}
	for _, at := range []int64{3, 9, 1, 9, 5, 7, 8} { // as they may arrive: in another order, and one twice
		l.hear(news{key: k, list: List{at, []string{"lamp"}}})
	}
	var times []int64
	for _, s := range l.Of(k) {
		times = append(times, s.AtMs)
	}
	if diff := cmp.Diff([]int64{9, 8, 7, 5, 3}, times); diff != "" {
		t.Error(diff)
	}
	l.hear(news{key: Key{Shop: "south", Visitor: "u/ann"}, forget: true})
	if len(l.Of(k)) == 0 {
		t.Error("forgotten in another shop")
	}
	l.hear(news{key: Key{Shop: "north", Visitor: "u/ann"}, forget: true})
	if got := l.Of(k); len(got) > 0 {
		t.Errorf("not forgotten: %v", got)
	}
}
