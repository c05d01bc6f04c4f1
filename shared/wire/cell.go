package wire

import "strings"

// Cell returns a text as a spreadsheet keeps it: one that would be taken for a formula is quoted. Ids are texts that others choose, too.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
