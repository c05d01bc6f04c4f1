// Package trackingid makes and reads recommendation ids. An id says by itself which scenario, version, experiment arm and models answered and
// when, so that an event that carries it can be attributed without a look-up. It is base64url without padding and ends with a checksum.
//
// Layout, version 1: version (1 byte), time (6 bytes, epoch milliseconds), nonce (8 bytes, the seed of whatever is random in the answer), model
// digest (4 bytes), scenario version (varint), then scenario, experiment and arm, each a length byte and its text, then the CRC-32C of all before.
package trackingid

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"
)

const (
	version = 1
	// MaxName is the longest scenario id; MaxArm the longest experiment id and arm name. With them an id has at most 200 characters.
	MaxName = 64
	MaxArm  = 24

	fixedBytes = 1 + 6 + 8 + 4
	crcBytes   = 4
)

// ErrInvalid says that a text is no recommendation id.
var ErrInvalid = errors.New("not a recommendation id")

// ID is what a recommendation id says.
type ID struct {
	At              time.Time // milliseconds
	Nonce           uint64
	Models          uint32 // digest of the model versions
	ScenarioVersion int64
	Scenario        string
	Experiment      string
	Arm             string
}

// ModelsDigest returns a digest of model versions by relation.
func ModelsDigest(versions map[string]string) uint32 {
	relations := make([]string, 0, len(versions))
	for r := range versions {
		relations = append(relations, r)
	}
	slices.Sort(relations)
	var sum uint32
	for _, r := range relations {
		sum = crc32.Update(sum, castagnoli(), []byte(r+"="+versions[r]+";"))
	}
	return sum
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// String encodes the id. Names that are too long are cut, which validation elsewhere prevents.
func (id ID) String() string {
	b := make([]byte, 0, 160)
	b = append(b, version)
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(id.At.UnixMilli()))
	b = append(b, at[2:]...)
	b = binary.BigEndian.AppendUint64(b, id.Nonce)
	b = binary.BigEndian.AppendUint32(b, id.Models)
	b = binary.AppendVarint(b, id.ScenarioVersion)
	b = appendText(b, id.Scenario, MaxName)
	b = appendText(b, id.Experiment, MaxArm)
	b = appendText(b, id.Arm, MaxArm)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
	return base64.RawURLEncoding.EncodeToString(b)
}

func appendText(b []byte, s string, most int) []byte {
	s = s[:min(len(s), most)]
	return append(append(b, byte(len(s))), s...)
}

// Parse reads an id; its error is ErrInvalid with what is wrong.
func Parse(text string) (ID, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return ID{}, fmt.Errorf("%w: not base64url", ErrInvalid)
	}
	if len(b) < fixedBytes+4+crcBytes {
		return ID{}, fmt.Errorf("%w: too short", ErrInvalid)
	}
	body, sum := b[:len(b)-crcBytes], binary.BigEndian.Uint32(b[len(b)-crcBytes:])
	if body[0] != version || crc32.Checksum(body, castagnoli()) != sum {
		return ID{}, fmt.Errorf("%w: the checksum does not fit", ErrInvalid)
	}
	var at [8]byte
	copy(at[2:], body[1:7])
	id := ID{
		At:    time.UnixMilli(int64(binary.BigEndian.Uint64(at[:]))).UTC(),
		Nonce: binary.BigEndian.Uint64(body[7:15]), Models: binary.BigEndian.Uint32(body[15:19]),
	}
	rest := body[fixedBytes:]
	v, n := binary.Varint(rest)
	if n <= 0 {
		return ID{}, fmt.Errorf("%w: no scenario version", ErrInvalid)
	}
	id.ScenarioVersion, rest = v, rest[n:]
	for _, to := range []*string{&id.Scenario, &id.Experiment, &id.Arm} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return ID{}, fmt.Errorf("%w: cut short", ErrInvalid)
		}
		*to, rest = string(rest[1:1+rest[0]]), rest[1+rest[0]:]
	}
	if len(rest) > 0 {
		return ID{}, fmt.Errorf("%w: too long", ErrInvalid)
	}
	return id, nil
}
