// Package trackingid makes and reads recommendation ids. An id says by itself which scenario, version, experiment arm and models answered
// and when, so that an event that carries it can be attributed without a look-up. It is base64url without padding and ends with a
// signature: events come from browsers, and who could make ids up could make up what a scenario or an experiment has earned.
//
// Layout, version 2: version (1 byte), time (6 bytes, epoch milliseconds), nonce (8 bytes, the seed of whatever is random in the answer),
// model digest (4 bytes), scenario version (varint), then scenario, experiment and arm, each a length byte and its text, then the first 12
// bytes of the HMAC-SHA256 of all before. Version 1 ended with the CRC-32C of all before instead.
package trackingid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
	"time"
)

const (
	version = 2
	// MaxName is the longest scenario id; MaxArm the longest experiment id and arm name. With them an id has at most 210 characters.
	MaxName = 64
	MaxArm  = 24

	fixedBytes = 1 + 6 + 8 + 4
	tagBytes   = 12
	crcBytes   = 4 // of version 1

	// period is how long a key is used; the next one follows from the time.
	period = 30 * 24 * time.Hour
)

// ErrInvalid says that a text is no recommendation id, ErrForged that it is none of this installation and shop.
var (
	ErrInvalid = errors.New("not a recommendation id")
	ErrForged  = errors.New("not a recommendation id that was given out here")
)

// Keys sign ids and tell signed ones. They follow from one secret of the installation, for each shop and month another. Safe for concurrent
// use.
type Keys struct {
	secret []byte
	byShop sync.Map // of keyName to []byte
}

type keyName struct {
	shop   string
	period int64
}

// NewKeys returns the keys of a secret, which has 32 random bytes.
func NewKeys(secret []byte) *Keys { return &Keys{secret: secret} }

func (k *Keys) key(shop string, at time.Time) []byte {
	name := keyName{shop, at.UnixMilli() / period.Milliseconds()}
	if key, ok := k.byShop.Load(name); ok {
		return key.([]byte)
	}
	h := hmac.New(sha256.New, k.secret)
	fmt.Fprintf(h, "recommendation ids %d %s", name.period, shop)
	key, _ := k.byShop.LoadOrStore(name, h.Sum(nil))
	return key.([]byte)
}

func (k *Keys) tag(shop string, at time.Time, body []byte) []byte {
	h := hmac.New(sha256.New, k.key(shop, at))
	h.Write(body)
	return h.Sum(nil)[:tagBytes]
}

// Sign encodes the id of an answer for a shop. Names that are too long are cut, which validation elsewhere prevents.
func (k *Keys) Sign(shop string, id ID) string {
	b := id.body()
	return base64.RawURLEncoding.EncodeToString(append(b, k.tag(shop, id.At, b)...))
}

// Verify reads an id; its error is ErrInvalid with what is wrong, or ErrForged.
func (k *Keys) Verify(shop, text string) (ID, error) {
	id, body, tag, err := parse(text)
	if err != nil {
		return ID{}, err
	}
	if body[0] != version || !hmac.Equal(k.tag(shop, id.At, body), tag) {
		return ID{}, ErrForged
	}
	return id, nil
}

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

// body is the id without its signature.
func (id ID) body() []byte {
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
	return appendText(b, id.Arm, MaxArm)
}

func appendText(b []byte, s string, most int) []byte {
	s = s[:min(len(s), most)]
	return append(append(b, byte(len(s))), s...)
}

// Read reads what an id says, whoever made it: of what is stored, or before it is looked up. Its error is ErrInvalid with what is wrong.
func Read(text string) (ID, error) {
	id, _, _, err := parse(text)
	return id, err
}

func parse(text string) (id ID, body, tag []byte, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return ID{}, nil, nil, fmt.Errorf("%w: not base64url", ErrInvalid)
	}
	end := tagBytes
	if len(b) > 0 && b[0] == 1 {
		end = crcBytes
	}
	if len(b) < fixedBytes+4+end {
		return ID{}, nil, nil, fmt.Errorf("%w: too short", ErrInvalid)
	}
	body, tag = b[:len(b)-end], b[len(b)-end:]
	if body[0] == 0 || body[0] > version {
		return ID{}, nil, nil, fmt.Errorf("%w: of an unknown version", ErrInvalid)
	}
	id, err = read(body)
	return id, body, tag, err
}

// read takes an id apart whose tag is checked elsewhere: a byte of version, six of time in milliseconds, eight of nonce,
// four of models, then the scenario's version and three short texts, each after a byte of length. Bytes left over make it
// invalid, so that an id has one spelling.
func read(body []byte) (ID, error) {
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
