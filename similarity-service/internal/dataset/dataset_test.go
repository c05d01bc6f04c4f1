package dataset_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

// folder writes files into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, files map[string]string, o dataset.Options) *dataset.Data {
	t.Helper()
	d, err := dataset.Load(folder(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ids translates items back.
func ids(d *dataset.Data, items []int32) []string {
	out := []string{}
	for _, j := range items {
		out = append(out, d.Items.ID(j))
	}
	return out
}

func trainRow(d *dataset.Data, u int) []string {
	items, _ := d.Train.Row(u)
	return ids(d, items)
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestLightGCN(t *testing.T) {
	t.Parallel()
	const train, test = "0 10 9\n1 9 x\n\n", "0 2 9\r\n1 10\n2 9\n"
	t.Run("plain, gzip and zstd read alike", func(t *testing.T) {
		t.Parallel()
		want := load(t, map[string]string{"train.txt": train, "test.txt": test}, dataset.Options{Format: dataset.LightGCN})
		for name, files := range map[string]map[string]string{
			"gzip":                   {"train.txt.gz": zipped(t, train), "test.txt.gz": zipped(t, test)},
			"zstd":                   {"train.txt.zst": zstandard(t, train), "test.txt.zst": zstandard(t, test)},
			"zstd named as if plain": {"train.txt": zstandard(t, train), "test.txt": test},
		} {
			got := load(t, files, dataset.Options{Format: dataset.LightGCN})
			if diff := cmp.Diff(want.Train, got.Train, cmpopts.IgnoreUnexported(csr.Matrix{})); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			if diff := cmp.Diff(want.Tests, got.Tests); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
	t.Run("items are numbered in the order of their ids", func(t *testing.T) {
		t.Parallel()
		d := load(t, map[string]string{"train.txt": train, "test.txt": test}, dataset.Options{Format: dataset.LightGCN})
		if diff := cmp.Diff([]string{"2", "9", "10", "x"}, d.Items.IDs()); diff != "" {
			t.Fatal(diff)
		}
	})
	t.Run("test items of the training part are left out, users without training stay", func(t *testing.T) {
		t.Parallel()
		d := load(t, map[string]string{"train.txt": train, "test.txt": test}, dataset.Options{Format: dataset.LightGCN})
		got := map[int32][]string{}
		for _, c := range d.Tests {
			got[c.Row] = ids(d, c.Relevant)
		}
		want := map[int32][]string{0: {"2"}, 1: {"10"}, 2: {"9"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
	t.Run("lines are in order where that is said", func(t *testing.T) {
		t.Parallel()
		files := map[string]string{"train.txt": train, "test.txt": test}
		d := load(t, files, dataset.Options{Format: dataset.LightGCN, Ordered: true})
		if diff := cmp.Diff([]string{"10", "9"}, trainRow(d, 0)); diff != "" || !d.Ordered {
			t.Errorf("ordered is %v: %s", d.Ordered, diff)
		}
		for _, o := range []dataset.Options{
			{Format: dataset.CSV, Ordered: true}, {Format: dataset.LightGCN, Ordered: true, Resplit: true},
		} {
			if _, err := dataset.Load(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "in order") {
				t.Errorf("%+v: %v", o, err)
			}
		}
	})
	t.Run("a new split keeps every user's numbers and items", func(t *testing.T) {
		t.Parallel()
		files := map[string]string{"train.txt": "0 1 2 3 4 5\n1 1 2\n", "test.txt": "0 6 7\n"}
		d := load(t, files, dataset.Options{Format: dataset.LightGCN, Resplit: true, Seed: 3})
		if len(d.Tests) != 1 || len(d.Tests[0].Relevant) != 2 || len(trainRow(d, 0)) != 5 {
			t.Fatalf("got %d tests, training row %v", len(d.Tests), trainRow(d, 0))
		}
		all := map[string]bool{}
		for _, id := range append(trainRow(d, 0), ids(d, d.Tests[0].Relevant)...) {
			all[id] = true
		}
		if len(all) != 7 {
			t.Fatalf("items %v, want 7 distinct", all)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	d := load(
		t, map[string]string{"train_sessions.txt": "3 1 3\n2\n", "test_prefixes.txt": "1 2\t3\n"},
		dataset.Options{Format: dataset.Sessions},
	)
	if diff := cmp.Diff([]string{"3", "1", "3"}, ids(d, d.Sessions[0])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1", "2"}, ids(d, d.Tests[0].Seeds)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3"}, ids(d, d.Tests[0].Relevant)); diff != "" {
		t.Error(diff)
	}
}

func TestReloadsAreLeftOut(t *testing.T) {
	t.Parallel()
	files := map[string]string{"train_sessions.txt": "3 3 1 3\n2\n", "test_prefixes.txt": "1 2 2\t3\n1 2\t2\n2 1\t2\n"}
	d := load(t, files, dataset.Options{Format: dataset.Sessions, WithoutReloads: true})
	got := [][]string{ids(d, d.Sessions[0]), ids(d, d.Sessions[1])}
	for _, c := range d.Tests {
		got = append(got, ids(d, c.Seeds), ids(d, c.Relevant))
	}
	if diff := cmp.Diff([][]string{{"3", "1", "3"}, {"2"}, {"1", "2"}, {"3"}, {"2", "1"}, {"2"}}, got); diff != "" {
		t.Error(diff)
	}
	if d.Skipped["reload"] != 2 {
		t.Errorf("%d reloads are counted, want a click and a case", d.Skipped["reload"])
	}
	if _, err := dataset.Load(folder(t, files), dataset.Options{Format: dataset.LightGCN, WithoutReloads: true}); err == nil {
		t.Error("histories of users have no reloads, but leaving them out is no error")
	}
}

func TestRatingsHoldOutTheLatestOfEachUser(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("user_id:token\titem_id:token\trating:float\ttimestamp:float\n")
	for n := range 10 { // written in reverse: the newest line is first
		fmt.Fprintf(&b, "u\ti%d\t%d\t%d\n", 9-n, 1+(9-n)%5, 1000-n)
	}
	d := load(t, map[string]string{"x.inter.tsv": b.String()}, dataset.Options{Format: dataset.MovieLens})
	if diff := cmp.Diff([]string{"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"}, trainRow(d, 0)); diff != "" {
		t.Error(diff)
	}
	// Held out are i8 with rating 4 and i9 with rating 5: both are at least four fifths of 5.
	if diff := cmp.Diff([]string{"i8", "i9"}, ids(d, d.Tests[0].Relevant)); diff != "" {
		t.Error(diff)
	}
	half := load(t, map[string]string{"x.inter.tsv": b.String()}, dataset.Options{Format: dataset.MovieLens, TrainFraction: .5})
	if got := len(trainRow(half, 0)); got != 5 {
		t.Errorf("training part of %d, want 5", got)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	t.Run("quoted fields, weights add up", func(t *testing.T) {
		t.Parallel()
		text := "Customer ID,Product,weight,date\n\"a,b\",p,2,2024-01-01\n\"a,b\",p,3,2024-01-02\n" +
			"\"a,b\",q,1,2024-01-03\n\"a,b\",r,1,2024-01-04\n"
		d := load(t, map[string]string{"one.csv": text}, dataset.Options{Format: dataset.CSV, TrainFraction: .7})
		_, val := d.Train.Row(0)
		if diff := cmp.Diff([]float32{5, 1}, val); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"r"}, ids(d, d.Tests[0].Relevant)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an order is not cut", func(t *testing.T) {
		t.Parallel()
		text := "user,item,date\nu,a,2024-01-01\nu,b,2024-01-01\nu,c,2024-01-02\nu,a,2024-01-02\nu,d,2024-01-03\nu,e,2024-01-03\n" +
			"u,f,2024-01-03\nonce,a,2024-01-01\nonce,b,2024-01-01\n"
		d := load(t, map[string]string{"one.csv": text}, dataset.Options{Format: dataset.CSV})
		row, _ := d.Train.Row(0)
		if diff := cmp.Diff([]string{"b", "c", "a"}, ids(d, row)); diff != "" {
			t.Error(diff)
		}
		if len(d.Tests) != 1 || !slices.Equal(ids(d, d.Tests[0].Relevant), []string{"d", "e", "f"}) {
			t.Errorf("tests are %+v", d.Tests)
		}
		if first, second := d.LatestPart(0), d.LatestPart(1); first != 2 || second != 0 {
			t.Errorf("latest parts are %d and %d entries", first, second)
		}
	})
	t.Run("without times the split is random but seeded", func(t *testing.T) {
		t.Parallel()
		files := map[string]string{"one.csv": "user,item\n" + strings.Repeat("u,a\nu,b\nu,c\nu,d\nu,e\nu,f\nu,g\nu,h\nu,i\nu,j\n", 1)}
		one := load(t, files, dataset.Options{Format: dataset.CSV, Seed: 1})
		again := load(t, files, dataset.Options{Format: dataset.CSV, Seed: 1})
		if diff := cmp.Diff(one.Tests, again.Tests); diff != "" || one.Ordered {
			t.Errorf("ordered %v, %s", one.Ordered, diff)
		}
	})
}

// TestPublicLayouts reads layouts of public data sets without a word about their columns.
func TestPublicLayouts(t *testing.T) {
	t.Parallel()
	for name, unused := range map[string]string{
		"amazon-2023.csv": "", "hm.csv": "price, sales_channel_id", "rees46.csv": "event_type, category_id, category_code, brand, price",
		"tafeng.csv": "AGE_GROUP, PIN_CODE, PRODUCT_SUBCLASS, ASSET, SALES_PRICE",
	} {
		d, err := dataset.Load(filepath.Join("testdata", name), dataset.Options{Format: dataset.CSV})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if unused != "" {
			want = []string{"columns that are not used: " + unused}
		}
		if diff := cmp.Diff(want, d.Notes); diff != "" || !d.Ordered || len(d.Tests) == 0 {
			t.Errorf("%s: ordered %t, %d tests, notes: %s", name, d.Ordered, len(d.Tests), diff)
		}
	}
	files := map[string]string{"x.csv": "who;what\nann;a\nann;b\nann;c\nbob;a\nbob;b\n"}
	o := dataset.Options{
		Format: dataset.CSV, TrainFraction: .5, Table: dataset.Table{Mapping: map[string]string{"who": "user_id", "what": "item_id"}},
	}
	d := load(t, files, o)
	want := []string{"no times tell the interactions of a user apart: the test part is random"}
	if diff := cmp.Diff(want, d.Notes); diff != "" || d.Lines != 5 {
		t.Errorf("%d lines: %s", d.Lines, diff)
	}
	german := map[string]string{
		"x.csv": "Bestellnr;Artikelnr;Menge;Datum\n1;a;1,5;31.01.2024\n1;b;1;31.01.2024\n2;a;1;02.02.2024\n2;b;1;02.02.2024\n",
	}
	d = load(t, german, dataset.Options{Format: dataset.Baskets, TrainFraction: .5})
	if len(d.Notes) != 0 || d.RowTimes[0] != 1706659200 { // 31 January 2024, midnight
		t.Errorf("notes %q, times %v", d.Notes, d.RowTimes)
	}
}

func TestColumnsWithoutNamesAreGuessedAloud(t *testing.T) {
	t.Parallel()
	// Session, time, item and category, as Yoochoose has them.
	clicks := map[string]string{"clicks.dat": "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,0\n" +
		"2,2014-04-07T13:56:37.614Z,214536502,0\n2,2014-04-07T13:57:19.373Z,214536500,0\n"}
	o := dataset.Options{Format: dataset.CSV, TrainFraction: .5}
	guess := "(1 user_id, 2 occurred_at, 3 item_id, 4 rating)"
	if d := load(t, clicks, o); len(d.Notes) == 0 || !strings.Contains(d.Notes[0], guess) {
		t.Errorf("notes %q do not tell the guess", d.Notes)
	}
	o.Table.Mapping = map[string]string{"2": "occurred_at", "3": "item_id"}
	d := load(t, clicks, o)
	if d.Items.Len() != 2 || !d.Ordered || len(d.Tests) != 2 || d.Liked != 0 {
		t.Errorf("%d items, ordered %t, %d tests, liked from %v", d.Items.Len(), d.Ordered, len(d.Tests), d.Liked)
	}
	if len(d.Notes) != 2 || !strings.Contains(d.Notes[0], "(1 user_id)") || d.Notes[1] != "columns that are not used: 4" {
		t.Errorf("notes %q", d.Notes)
	}
	d = load(t, clicks, dataset.Options{Format: dataset.Sessions, TrainFraction: .5})
	if len(d.Sessions) != 1 || len(d.Tests) != 1 || !strings.Contains(d.Notes[0], "(1 session_id, 2 occurred_at, 3 item_id)") {
		t.Errorf("%d sessions, %d tests, notes %q", len(d.Sessions), len(d.Tests), d.Notes)
	}
	plays := map[string]string{"steam.csv": "1,\"One game\",play,273.0\n1,\"Another\",play,3.5\n"}
	_, err := dataset.Load(folder(t, plays), dataset.Options{Format: dataset.CSV})
	if err == nil || !strings.Contains(err.Error(), `the rating is "play"`) || !strings.Contains(err.Error(), "--map") {
		t.Errorf("got %v", err)
	}
	o.Table.Mapping = map[string]string{"4": "weight"}
	if d := load(t, plays, o); d.Items.Len() != 2 || d.Liked != 0 {
		t.Errorf("a weight is not read in the place of the rating: %+v", d)
	}
}

func TestCountsAreNoSumsOfRatings(t *testing.T) {
	t.Parallel()
	files := map[string]string{"x.csv": "user,item,rating\nu,a,5\nu,b,1\nu,c,3\nv,a,4\nv,b,2\nv,c,5\n"}
	d := load(t, files, dataset.Options{Format: dataset.CSV, TrainFraction: .99})
	if diff := cmp.Diff([]float64{2, 2, 2}, d.Counts()); diff != "" {
		t.Error(diff)
	}
	files = map[string]string{"x.csv": "user,item,weight\nu,a,5\nu,b,1\nv,a,4\n"}
	d = load(t, files, dataset.Options{Format: dataset.CSV, TrainFraction: .99})
	if diff := cmp.Diff([]float64{9, 1}, d.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestATrainFractionIsANumberBetween0And1(t *testing.T) {
	t.Parallel()
	for _, fraction := range []float64{-.1, 1, math.NaN(), math.Inf(1)} {
		_, err := dataset.Load(t.TempDir(), dataset.Options{Format: dataset.CSV, TrainFraction: fraction})
		if err == nil || !strings.Contains(err.Error(), "train fraction is") {
			t.Errorf("%v: got %v", fraction, err)
		}
	}
}

func TestBaskets(t *testing.T) {
	t.Parallel()
	text := "InvoiceNo\tStockCode\tQuantity\tInvoiceDate\n" +
		"1\ta\t1\t2024-01-01 10:00:00\n1\tb\t2\t2024-01-01 10:00:00\n" +
		"C2\ta\t-1\t2024-01-02 10:00:00\n" +
		"4\ta\t1\t2024-03-31 10:00:00\n4\tc\t1\t2024-03-31 10:00:00\n4\tc\t1\t2024-03-31 10:00:00\n" +
		"3\tb\t1\t2024-03-02 00:00:00\n3\tc\t1\t2024-03-02 00:00:00\n3\ta\t1\t2024-03-02 00:00:00\n" +
		"5\tb\t1\t2024-02-28 00:00:00\n5\tc\t1\t2024-02-28 00:00:00\n"
	d := load(t, map[string]string{"transactions.tsv": text}, dataset.Options{Format: dataset.Baskets})
	// The last day is 31 March; thirty days before is 1 March: baskets 3 and 4 are tests.
	if d.Train.Rows != 2 || len(d.Tests) != 2 {
		t.Fatalf("%d training baskets and %d tests, want 2 and 2", d.Train.Rows, len(d.Tests))
	}
	if diff := cmp.Diff([]string{"b", "c"}, trainRow(d, 1)); diff != "" {
		t.Error(diff)
	}
	for n, want := range []int{2, 1} {
		if got := len(d.Tests[n].Relevant); got != want {
			t.Errorf("test %d has %d items to find, want %d", n, got, want)
		}
	}
	if d.Skipped["lines without a positive quantity"] != 1 {
		t.Errorf("skipped %v", d.Skipped)
	}
}

func TestBadInputNamesThePlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		format dataset.Format
		files  map[string]string
		want   string
	}{
		"long id": {
			dataset.LightGCN, map[string]string{"train.txt": "0 1\n1 2 " + long + "\n", "test.txt": "0 2\n"}, "train.txt, line 2, column 5",
		},
		"control byte": {
			dataset.LightGCN, map[string]string{"train.txt": "0 1\n", "test.txt": "0 2\x00\n"}, "test.txt, line 1, column 3",
		},
		"no test file": {dataset.LightGCN, map[string]string{"train.txt": "0 1\n"}, "no file test.txt"},
		"no tab": {
			dataset.Sessions, map[string]string{"train_sessions.txt": "1 2\n", "test_prefixes.txt": "1 2\n"}, "line 1, column 4: no tab",
		},
		"NaN rating": {
			dataset.MovieLens, map[string]string{"ratings.csv": "user,item,rating\na,b,NaN\n"}, "line 2, field 3: the rating",
		},
		"bad time":       {dataset.CSV, map[string]string{"x.csv": "user,item,time\na,b,yesterday\n"}, "line 2, field 3: the time"},
		"missing column": {dataset.CSV, map[string]string{"x.csv": "user,thing\na,b\n"}, `no column "item"`},
		"short line":     {dataset.CSV, map[string]string{"x.csv": "user,item\na\n"}, "line 2, field 2: the item"},
		"empty id":       {dataset.Baskets, map[string]string{"x.csv": "order,item\n1,\n"}, "line 2, field 2: the item"},
		"empty table":    {dataset.CSV, map[string]string{"x.csv": "user,item\n"}, "no interactions"},
		"torn zstd": {
			dataset.LightGCN, map[string]string{"train.txt": zstandard(t, strings.Repeat("0 1 2 3\n", 999))[:12], "test.txt": "0 2\n"},
			"train.txt",
		},
		"unknown format": {"parquet", map[string]string{"x": "y"}, "want one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dataset.Load(folder(t, c.files), dataset.Options{Format: c.format})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("0 1 2\n", "0 3\n", uint8(0))
	f.Add("1 2 3\n", "1 2\t3\n", uint8(1))
	f.Add("order,item,qty,date\n1,a,1,2024-01-01\n2,\"b\",-1,7\n", "", uint8(2))
	f.Add("u::i::3::978300760\nu::j::5::978300761\n", "", uint8(3))
	f.Add("\x28\xb5\x2f\xfd junk", "\x1f\x8b", uint8(0))
	f.Fuzz(func(t *testing.T, first, second string, format uint8) {
		formats := dataset.Formats()
		chosen := formats[int(format)%len(formats)]
		files := map[dataset.Format]map[string]string{
			dataset.LightGCN: {"train.txt": first, "test.txt": second},
			dataset.Sessions: {"train_sessions.txt": first, "test_prefixes.txt": second},
		}[chosen]
		if files == nil {
			files = map[string]string{"table.csv": first}
		}
		d, err := dataset.Load(folder(t, files), dataset.Options{Format: chosen, Seed: 1})
		if err != nil {
			return
		}
		if d.Train != nil {
			if err := d.Train.Validate(); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range d.Tests {
			if len(c.Relevant) == 0 || int(c.Row) >= d.Rows() {
				t.Fatalf("case %+v of %d rows", c, d.Rows())
			}
		}
	})
}
