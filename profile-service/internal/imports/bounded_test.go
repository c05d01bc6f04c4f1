package imports

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// packed returns the gzip of head and n MiB of filler.
func packed(t *testing.T, head, filler string, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	chunk := []byte(strings.Repeat(filler, 1<<20/len(filler)))
	_, err := io.WriteString(w, head)
	for range n {
		_, more := w.Write(chunk)
		err = errors.Join(err, more)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatalf("compress: %v", err)
	}
	return b.Bytes()
}

func TestARecordWithoutEndIsNotReadIntoMemory(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ format, head, filler string }{
		"a quote that is not closed": {"csv", "item_id,title\n1,\"", "x"},
		"a header without end":       {"csv", "", "x"},
		"a text that is not closed":  {"google_merchant_xml", "<rss><item><id>", "x"},
		"an attribute without end":   {"google_merchant_xml", "<rss><item a=\"", "x"},
		"tags without end":           {"google_merchant_xml", "<rss>", "<b>\n"},
		"empty lines":                {"ndjson", "{\"a\":1}\n", "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := bytes.NewReader(packed(t, test.head, test.filler, 2*maxRecord>>20))
			s, closer, err := open(t.Context(), profileapi.ImportSpec{Kind: "items", Format: test.format}, file)
			defer closer()
			for err == nil {
				_, err = s.next()
			}
			if !errors.Is(err, errLongRecord) {
				t.Errorf("got %v, want %v", err, errLongRecord)
			}
		})
	}
}

func TestManyRecordsMayBeLongerThanOne(t *testing.T) {
	t.Parallel()
	file := bytes.NewReader(packed(t, "", "{\"item_id\":\"1\"}\n", 2*maxRecord>>20))
	s, closer, err := open(t.Context(), profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, file)
	defer closer()
	rows := 0
	for err == nil {
		if _, err = s.next(); err == nil {
			rows++
		}
	}
	if want := 2 * maxRecord >> 20 * (1 << 20 / 16); !errors.Is(err, io.EOF) || rows != want {
		t.Errorf("%d rows and %v, want %d and the end", rows, err, want)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, closer, err := open(ctx, profileapi.ImportSpec{Kind: "items", Format: "ndjson"}, bytes.NewReader(packed(t, "{\"a\":1}\n", "\n", 4)))
	defer closer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := s.next(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
