package table

import (
	"fmt"
	"strings"
)

// candidates are the separators that are told apart, the more certain first.
func candidates() []string { return []string{"\t", "::", ";", "|", ","} }

// sampleLines is how many records tell the separator.
const sampleLines = 20

// parseSeparator reads the option: "" when the file tells. It may be one or two bytes, such as
// "::" of the MovieLens files.
func parseSeparator(option string) (string, error) {
	switch strings.ToLower(option) {
	case "", "auto":
		return "", nil
	case "tab", `\t`, "\t":
		return "\t", nil
	case "comma":
		return ",", nil
	case "semicolon":
		return ";", nil
	case "pipe":
		return "|", nil
	}
	if len(option) > 2 || strings.ContainsAny(option, "\"\r\n") {
		return "", fmt.Errorf("the separator %.20q is not usable: give one character, or tab", option)
	}
	return option, nil
}

// findSeparator returns the candidate by which the header has the most known words, else by which the lines have the most fields, as often
// as possible the same number. head is the beginning of the file, of which up to sampleLines
// records count; of equal scores the first candidate wins.
func findSeparator(head []byte, whole bool, known func(string) bool) string {
	best, bestScore := ",", -1.0
	for _, separator := range candidates() {
		if score := scoreSeparator(head, whole, separator, known); score > bestScore {
			best, bestScore = separator, score
		}
	}
	return best
}

// scoreSeparator says how well a separator fits the first lines of a file; 0 when it separates nothing. A known word in
// the header outweighs any number of fields, since texts have commas by chance and never a name such as "sku"; lines with
// another number of fields than the header take up to nine tenths of the score away. whole says that head is all of it.
func scoreSeparator(head []byte, whole bool, separator string, known func(string) bool) float64 {
	s := splitter{separator: separator}
	width, words, same, lines := 0, 0, 0, 0
	for lines < sampleLines && len(head) > 0 {
		size, outcome := s.scan(head, whole)
		if outcome == needMore {
			break
		}
		if outcome == isRecord {
			if lines == 0 {
				width = len(s.cells)
				for _, name := range s.strings(head) {
					if known != nil && known(name) {
						words++
					}
				}
			} else if len(s.cells) == width {
				same++
			}
			lines++
		}
		head = head[size:]
	}
	if width < 2 {
		return 0
	}
	score := float64(words)*10 + min(float64(width), 9)
	if lines > 1 {
		score *= .1 + .9*float64(same)/float64(lines-1)
	}
	return score
}

// separatorLine reads the line "sep=;" by which Excel is told the separator; ok is false when the first line is none.
func separatorLine(line string) (separator string, ok bool) {
	line = strings.Trim(line, " \r\n\"")
	if len(line) < 4 || !strings.EqualFold(line[:4], "sep=") {
		return "", false
	}
	rest := line[4:]
	if rest == "" {
		return "\t", true // a tab at the end of the line was trimmed with it
	}
	return rest, len(rest) <= 2
}
