package table

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of a workbook, which is a ZIP archive and cannot be read as a stream.
const (
	maxWorkbook = 256 << 20 // bytes as it is packed
	maxUnpacked = 2 << 30   // bytes of all parts
	maxHeld     = 256 << 20 // bytes of the parts that are read into memory: all but sheets and texts
	maxRows     = 1 << 20   // of a sheet, as Excel has it; a row may say any number, and those before it are gone through
)

// xlsxSource reads the first sheet of a workbook that has a table. Numbers are what the cells
// hold, not what they show; times are written as 2006-01-02 15:04:05. The sheet is read twice
// side by side, as held and as shown: only the form in which a number is shown tells that it is
// a date or an id with leading zeros.
type xlsxSource struct {
	reader     *Reader
	raw, shown *excelize.Rows
	row        int64          // of the sheet, from 1
	since1904  bool           // dates are days since 1904, as Excel for Mac wrote them, not since 1900
	date       *regexp.Regexp // what a date or a time looks like when it is shown
}

// openXLSX copies the workbook into a folder of its own, which goes with the Reader: large parts of it are unpacked there, also those of a
// workbook that turns out to be none. The other parts are read into memory.
func (r *Reader) openXLSX(file io.Reader, o Options) error {
	folder, err := os.MkdirTemp("", "aisle-workbook-")
	if err != nil {
		return fmt.Errorf("the workbook cannot be unpacked: %w", err)
	}
	r.closers = append(r.closers, func() { _ = os.RemoveAll(folder) }) // what cannot be removed is temporary all the same
	packed := filepath.Join(folder, "workbook.xlsx")
	if err := keep(file, packed); err != nil {
		return err
	}
	book, err := excelize.OpenFile(packed, excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: 16 << 20, TmpDir: folder})
	if err != nil {
		return errors.New("the file is a ZIP archive but no Excel workbook that can be read: unpack it, or save it as CSV")
	}
	r.Format = XLSX
	r.closers = append(r.closers, func() { _ = book.Close() }) // it was only read
	sheets := visibleFirst(book)
	for _, sure := range []bool{true, false} { // a cover sheet may stand before the table
		for _, sheet := range sheets {
			found, err := r.openSheet(book, sheet, sure, o)
			if err != nil {
				return fmt.Errorf("read the sheet %q: %w", sheet, err)
			}
			if found {
				if len(sheets) > 1 {
					r.note("Sheet %q is read; the workbook has %d sheets.", sheet, len(sheets))
				}
				return nil
			}
		}
	}
	return errors.New("the workbook has no sheet with a header line")
}

// keep writes a workbook to a new file, and refuses one that is too large, packed or in the parts that are read into memory: a few
// kilobytes can unpack to gigabytes.
func keep(file io.Reader, path string) error {
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("the workbook cannot be unpacked: %w", err)
	}
	n, err := io.Copy(out, io.LimitReader(file, maxWorkbook+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("the workbook cannot be read: %w", err)
	}
	if n > maxWorkbook {
		return fmt.Errorf("the workbook has more than %d MiB: save it as CSV", maxWorkbook>>20)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return errors.New("the file is a ZIP archive that is damaged, or cut: send it again")
	}
	defer archive.Close()
	var held uint64
	for _, part := range archive.File {
		name := strings.ToLower(part.Name)
		if !strings.HasPrefix(name, "xl/worksheets/sheet") && name != "xl/sharedstrings.xml" {
			held += min(part.UncompressedSize64, maxHeld+1) // no sum is beyond the range
		}
	}
	if held > maxHeld {
		return fmt.Errorf("the workbook has more than %d MiB of pictures and other parts: save the table as CSV", maxHeld>>20)
	}
	return nil
}

// visibleFirst lists the sheets, those that are hidden behind the others: an old version of a table may be hidden before the present one.
func visibleFirst(book *excelize.File) []string {
	hidden := map[string]bool{}
	sheets := book.GetSheetList()
	for _, name := range sheets {
		visible, err := book.GetSheetVisible(name)
		hidden[name] = err == nil && !visible
	}
	slices.SortStableFunc(sheets, func(a, b string) int {
		switch {
		case hidden[a] == hidden[b]:
			return 0
		case hidden[a]:
			return 1
		}
		return -1
	})
	return sheets
}

