package table

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// read returns columns and rows of a file; a problem is a row "! code".
func read(t testing.TB, file string, o Options) (*Reader, []string) {
	t.Helper()
	r, err := Open(strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.Sample(2)
	var rows []string
	for {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return r, rows
		case err != nil:
			t.Fatal(err)
		case rec.Problem != nil:
			rows = append(rows, "! "+rec.Problem.Code)
		default:
			rows = append(rows, fmt.Sprintf("%d: %s", rec.Line, strings.Join(rec.Values, "|")))
		}
	}
}

func encoded(t *testing.T, text string, encode func(string) (string, error)) string {
	t.Helper()
	out, err := encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFormatsAndEncodingsAreFoundByThemselves(t *testing.T) {
	t.Parallel()
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String
	bare16 := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String
	latin := charmap.Windows1252.NewEncoder().String
	const feed = `<rss xmlns:g="x"><channel><title>T</title><item><g:id>1</g:id><title>Caf%s</title></item></channel></rss>`
	for name, c := range map[string]struct{ file, rows, note string }{
		"comma":                 {"id,title\n1,\"a, b\"\n", "2: 1|a, b", ""},
		"semicolon with commas": {"id;title;price\n1;a, b;1,5\n2;c, d;2,5\n", "2: 1|a, b|1,5 3: 2|c, d|2,5", ""},
		"tab":                   {"id\ttitle\n1\t\"Moon\" lamp, 5\"\n", "2: 1|\"Moon\" lamp, 5\"", ""},
		"pipe":                  {"id|title\n1|a\n", "2: 1|a", ""},
		"told to Excel":         {"sep=;\nid;title\n1;a\n", "3: 1|a", ""},
		"a mark behind blanks":  {"\n \ufeffid,title\n1,a\n", "3: 1|a", ""},
		"UTF-16":                {encoded(t, "id\ttitle\n1\tgroß\n", utf16), "2: 1|groß", "UTF-16"},
		"UTF-16 without a mark": {encoded(t, "id,title\n1,groß\n", bare16), "2: 1|groß", "UTF-16"},
		"Latin-1":               {encoded(t, "id,title\n1,Café\n2,crème\n", latin), "2: 1|Café 3: 2|crème", "windows-1252"},
		"XML in Latin-1": {
			encoded(t, `<?xml version="1.0" encoding="ISO-8859-1"?>`+fmt.Sprintf(feed, "é"), latin), "1: 1|Café", "ISO-8859-1",
		},
		"XML with HTML entities": {fmt.Sprintf(feed, "&eacute;&nbsp;&amp; <![CDATA[<b>]]> & co"), "1: 1|Café\u00a0& <b> & co", ""},
		"a list of products": {
			`<products><product id="7"><name>a</name><tag>x</tag><tag>y</tag><shipping><price>5</price></shipping></product></products>`,
			"1: 7|a|x\x1fy|5", "<product>",
		},
		"an unknown list": {`<shop><Ding><nr>1</nr></Ding><Ding><nr>2</nr></Ding></shop>`, "1: 1 1: 2", "<Ding>"},
		"NDJSON":          {"{\"id\":1,\"title\":\"a\",\"tags\":[1]}\n\n{\"id\":2}\n{\n", "1: 1|a|[1] 3: 2 ! invalid_json", ""},
		"a JSON list":     {"[{\"id\":1},\n{\"id\":2}]", "1: 1 2: 2", "list"},
		"a list in an object": {
			"{\n \"page\": {\"a\": [1]},\n \"products\": [\n  {\"id\": 1},\n  {\"id\": 2}\n ]\n}", "1: 1 2: 2", "products",
		},
		"CRLF and no last end":   {"id,title\r\n1,\"a\"\"b\"\r\n2,c", "2: 1|a\"b 3: 2|c", ""},
		"a value over two lines": {"id,title\n1,\"a\nb\"\n2,c\n", "2: 1|a\nb 4: 2|c", ""},
		"a quote without end":    {"id,title\n1,\"a\n2,c\n3,\"d, e\"\n", "! invalid_csv 3: 2|c 4: 3|d, e", ""},
		"too many values":        {"id,title\n1,a,b\n2,c,,\n", "! too_many_fields 3: 2|c", ""},
		"a damaged row of UTF-8": {"id,title\n1,für\n2,\xffür\n", "2: 1|für ! invalid_utf8", ""},
		"line ends of old Macs":  {"id,title\r1,a\r2,b", "2: 1|a 3: 2|b", ""},
		"a blank line between":   {"id,title\n\n1,a\n", "3: 1|a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, rows := read(t, c.file, Options{Known: Known(Items), Flatten: true})
			if got := strings.Join(rows, " "); got != c.rows {
				t.Errorf("got %q, want %q (columns %q)", got, c.rows, r.Columns)
			}
			if notes := strings.Join(r.Notes, " "); !strings.Contains(notes, c.note) || c.note == "" &&
				strings.Contains(notes, "Encoding") {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

func TestAnEncodingCanBeGiven(t *testing.T) {
	t.Parallel()
	_, rows := read(t, "id,title\n1,\xb3\n", Options{Encoding: "iso-8859-2"})
	if rows[0] != "2: 1|ł" {
		t.Errorf("got %q", rows)
	}
	if _, err := Open(strings.NewReader("a,b"), Options{Encoding: "klingon"}); err == nil {
		t.Error("an unknown encoding is accepted")
	}
}

func TestAWorkbookGivesWhatItsCellsHold(t *testing.T) {
	t.Parallel()
	for name, since1904 := range map[string]bool{"days since 1900": false, "days since 1904": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aWorkbookGivesWhatItsCellsHold(t, since1904)
		})
	}
}

func aWorkbookGivesWhatItsCellsHold(t *testing.T, since1904 bool) {
	t.Helper()
	book := excelize.NewFile()
	days := 45244.9375
	if since1904 {
		days -= 1462
	}
	date, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	whole, err2 := book.NewStyle(&excelize.Style{NumFmt: 1})
	zeros := "00000"
	padded, err3 := book.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
	rows := errors.Join(err, err2, err3,
		book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &since1904}),
		book.SetSheetRow("Sheet1", "A1", &[]any{"id", "title", "price", "published_at", "gtin"}),
		book.SetSheetRow("Sheet1", "A2", &[]any{123, "Tasse", 19.99, days, 4006381333931}),
		book.SetCellStyle("Sheet1", "D2", "D2", date), book.SetCellStyle("Sheet1", "C2", "C2", whole),
		book.SetCellStyle("Sheet1", "A2", "A2", padded))
	var file bytes.Buffer
	if err := errors.Join(rows, book.Write(&file)); err != nil {
		t.Fatal(err)
	}
	r, got := read(t, file.String(), Options{})
	if want := []string{"2: 00123|Tasse|19.99|2023-11-14 22:30:00|4006381333931"}; !cmp.Equal(got, want) || r.Format != XLSX {
		t.Errorf("got %q of %s, want %q", got, r.Format, want)
	}
}

func TestAFileThatIsNoTableIsNamed(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"": "empty", "\ufeff \n": "empty", "<html></html>": "no list of records", "%PDF-1.4 x": "PDF", "PK\x03\x04rest": "ZIP",
		"\x1f\x8bxx": "gzip", "[1,": "JSON",
	} {
		r, err := Open(strings.NewReader(file), Options{})
		for err == nil {
			_, err = r.Next()
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}

func TestARecordWithoutEndIsNotReadIntoMemory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ head, filler string }{
		"a quote that is not closed": {"item_id,title\n1,\"", "x"},
		"a header without end":       {"", "x"},
		"a text that is not closed":  {"<rss><item><id>", "x"},
		"an attribute without end":   {"<rss><item><id>1</id></item><item a=\"", "x"},
		"tags without end":           {"<rss><item><id>1</id></item>", "<b>\n"},
		"empty lines":                {"{\"a\":1}\n", "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var zipped bytes.Buffer
			w := gzip.NewWriter(&zipped)
			filler := strings.Repeat(c.filler, 1<<20/len(c.filler))
			_, err := io.WriteString(w, c.head)
			for range 2 * maxRecord >> 20 {
				_, more := io.WriteString(w, filler)
				err = errors.Join(err, more)
			}
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			r, err := Open(&zipped, Options{})
			for err == nil {
				_, err = r.Next()
			}
			if !errors.Is(err, errLongRecord) {
				t.Errorf("got %v, want %v", err, errLongRecord)
			}
		})
	}
}

