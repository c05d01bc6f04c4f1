package table

import (
	"slices"
	"strings"
	"testing"
)

func TestATableWithoutHeaderIsToldWhereThatIsCertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		headless   bool
	}{
		{"MovieLens", "1::1193::5::1778300760\n1::661::3::1778302109\n", true},
		{"Yoochoose", "420374,2026-04-06T18:44:58.314Z,214537888,12462,1\n420375,2026-04-06T18:44:58.325Z,214537850,10471,1\n", true},
		{"RetailRocket", "1433221332117,257597,view,355908,\n1433224214164,992329,addtocart,248676,11\n", true},
		{"Last.fm", "user_1\t2026-05-04T23:08:57Z\tf1b1-9c\tDeep Dish\t\tMe\nuser_1\t2026-05-04T13:54:10Z\ta7f7\tX\t\tB\n", true},
		{"a song called like a field", "user_1\t2026-05-04T23:08:57Z\tDate\nuser_1\t2026-05-04T13:54:10Z\tX\n", true},
		{"a known word above days", "Date,20261101\n2026-11-01,7\n", false},
		{"numbers of three small columns", "17,3,5\n18,3,4\n", true},
		{"a catalogue with prices", "T1;Plain Tee;19,99\nT2;Mug;5,00\n", true},
		{"a header of unknown words", "Wer;Was\nu1;T\nu2;S\n", false},
		{"unknown words above values", "Wer;Was;12345\n17;18;20260\n", false},
		{"numbers of columns", "1,2,3\n7,8,9\n", false},
		{"years", "2025,2026\n7,8\n", false},
		{"months above pieces", "Filiale,2026-11,2026-12\nBonn,7,8\n", false},
		{"days above pieces", "Filiale,20261101,20261102\nBonn,7,8\n", false},
		{"a known word", "sku,12345\nT,67890\n", false},
		{"one line", "17,3,12345\n", false},
	} {
		r, err := Open(strings.NewReader(c.file), Options{Known: Known(""), FindHeader: true})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		rows := len(r.Sample(10))
		lines := strings.Count(c.file, "\n")
		if got := slices.Equal(r.Columns[:2], []string{"1", "2"}) && rows == lines; got != c.headless || (r.Numbered() != "") != got {
			t.Errorf("%s: without header %t, want %t; columns %q, %d rows, %s", c.name, got, c.headless, r.Columns, rows, r.Numbered())
		}
	}
}
