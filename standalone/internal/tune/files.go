package tune

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/aisle-rec/aisle/shared/profileapi"
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
	// sessionsSpan is how long the sessions of a file without times are taken to have lasted: they are spread evenly over it, in their order.
	sessionsSpan = 60 * 24 * time.Hour
	// clickGap lies between the clicks of such a session.
	clickGap = 20 * time.Second
)

// Load reads a shop from files, plain, gzipped or zstd-compressed:
//   - events: NDJSON as POST /v1/events takes it, or a folder with events.ndjson and perhaps items.ndjson;
//   - sessions: a folder with train_sessions.txt (or that file), a session of item ids per line, oldest first. What else is in the folder is not read;
//   - online-retail: the data set that the program carries; it takes no path.
func Load(path, format string, now time.Time) (*Shop, error) {
	if format != FormatOnlineRetail && path == "" {
		return nil, fmt.Errorf("the format %s needs a path: pass --data", format)
	}
	switch format {
	case FormatOnlineRetail:
		if path != "" {
			return nil, errors.New("the program carries the data of the format online-retail: leave --data out")
		}
		return FromOnlineRetail(now)
	case FormatEvents:
		return fromEvents(path)
	case FormatSessions:
		return fromSessions(path)
	}
	return nil, fmt.Errorf("format is %q, want one of %s", format, strings.Join(Formats(), ", "))
}

func fromEvents(path string) (*Shop, error) {
	shop := &Shop{}
	file, err := find(path, "events.ndjson")
	if err != nil {
		return nil, err
	}
	err = eachLine(file, func(line []byte) error {
		var e profileapi.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if visitorOf(&e) == "" || e.OccurredAt.IsZero() {
			return errors.New("an event needs occurred_at and a user_id or session_id")
		}
		shop.Events = append(shop.Events, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	items, err := find(path, "items.ndjson")
	if errors.Is(err, os.ErrNotExist) || items == file {
		return shop, shop.settle()
	}
	if err != nil {
		return nil, err
	}
	err = eachLine(items, func(line []byte) error {
		var i profileapi.Item
		err := json.Unmarshal(line, &i)
		shop.Items = append(shop.Items, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	return shop, shop.settle()
}

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
				Type: "view_item", SessionID: "session-" + strconv.Itoa(n), ItemID: id, OccurredAt: wire.TimeOf(at.Add(time.Duration(p) * clickGap)),
			})
		}
	}
	return shop, shop.settle()
}

// find returns path itself when it is a file, else the file of that name in the folder, perhaps compressed.
func find(path, name string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().IsRegular() {
		return path, nil
	}
	for _, ending := range []string{"", ".zst", ".gz"} {
		file := filepath.Join(path, name+ending)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	return "", fmt.Errorf("no file %s in %s (plain, .gz or .zst): %w", name, path, os.ErrNotExist)
}

// eachLine calls f for every line that is not blank.
func eachLine(path string, f func(line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := decompressed(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer plain.Close()
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

// decompressed tells by the first bytes how a file is compressed.
func decompressed(file io.Reader) (io.ReadCloser, error) {
	r := bufio.NewReader(file)
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}