// pack makes a ZIP archive with the parts of a workbook that has sheets of these rows, and further parts.
func pack(t *testing.T, sheets []string, more map[string]string) string {
	t.Helper()
	const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	const relation = `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`
	list, targets := "", ""
	parts := map[string]string{"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`}
	for i, rows := range sheets {
		state := map[bool]string{true: ` state="hidden"`}[strings.HasPrefix(rows, "hidden")]
		list += fmt.Sprintf(`<sheet name="S%d" sheetId="%d" r:id="rId%d"%s/>`, i, i+1, i+1, state)
		targets += fmt.Sprintf(relation, i+1, "worksheet", fmt.Sprintf("worksheets/sheet%d.xml", i+1))
		parts[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] =
			`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
				strings.TrimPrefix(rows, "hidden") + "</sheetData></worksheet>"
	}
	parts["_rels/.rels"] = fmt.Sprintf(relations, fmt.Sprintf(relation, 1, "officeDocument", "xl/workbook.xml"))
	parts["xl/_rels/workbook.xml.rels"] = fmt.Sprintf(relations, targets)
	parts["xl/workbook.xml"] = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` + list + `</sheets></workbook>`
	maps.Copy(parts, more)
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(part, parts[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// cells are rows of a sheet.
func cells(rows ...[]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString("<row>")
		for _, v := range row {
			fmt.Fprintf(&b, `<c t="str"><v>%s</v></c>`, v)
		}
		b.WriteString("</row>")
	}
	return b.String()
}

func TestAHiddenSheetIsReadBehindTheOthers(t *testing.T) {
	t.Parallel()
	old, now := cells([]string{"id", "title"}, []string{"1", "Old"}), cells([]string{"id", "title"}, []string{"1", "New"},
		[]string{"#N/A", "x"})
	r, got := read(t, pack(t, []string{"hidden" + old, now}, nil), Options{})
	if diff := cmp.Diff([]string{"2: 1|New", "3: |x"}, got); diff != "" {
		t.Error(diff)
	}
	if notes := strings.Join(r.Notes, " "); !strings.Contains(notes, "with #N/A, count as empty") {
		t.Error(notes)
	}
	if _, got = read(t, pack(t, []string{"hidden" + old}, nil), Options{}); len(got) != 1 {
		t.Errorf("of a workbook that has no other: %q", got)
	}
}

// TestAWorkbookThatUnpacksToTooMuch has workbooks of a few kilobytes; each is refused, and leaves nothing of what was unpacked behind.
func TestAWorkbookThatUnpacksToTooMuch(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	header := cells([]string{"id", "title"})
	large := strings.Repeat(" ", 17<<20) // a part of this size is unpacked into a file
	for name, c := range map[string]struct{ file, want string }{
		"pictures": {pack(t, []string{header}, map[string]string{"xl/media/a.png": strings.Repeat("\x00", maxHeld)}), "pictures"},
		"a row far below": {
			pack(t, []string{header + `<row r="999999999"><c r="A999999999"><v>1</v></c></row>`}, nil), "rows beyond",
		},
		"no workbook":       {pack(t, nil, map[string]string{"xl/sharedStrings.xml": large, "xl/workbook.xml": "<"}), "no Excel workbook"},
		"a sheet of blanks": {pack(t, []string{header + large}, nil), ""},
		"half of one":       {pack(t, []string{header}, nil)[:500], "damaged, or cut"},
	} {
		r, err := Open(strings.NewReader(c.file), Options{})
		for err == nil {
			_, err = r.Next()
		}
		if c.want != "" && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if r != nil {
			r.Close()
		}
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAFileThatWasCutSaysSo(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, "id,title\n1,A\n")
	if err = errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	r, err := Open(&packed, Options{})
	for err == nil {
		_, err = r.Next()
	}
	if !strings.Contains(err.Error(), "it ends in the middle") {
		t.Error(err)
	}
}

func TestCompressionOfSeveralLayers(t *testing.T) {
	t.Parallel()
	file := "id,title\n1,A\n"
	for layers := 1; layers <= maxLayers+1; layers++ {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := io.WriteString(w, file)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		file = packed.String()
		r, err := Open(strings.NewReader(file), Options{})
		if layers > maxLayers {
			if err == nil || !strings.Contains(err.Error(), "several times over") {
				t.Errorf("%d layers: %v", layers, err)
			}
			continue
		}
		if err != nil || !cmp.Equal(r.Columns, []string{"id", "title"}) {
			t.Errorf("%d layers: %v", layers, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, file := range []string{
		"id,title\n1,\"a\n", "sep=;\na;b\n", "<a><item><b>1</b></item></a>", "{\"a\":1}\n", "[{}]", "\xff\xfea\x00", "\xe9,\"\"\"\n\"",
		"a\tb\n\"c\"d\te\n",
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		r, err := Open(strings.NewReader(file), Options{Flatten: true, FindHeader: true, Known: Known("")})
		for range 1000 {
			if err != nil {
				return
			}
			var rec Record
			if rec, err = r.Next(); err == nil && rec.Problem == nil && len(rec.Values) > len(r.Columns) {
				t.Fatalf("%d values of %d columns", len(rec.Values), len(r.Columns))
			}
		}
	})
}
