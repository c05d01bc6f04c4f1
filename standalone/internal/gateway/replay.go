package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// mostKept bounds the body of a request that is kept so that it can be sent again, in bytes.
// Longer ones are passed on as they come.
const mostKept = 256 << 10

// questions are the POST operations that change nothing that a repeat would double, by the beginnings of their paths: an answer that nobody
// got shows nothing.
var questions = []string{"/v1/recommendations", "/v1/rankings", "/v1/similarities", "/v1/events/validate"}

// repeatable reports whether a request that may have been done can be done once more: the methods of RFC 9110, section 9.2.2, and
// questions.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	case http.MethodPost:
		for _, path := range questions {
			if r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") {
				return true
			}
		}
	}
	return false
}

// undone reports whether a request failed before anything of it was sent: nobody was reached.
func undone(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

// kept is the body of a request that may have to be sent twice.
type kept struct {
	whole []byte        // the body, when it was read ahead
	rest  io.ReadCloser // the body, when it is too long for that; nil else
	begun bool          // rest was read from
}

// keep reads a short body ahead. One of unknown or greater length is left where it is: it can
// be sent again only while nothing was read of it.
func keep(r *http.Request) (*kept, error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return &kept{}, nil
	case r.ContentLength < 0 || r.ContentLength > mostKept:
		return &kept{rest: r.Body}, nil
	}
	whole := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, whole)
	return &kept{whole: whole}, err
}

// again reports whether the body can be sent from its beginning.
func (k *kept) again() bool { return k.rest == nil || !k.begun }

// body returns the body for one attempt, whose end does not close it for the next.
func (k *kept) body() io.ReadCloser {
	switch {
	case k.rest != nil:
		return io.NopCloser(k)
	case k.whole == nil:
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(k.whole))
}

// Read reads the long body.
func (k *kept) Read(p []byte) (int, error) {
	k.begun = true
	return k.rest.Read(p)
}
