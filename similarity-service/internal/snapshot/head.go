package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrNoHead says that a snapshot has more than lists behind its head, so that it is read whole.
var ErrNoHead = errors.New("the snapshot has no head")

// ReadHead reads the beginning of a snapshot, up to its lists, which come from rows when they are asked for: where somebody else has them,
// nobody need wait for the whole file. It returns the SHA-256 of what it read, which is to be compared with [Snapshot.HeadSum] of the whole
// snapshot: the checksum at the end of the file is not seen. Checksum is left empty.
func ReadHead(from io.Reader, rows io.ReaderAt) (s *Snapshot, sum string, err error) {
	head := make([]byte, headerBytes)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, "", fmt.Errorf("read the head of a snapshot: %w", err)
	}
	n := int64(binary.LittleEndian.Uint32(head[len(magic)+4:]))
	if n > 64 {
		return nil, "", corrupt("it claims %d sections", n)
	}
	if head, err = more(head, from, int64(headerBytes)+n*tableBytes); err != nil {
		return nil, "", err
	}
	sections, err := readTable(bytes.NewReader(head), math.MaxInt64)
	if err != nil {
		return nil, "", err
	}
	end, err := headEnd(sections)
	if err != nil {
		return nil, "", err
	}
	if head, err = more(head, from, end); err != nil {
		return nil, "", err
	}
	s = &Snapshot{source: bytes.NewReader(head), entries: sections[sectionEntries]}
	if err := s.load(sections); err != nil {
		return nil, "", err
	}
	s.source = rows
	digest := sha256.Sum256(head)
	return s, hex.EncodeToString(digest[:]), nil
}

// more reads on until head has so many bytes. What a damaged table claims is not believed before it has come.
func more(head []byte, from io.Reader, size int64) ([]byte, error) {
	var rest bytes.Buffer
	n, err := io.CopyN(&rest, from, size-int64(len(head)))
	if err == nil || errors.Is(err, io.EOF) && n == size-int64(len(head)) {
		return append(head, rest.Bytes()...), nil
	}
	if errors.Is(err, io.EOF) {
		return nil, corrupt("its head ends after %d bytes", int64(len(head))+n)
	}
	return nil, fmt.Errorf("read the head of a snapshot: %w", err)
}

// headEnd is where the lists begin, which must be what comes last.
func headEnd(sections map[string]span) (int64, error) {
	lists, ok := sections[sectionEntries]
	if !ok {
		return 0, ErrNoHead
	}
	for name, at := range sections {
		if name != sectionEntries && at.offset+at.size > lists.offset {
			return 0, ErrNoHead
		}
	}
	return lists.offset, nil
}

// HeadSum returns the SHA-256 of the beginning of a whole snapshot, up to its lists, or ErrNoHead.
func (s *Snapshot) HeadSum() (string, error) {
	if s.entries.offset == 0 || s.sessions.size > 0 {
		return "", ErrNoHead
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(s.source, 0, s.entries.offset)); err != nil {
		return "", fmt.Errorf("read snapshot: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
