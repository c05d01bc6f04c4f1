// Package session seals who is signed in into the text of a cookie, so that the console keeps no list of sessions. The main type is Seal.
package session

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// Lifetime is how long a sign-in is good: a working day. There is no list of sessions, so
// that one that was copied ends only then, or with its key.
const Lifetime = 12 * time.Hour

// layout is bound to every sealed session, so that one of another layout or of another use of the secret is refused.
const layout = "aisle console session 1"

// errSession is told for every kind of unsound cookie alike: a forger learns nothing.
var errSession = errors.New("the session is not one of this console, or it has ended")

// Session is what a cookie holds: the key itself, since every call of the API needs it.
type Session struct {
	Key     string    `json:"key"`
	Expires time.Time `json:"expires"`
}

// Seal encrypts sessions with AES-256-GCM: a cookie that was stolen from a disk or changed says nothing without the secret.
type Seal struct{ aead cipher.AEAD }

// New panics when the secret has not 32 bytes.
func New(secret []byte) *Seal {
	if len(secret) != 32 {
		panic("console: the secret of sessions has not 32 bytes")
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return &Seal{aead}
}

// Close returns the text of a session for a cookie: base64 of nonce, ciphertext and tag.
func (s *Seal) Close(v Session) string {
	plain, _ := json.Marshal(v)                                                               // two texts
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(layout))) // the nonce stands before it
}

// Open reads a session that has not ended. Every error is errSession.
func (s *Seal) Open(text string, now time.Time) (v Session, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return v, errSession
	}
	plain, err := s.aead.Open(nil, nil, data, []byte(layout))
	if err != nil {
		return v, errSession
	}
	if err := json.Unmarshal(plain, &v); err != nil || !now.Before(v.Expires) {
		return Session{}, errSession
	}
	return v, nil
}
