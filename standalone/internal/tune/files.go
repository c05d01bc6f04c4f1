package tune

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The forms of data that Load reads.
const (
	FormatEvents       = "events"
	FormatSessions     = "sessions"
	FormatOnlineRetail = "online-retail"
)

// Formats lists the forms of data that Load reads.
func Formats() []string { return []string{FormatEvents, FormatSessions, FormatOnlineRetail} }

const (
	// maxLine bounds one line of a file.
	maxLine = 16 << 20
	// sessionsSpan is how long the sessions of a file without times are taken to have lasted: they are spread evenly over it, in their
	// order.
	sessionsSpan = 60 * 24 * time.Hour
	// clickGap lies between the clicks of such a session.
	clickGap = 20 * time.Second
)

// FileOptions say how to read tables; what is left out is found out by itself.
type FileOptions struct {
	Mapping    map[string]string            // column to field
	MapValues  map[string]map[string]string // field to value in the file to value
	Set        map[string]string            // field to the value of every row
	Separator  string                       // one character, or tab
	Encoding   string                       // such as windows-1252
	Decimal    string                       // . or ,
	DateFormat string                       // such as DD/MM/YYYY
	Timezone   string                       // IANA name; UTC when ""
}

// Load reads a shop from files, plain, gzipped or zstd-compressed, all of it into memory:
//   - events: NDJSON as POST /v1/events takes it or a table (CSV, xlsx), or a folder with
//     events.ndjson or events.csv and perhaps items.ndjson or items.csv;
//   - sessions: a folder with train_sessions.txt (or that file), a session of item ids per line,
//     oldest first. What else is in the folder is not read;
//   - online-retail: the data set that the program carries; it takes no path.
//
// A row that cannot be read is an error with its line: half a shop would be tuned to something
// else.
func Load(path, format string, o FileOptions, now time.Time) (*Shop, error) {
	if format != FormatOnlineRetail && path == "" {
		return nil, fmt.Errorf("the format %s needs a path: pass --data", format)
	}
	switch format {
	case FormatOnlineRetail:
		if path != "" {
			return nil, errors.New("the program carries the data of the format online-retail: leave --data out")
		}
		return fromOnlineRetail(now)
	case FormatEvents:
		return fromEvents(path, o)
	case FormatSessions:
		return fromSessions(path)
	}
	return nil, fmt.Errorf("format is %q, want one of %s", format, strings.Join(Formats(), ", "))
}

// fromEvents reads events, and items where there is a file of them; Mapping, MapValues and Set
// are about events alone.
func fromEvents(path string, o FileOptions) (*Shop, error) {
	shop := &Shop{}
	file, err := find(path, "events.ndjson", "events.jsonl", "events.csv", "events.tsv", "events.xlsx")
	if err != nil {
		return nil, err
	}
	err = eachRow(file, table.Events, o, func(row rowReader) error {
		e, err := row.event()
		if err != nil {
			return err
		}
		if visitorOf(&e) == "" || e.OccurredAt.IsZero() {
			return errors.New("an event needs occurred_at and a user_id or session_id: name their columns with --map COLUMN=FIELD")
		}
		shop.Events = append(shop.Events, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	items, err := find(path, "items.ndjson", "items.jsonl", "items.csv", "items.tsv", "items.xlsx")
	if errors.Is(err, os.ErrNotExist) || items == file {
		return shop, shop.normalise()
	}
	if err != nil {
		return nil, err
	}
	err = eachRow(items, table.Items, FileOptions{
		Encoding: o.Encoding, Decimal: o.Decimal, Timezone: o.Timezone,
	}, func(row rowReader) error {
		i, err := row.item()
		shop.Items = append(shop.Items, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	return shop, shop.normalise()
}

// fromSessions makes views of sessions without times: each begins a little after the one
// before, and its clicks lie clickGap apart.
func fromSessions(path string) (*Shop, error) {
	file, err := find(path, "train_sessions.txt")
	if err != nil {
		return nil, err
	}
	var sessions [][]string
	err = eachLine(file, func(line []byte) error {
		sessions = append(sessions, strings.Fields(string(line)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	shop := &Shop{}
	start := time.Unix(0, 0).Add(sessionsSpan)
	for n, session := range sessions {
		at := start.Add(sessionsSpan / time.Duration(len(sessions)) * time.Duration(n))
		for p, id := range session {
			shop.Events = append(shop.Events, profileapi.Event{
				Type: "view_item", SessionID: "session-" + strconv.Itoa(n), ItemID: id,
				OccurredAt: wire.TimeOf(at.Add(time.Duration(p) * clickGap)),
			})
		}
	}
	return shop, shop.normalise()
}

// find returns path itself when it is a file, else the first of the files in the folder, perhaps compressed.
func find(path string, names ...string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().IsRegular() {
		return path, nil
	}
	for _, name := range names {
		for _, ending := range []string{"", ".zst", ".gz"} {
			file := filepath.Join(path, name+ending)
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("no file %s in %s (plain, .gz or .zst): %w", names[0], path, os.ErrNotExist)
}

// eachLine calls f for every line that is not blank.
func eachLine(path string, f func(line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, closer, err := table.Decompress(file)
	defer closer()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	scanner := bufio.NewScanner(plain)
	scanner.Buffer(make([]byte, 1<<16), maxLine)
	for n := 1; scanner.Scan(); n++ {
		if line := bytes.TrimSpace(scanner.Bytes()); len(line) > 0 {
			if err := f(line); err != nil {
				return fmt.Errorf("%s, line %d: %w", path, n, err)
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
