package visitorstate

import (
	"encoding/binary"
	"time"
)

// answerVersion is the first byte of an encoded answer. Versions: 1, the first.
const answerVersion = 1

// Answer is what the profile-service says of a visitor to the recommender-service: the state with what is known of the person beside the
// events.
type Answer struct {
	LastSeq  int64         // number of the shop's last event in this view
	Known    bool          // any event or record exists
	Robot    bool          // judged to be a program
	Withheld bool          // no consent to personalisation: there is neither person nor state
	HalfLife time.Duration // with which the weights in the state fade, to the millisecond
	Person   []byte        // the record as JSON (profileapi.User); nil for none
	State    []byte        // encoded State; nil for none
}

const (
	answerKnown = 1 << iota
	answerWithheld
	answerRobot
)

// Append appends the encoded answer to dst: the version, flags (1 known, 2 withheld, 4 robot), the last number (uvarint), the half-life in
// milliseconds (uvarint), the length of the record (uvarint) and the record, and the state to the end.
func (a *Answer) Append(dst []byte) []byte {
	var flags byte
	if a.Known {
		flags |= answerKnown
	}
	if a.Withheld {
		flags |= answerWithheld
	}
	if a.Robot {
		flags |= answerRobot
	}
	dst = append(dst, answerVersion, flags)
	dst = binary.AppendUvarint(dst, uint64(a.LastSeq))
	dst = binary.AppendUvarint(dst, uint64(a.HalfLife.Milliseconds()))
	dst = append(binary.AppendUvarint(dst, uint64(len(a.Person))), a.Person...)
	return append(dst, a.State...)
}

// DecodeAnswer reads an encoded answer, which shares its memory with data.
func DecodeAnswer(data []byte) (Answer, error) {
	if len(data) < 2 || data[0] != answerVersion {
		return Answer{}, errDamaged
	}
	a := Answer{Known: data[1]&answerKnown != 0, Withheld: data[1]&answerWithheld != 0, Robot: data[1]&answerRobot != 0}
	d := decoder{rest: string(data[2:])}
	a.LastSeq = int64(d.uvarint())
	a.HalfLife = time.Duration(d.uvarint()) * time.Millisecond
	size := d.uvarint()
	if d.bad || size > uint64(len(d.rest)) {
		return Answer{}, errDamaged
	}
	rest := data[len(data)-len(d.rest):]
	if size > 0 {
		a.Person = rest[:size:size]
	}
	if rest = rest[size:]; len(rest) > 0 {
		a.State = rest
	}
	return a, nil
}