// openSheet makes the sheet the source when it has a row that is not empty, which is its header, unless it is a title above it, or the
// table certainly has no header. What is read to find that out is kept for Next. sure takes only a sheet with a header that is known.
func (r *Reader) openSheet(book *excelize.File, sheet string, sure bool, o Options) (bool, error) {
	known := o.Known
	raw, err := book.Rows(sheet)
	if err != nil {
		return false, err
	}
	shown, err := book.Rows(sheet)
	if err != nil {
		return false, err
	}
	r.closers = append(r.closers, func() { _ = raw.Close(); _ = shown.Close() }) // they were only read
	props, err := book.GetWorkbookProps()
	if err != nil {
		return false, err
	}
	s := &xlsxSource{
		reader: r, raw: raw, shown: shown, since1904: props.Date1904 != nil && *props.Date1904,
		date: regexp.MustCompile(`^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|^\d{1,2}:\d{2}|[A-Za-z]{3,}.*\d`),
	}
	header, err := s.next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rows, records, like := [][]string{header.Values}, []Record{header}, known != nil && headerLike(header.Values, known)
	var failed error
	for len(rows) <= maxTitles && known != nil && !like {
		row, err := s.next()
		if err != nil {
			failed = err // Next says it in its turn
			break
		}
		rows, records, like = append(rows, row.Values), append(records, row), headerLike(row.Values, known)
	}
	below := headerBelow(rows, known)
	if sure && !like {
		return false, nil
	}
	r.source, r.failed = s, failed
	if below > 0 {
		r.noteTitles(below)
	}
	if o.FindHeader && below == 0 && headless(rows) {
		r.sample, r.unnamed = records, header.Values
		for i := range header.Values {
			r.Columns = append(r.Columns, strconv.Itoa(i+1))
		}
		r.noteUnnamed()
	} else {
		r.Columns, r.sample = nameColumns(rows[below]), records[below+1:]
	}
	for i := range r.sample {
		r.tooMany(&r.sample[i])
	}
	return true, nil
}

// next passes over empty rows.
func (s *xlsxSource) next() (Record, error) {
	for s.raw.Next() && s.shown.Next() {
		if s.row++; s.row > maxRows {
			return Record{}, fmt.Errorf("the sheet has rows beyond %d, which Excel does not have: save it as CSV", maxRows)
		}
		held, err := s.raw.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return Record{}, fmt.Errorf("row %d of the sheet: %w", s.row, err)
		}
		shown, err := s.shown.Columns()
		if err != nil {
			return Record{}, fmt.Errorf("row %d of the sheet: %w", s.row, err)
		}
		empty := true
		for i := range held {
			if i < len(shown) {
				held[i] = s.value(held[i], shown[i])
			}
			empty = empty && strings.TrimSpace(held[i]) == ""
		}
		if empty {
			continue
		}
		s.reader.blankErrors(held)
		rec := Record{Line: s.row, Values: held}
		s.reader.tooMany(&rec)
		return rec, nil
	}
	if err := errors.Join(s.raw.Error(), s.shown.Error()); err != nil {
		return Record{}, err
	}
	return Record{}, io.EOF
}

// value chooses between what a cell holds and what it shows. Texts are as they are held.
func (s *xlsxSource) value(held, shown string) string {
	number, err := strconv.ParseFloat(held, 64)
	if err != nil || held == shown {
		return held
	}
	if strings.HasPrefix(shown, "0") && strings.Trim(shown, "0123456789") == "" { // 00123: an id with leading zeros
		return shown
	}
	if s.date.MatchString(shown) {
		if at, err := excelize.ExcelDateToTime(number, s.since1904); err == nil && number >= 1 {
			return at.Format("2006-01-02 15:04:05")
		}
	}
	return strconv.FormatFloat(round15(number), 'f', -1, 64)
}

// round15 keeps the 15 digits that Excel shows of a number, so that 19.99 is not 19.989999999999998.
func round15(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}
