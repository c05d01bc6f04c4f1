// Package session seals who is signed in into the text of a cookie, so that the console keeps no list of sessions. The main type is Seal.
package console

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// sessionTime is how long a sign-in is good: a working day. There is no list of sessions, so
// that one that was copied ends only then, or with its key.
const sessionTime = 12 * time.Hour

// sessionLayout is bound to every sealed session, so that one of another layout or of another use of the secret is refused.
const sessionLayout = "aisle console session 1"

// errSession is told for every kind of unsound cookie alike: a forger learns nothing.
var errSession = errors.New("the session is not one of this console, or it has ended")

// session is what a cookie holds: the key itself, since every call of the API needs it.
type session struct {
	Key     string    `json:"key"`
	Expires time.Time `json:"expires"`
}

// seal encrypts sessions with AES-256-GCM: a cookie that was stolen from a disk or changed says nothing without the secret.
type seal struct{ aead cipher.AEAD }

// newSeal panics when the secret has not 32 bytes.
func newSeal(secret []byte) *seal {
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
	return &seal{aead}
}

// close returns the text of a session for a cookie: base64 of nonce, ciphertext and tag.
func (s *seal) close(v session) string {
	plain, _ := json.Marshal(v)                                                                      // two texts
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(sessionLayout))) // the nonce stands before it
}

// open reads a session that has not ended. Every error is errSession.
func (s *seal) open(text string, now time.Time) (v session, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return v, errSession
	}
	plain, err := s.aead.Open(nil, nil, data, []byte(sessionLayout))
	if err != nil {
		return v, errSession
	}
	if err := json.Unmarshal(plain, &v); err != nil || !now.Before(v.Expires) {
		return session{}, errSession
	}
	return v, nil
}
