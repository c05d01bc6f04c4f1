package sessions

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// The snapshot of a model is, in order:
//
//	magic "AISLESES", version byte,
//	uvarint length and JSON of Params,
//	uvarint items, uvarint sessions,
//	byte 1 with a varint per session (difference of its time to that before) or byte 0 without times,
//	per session: uvarint clicks, a uvarint per click,
//	SHA-256 of all bytes before it.
//
// It holds the sessions and the parameters only; reading builds the index and the order model again, which gives the
// same model because building is deterministic.
//
// Version 1: first.
const (
	snapshotMagic   = "AISLESES"
	snapshotVersion = 1
)

// errSnapshot is wrapped by every error about the contents of a snapshot.
var errSnapshot = errors.New("session model snapshot")

// WriteTo writes the snapshot of the model, about 2 to 3 bytes per click.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	params, err := json.Marshal(m.params)
	if err != nil {
		return 0, fmt.Errorf("encode session parameters: %w", err)
	}
	out := append([]byte(snapshotMagic), snapshotVersion)
	out = append(binary.AppendUvarint(out, uint64(len(params))), params...)
	out = binary.AppendUvarint(out, uint64(m.ix.items))
	out = binary.AppendUvarint(out, uint64(m.ix.sessions()))
	if m.ix.times == nil {
		out = append(out, 0)
	} else {
		out = append(out, 1)
		var before int64
		for _, t := range m.ix.times {
			out = binary.AppendVarint(out, t-before)
			before = t
		}
	}
	for s := range int32(m.ix.sessions()) {
		session := m.ix.session(s)
		out = binary.AppendUvarint(out, uint64(len(session)))
		for _, item := range session {
			out = binary.AppendUvarint(out, uint64(item))
		}
	}
	sum := sha256.Sum256(out)
	n, err := w.Write(append(out, sum[:]...))
	if err != nil {
		return int64(n), fmt.Errorf("write session model snapshot: %w", err)
	}
	return int64(n), nil
}

// Read reads a snapshot and builds its model. Errors about the contents wrap errSnapshot.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read session model snapshot: %w", err)
	}
	return unmarshal(data, math.MaxInt32-1)
}

// unmarshal refuses an item space larger than most: a model takes memory for each of its items, whether or not a session has it. It keeps
// nothing of data.
func unmarshal(data []byte, most int) (*Model, error) {
	if len(data) < len(snapshotMagic)+1+sha256.Size || string(data[:len(snapshotMagic)]) != snapshotMagic {
		return nil, fmt.Errorf("%w: not one, or cut short: build the model again", errSnapshot)
	}
	if v := data[len(snapshotMagic)]; v != snapshotVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads version %d: build the model again", errSnapshot, v, snapshotVersion)
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, fmt.Errorf("%w: checksum differs, the file is damaged or cut short: build the model again", errSnapshot)
	}
	d := decoder{rest: body[len(snapshotMagic)+1:]}
	return d.model(most)
}

// decoder reads values off the front of rest; after the first failure all values are zero.
type decoder struct {
	rest   []byte
	failed bool
}

// model reads a model of at most so many items. Every count is bounded by the bytes that are left before memory is taken
// for it, for a snapshot may be damaged; what remains is checked by the building of the model, which a snapshot of only
// sessions and parameters goes through like new data. Cost O(clicks).
func (d *decoder) model(most int) (*Model, error) {
	var p Params
	if err := json.Unmarshal(d.take(d.count(len(d.rest))), &p); err != nil {
		return nil, fmt.Errorf("%w: parameters: %w", errSnapshot, err)
	}
	items := d.count(most)
	n := d.count(len(d.rest))
	times, err := d.times(n)
	if err != nil {
		return nil, err
	}
	train := make([][]int32, 0, n)
	for range n {
		session := make([]int32, d.count(len(d.rest)))
		for c := range session {
			session[c] = int32(d.count(math.MaxInt32 - 1))
		}
		train = append(train, session)
	}
	if d.failed || len(d.rest) > 0 {
		return nil, fmt.Errorf("%w: contents do not fit their stated sizes: build the model again", errSnapshot)
	}
	m, err := buildAt(train, times, items, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return m, nil
}

// times reads the times of n sessions, nil when the model has none. They are kept as differences from one to the next,
// which take one or two bytes where sessions are in order.
func (d *decoder) times(n int) ([]int64, error) {
	flag := d.take(1)
	if d.failed {
		return nil, nil
	}
	switch flag[0] {
	case 0:
		return nil, nil
	case 1:
		times := make([]int64, n)
		var before int64
		for s := range times {
			step, size := binary.Varint(d.rest)
			if size <= 0 {
				d.failed = true
				return nil, nil
			}
			d.rest = d.rest[size:]
			before += step
			times[s] = before
		}
		return times, nil
	}
	return nil, fmt.Errorf("%w: times flag is %d, known are 0 and 1: build the model again", errSnapshot, flag[0])
}

// count reads a uvarint of at most high.
func (d *decoder) count(high int) int {
	v, size := binary.Uvarint(d.rest)
	if size <= 0 || v > uint64(high) {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return int(v)
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.failed, d.rest = true, nil
		return nil
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}
