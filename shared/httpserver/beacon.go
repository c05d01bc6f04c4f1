package httpserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
	fastjson "github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
)

// maxBeacon is what a browser sends as a beacon at most.
const maxBeacon = 64 << 10

// beacon finds the caller of a request whose key is in its body. Anybody can send one, so all that comes before the key is known is cheap:
// a place among the requests of the caller's address, a body of the size that browsers send, and no look at the events in it. It leaves the
// body to be read again.
func beacon(c *gin.Context, a *auth.Authenticator, l *limiter) (auth.Principal, bool) {
	if !l.admit(c, auth.KindPublishable, "beacon "+clientAddress(c.Request, l.limits.TrustedProxies), l.limits.PublishablePerSecond) {
		return auth.Principal{}, false
	}
	p, err := beaconPrincipal(c, a)
	if err != nil {
		WriteProblem(c, apierror.From(err))
	}
	return p, err == nil
}

// beaconPrincipal authenticates a request whose key may be in its body, as in a beacon, which cannot have headers. The body
// is read whole, which its limit allows, and put back for the handler. Whoever sends no key in it is looked at as usual.
func beaconPrincipal(c *gin.Context, a *auth.Authenticator) (auth.Principal, error) {
	data, err := io.ReadAll(io.LimitReader(c.Request.Body, maxBeacon+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return auth.Principal{}, apierror.Malformed("The body ended too early. Send it again.")
	case err != nil:
		return auth.Principal{}, apierror.New(http.StatusRequestTimeout, "request_timeout", "The body did not arrive in time.")
	case len(data) > maxBeacon:
		return auth.Principal{}, apierror.New(http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf(
				"A body with its key inside has at most %d bytes, as much as a browser sends as a beacon. Send the key "+
					"in a header, or less at a time.",
				maxBeacon,
			))
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(data))
	if err := CheckJSON(data); err != nil {
		return auth.Principal{}, apierror.Malformed("The body cannot be read.", apierror.FieldError{
			Code: "invalid_json", Detail: err.Error(),
		})
	}
	var body struct {
		Key       string `json:"key"`
		UserToken string `json:"user_token"`
	}
	if err := fastjson.Unmarshal(data, &body); err != nil && !fastjson.Valid(data) {
		return auth.Principal{}, apierror.Malformed("The body is not JSON of the expected form.", apierror.FieldError{
			Code: "invalid_json", Detail: err.Error(),
		})
	}
	if body.Key == "" {
		return a.Authenticate(c.Request) // which says how a key is sent
	}
	return a.AuthenticateBeacon(body.Key, body.UserToken, c.Request)
}
