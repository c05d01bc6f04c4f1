package table

import "strings"

// maxTitles is how many records above a header may be titles.
const maxTitles = 20

// headerLike reports whether a record names columns: several of its words are known, and not by chance among many others.
func headerLike(values []string, known func(string) bool) bool {
	words := 0
	for _, v := range values {
		if v != "" && known(v) {
			words++
		}
	}
	return words >= 3 || words == 2 && 2*words >= filled(values)
}

// titleLike reports whether a record above a header may be a title, "Orders of November", or a comment: it has fewer values than the
// header, so that it is no row of a file whose header is missing.
func titleLike(values, header []string) bool {
	return filled(values) < filled(header) || strings.HasPrefix(strings.TrimSpace(values[0]), "#")
}

// filled counts the values that are not empty.
func filled(values []string) int {
	n := 0
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			n++
		}
	}
	return n
}

// headerBelow returns the place of the first record that is like a header and has nothing but titles above it; 0 when the first one is a
// header itself, or none is.
func headerBelow(records [][]string, known func(string) bool) int {
	if known == nil {
		return 0
	}
	for i, header := range records {
		if !headerLike(header, known) {
			continue
		}
		for _, above := range records[:i] {
			if !titleLike(above, header) {
				return 0
			}
		}
		return i
	}
	return 0
}

// titles returns the size of the titles above the header in the beginning of a text table, 0 for none, by the separator that finds the
// widest header; rows is how many records they are. whole says that head is all of the file. There are none above a first record that has a
// known word by any separator: what follows it may look like a header by another, such as a cell "sku:T|quantity:2".
func titles(head []byte, whole bool, separators []string, known func(string) bool) (size, rows int) {
	widest := 0
	for _, separator := range separators {
		s := splitter{separator: separator}
		var records [][]string
		var ends []int
		for at := 0; at < len(head) && len(records) <= maxTitles; {
			n, outcome := s.scan(head[at:], whole)
			if outcome == needMore || outcome == isBroken {
				break
			}
			if outcome == isRecord {
				records, ends = append(records, s.strings(head[at:at+n])), append(ends, at)
			}
			at += n
		}
		if len(records) > 0 && known != nil && filled(records[0]) > 1 && !strings.HasPrefix(records[0][0], "#") &&
			containsKnown(records[0], known) {
			return 0, 0
		}
		if i := headerBelow(records, known); i > 0 && len(records[i]) > widest {
			widest, size, rows = len(records[i]), ends[i], i
		}
	}
	return size, rows
}

// noteTitles says that records above the header are left out.
func (r *Reader) noteTitles(rows int) {
	r.note("Lines above the header that are no part of the table: %d, which are passed over.", rows)
}
